"""The reference stack in an account of its own with IAM enforced, and a user who may do what a policy says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from lambda_tailor.aws import scopes
from lambda_tailor.cli.commands import main
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.realize import realize
from lambda_tailor.demo.snapshot import snapshot
from tests.integration.conftest import Aws

ACCOUNT = "210000000001"
NAME = "lambda-function-dev"
GROUP = f"/aws/lambda/{NAME}"
Document = dict[str, Any]


def printed(*arguments: str) -> Document:
    """The policy that the command prints for the reference stack."""
    asked = ["iam-policy", "-e", "dev", "--account", ACCOUNT, "--region", "us-east-1", *arguments]
    document: Document = json.loads(CliRunner().invoke(main, asked).stdout)
    return document


def without(document: Document, action: str) -> Document:
    """The same policy with one action taken away."""
    left = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in document["Statement"]]
    return {**document, "Statement": [statement for statement in left if statement["Action"]]}


class Guarded(Aws):
    """The reference stack in an account with IAM enforced, and a user with a policy of its own."""

    def allow(self, document: Document) -> None:
        self.as_root("iam").put_user_policy(UserName="tailor", PolicyName="least", PolicyDocument=json.dumps(document))

    def as_root(self, service: str) -> Any:
        return boto3.client(service, aws_access_key_id=ACCOUNT, aws_secret_access_key="test")

    def log_group(self, *, exists: bool) -> None:
        logs = self.as_root("logs")
        there = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
        if there and not exists:
            logs.delete_log_group(logGroupName=GROUP)
        elif exists and not there:
            logs.create_log_group(logGroupName=GROUP)

    def seen_by_root(self) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            return snapshot()

    def refused(self) -> set[str]:
        return {name for _, _, name, status in self.control.log() if status == 403}


@contextmanager
def started(folder: Path) -> Iterator[Guarded]:
    """The account, and the command line as its user; journal and key are in the folder."""
    with pytest.MonkeyPatch.context() as patch, Emulator.start(auth=True, quota_scale=0) as emulator:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(ACCOUNT).items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        # The service models are read once, not once a command.
        patch.setattr(scopes, "open_session", cache(scopes.open_session))
        patch.setattr("lambda_tailor.applying.apply_operation.UPDATE_TAKES_S", 0.2)
        aws = Guarded(ACCOUNT, emulator)
        realize("dev")
        prepare(aws)
        key = user(aws)
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        patch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{folder / 'journal.db'}")
        patch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "vault.key"))
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield aws


def prepare(aws: Guarded) -> None:
    """Let every rule have something to do, and every reader of the reference policy something to read."""
    functions = aws.as_root("lambda")
    functions.update_function_configuration(FunctionName=NAME, Layers=[])
    functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    bucket = f"lambda-deployment-dev-{ACCOUNT}-us-east-1"
    aws.as_root("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    at = datetime.now(UTC) - timedelta(days=1)
    for namespace, metric, dimension, value in (
        ("AWS/Lambda", "Invocations", {"Name": "FunctionName", "Value": NAME}, 1000.0),
        ("AWS/Logs", "IncomingBytes", {"Name": "LogGroupName", "Value": GROUP}, 1000.0),
    ):
        datum = {"MetricName": metric, "Dimensions": [dimension], "Timestamp": at, "Value": value}
        aws.as_root("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


def user(aws: Guarded) -> Any:
    iam = aws.as_root("iam")
    iam.create_user(UserName="tailor")
    return iam.create_access_key(UserName="tailor")["AccessKey"]

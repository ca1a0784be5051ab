"""Wasteful functions by the hundred, with log groups and, where asked, a history, for benchmarks."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

ASSUME = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def seed(count: int) -> None:
    """Make ``count`` functions where the standard AWS settings lead, each with a log group that never expires."""
    session = boto3.Session()
    functions, logs, iam = session.client("lambda"), session.client("logs"), session.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [ASSUME]})
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")

    def make(number: int) -> Any:
        name = f"bench-{number:05d}"
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        return functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": code.getvalue()},
            MemorySize=3008,
            Timeout=300,
            Environment={"Variables": {"STAGE": "bench"}},
        )

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(make, range(count)))


def permitted() -> None:
    """Let the role of ``seed``'s functions send traces and failed events: else both are blocked, and cost no write."""
    statement = {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "sqs:SendMessage"]}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]}
    iam = boto3.Session().client("iam")
    iam.put_role_policy(RoleName="bench", PolicyName="bench", PolicyDocument=json.dumps(document))


def secrets(count: int, first: int = 0) -> None:
    """Let so many of ``seed``'s functions, from the one of that number on, have the two secrets of ``reference``."""
    manager = boto3.Session().client("secretsmanager")
    for number in range(first, count):
        for purpose in ("database-url", "api-key"):
            manager.create_secret(Name=f"{purpose}-bench-{number:05d}", SecretString=f"{purpose} {number}")


def history(count: int) -> None:
    """Let ``seed``'s functions have been invoked three days ago, as CloudWatch tells it."""
    cloudwatch = boto3.Session().client("cloudwatch")
    at = datetime.now(UTC) - timedelta(days=3)
    did = {"Invocations": 500.0, "Errors": 1.0, "Duration": 40.0, "ConcurrentExecutions": 3.0}
    for number in range(count):
        dimensions = [{"Name": "FunctionName", "Value": f"bench-{number:05d}"}]
        data = [{"MetricName": n, "Dimensions": dimensions, "Timestamp": at, "Value": v} for n, v in did.items()]
        cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data)

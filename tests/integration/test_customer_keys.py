"""Customers' keys under enforced IAM: the printed policy is enough, and each of its statements on keys is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_tailor.demo.snapshot import differences
from tests.integration.guarded import GROUP, NAME, Document, Guarded, printed, started

SECRETS = ("database-url-dev", "api-key-dev")
SPECS = {"symmetric": {}, "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Secrets, variables and log group are encrypted under one key; two more are there to sign with."""
    with started(tmp_path_factory.mktemp("keys")) as aws:
        key = made_key(aws, "theirs")
        for secret in SECRETS:
            aws.as_root("secretsmanager").update_secret(SecretId=secret, KmsKeyId=key)
        functions = aws.as_root("lambda")
        functions.update_function_configuration(FunctionName=NAME, KMSKeyArn=key)
        functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
        aws.log_group(exists=False)
        aws.as_root("logs").create_log_group(logGroupName=GROUP, kmsKeyId=key)
        for kind, spec in SPECS.items():
            made_key(aws, kind, **spec)
        yield aws


def made_key(aws: Guarded, name: str, **spec: str) -> str:
    kms = aws.as_root("kms")
    about = kms.create_key(**spec)["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=about["KeyId"])
    arn: str = about["Arn"]
    return arn


def arn_of(aws: Guarded, name: str) -> str:
    arn: str = aws.as_root("kms").describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"]
    return arn


def without(document: Document, sid: str) -> Document:
    left = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    assert len(left) == len(document["Statement"]) - 1
    return {**document, "Statement": left}


def without_service(document: Document, service: str) -> Document:
    """ReadKms without one of the services that ask KMS."""
    (statement,) = [each for each in document["Statement"] if each["Sid"] == "ReadKms"]
    (via,) = statement["Condition"]["StringLike"].values()
    left = [each for each in via if not each.startswith(f"{service}.")]
    assert len(left) == len(via) - 1
    changed = {**statement, "Condition": {"StringLike": {"kms:ViaService": left}}}
    return {**document, "Statement": [changed if each is statement else each for each in document["Statement"]]}


def because(plan: Any, rule: str) -> str:
    (function,) = plan["functions"]
    return " ".join(change["blocked"] or "" for change in function["changes"] if change["rule"] == rule)


@pytest.mark.parametrize("named", ["arn", "alias"])
@pytest.mark.parametrize("kind", SPECS)
def test_the_printed_policy_is_enough_with_customers_keys_and_a_key_that_signs(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, named: str
) -> None:
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{tmp_path / 'journal.db'}")
    key = f"alias/{kind}" if named == "alias" else arn_of(guarded, kind)
    before = guarded.seen_by_root()
    guarded.allow(printed("--kms-key", key))
    guarded.control.reset()
    file = str(tmp_path / "plan.json")
    guarded.run("plan", "-e", "dev", "--out", file, "--kms-key", key)
    run = guarded.json("apply", file, "--auto-approve", "--kms-key", key)
    assert run["summary"]["failed"] == run["summary"]["blocked"] == 0 and run["summary"]["applied"]
    undone = guarded.json("rollback", run["run_id"], "--auto-approve", "--kms-key", key)
    assert undone["summary"]["failed"] == 0
    assert not guarded.refused()
    assert differences(before, guarded.seen_by_root()) == []


def test_who_may_not_decrypt_is_told_so_and_the_variables_are_left(guarded: Guarded) -> None:
    guarded.allow(without(printed(), "ReadKms"))
    before = guarded.seen_by_root()
    plan = guarded.json("plan", "-e", "dev", exit_code=None)
    assert "kms:Decrypt is not allowed" in because(plan, "environment")
    run = guarded.json("apply", "-e", "dev", "--rules", "environment", "--auto-approve", exit_code=None)
    assert run["summary"]["applied"] == 0
    assert differences(before, guarded.seen_by_root()) == []


@pytest.mark.parametrize("service", ["lambda", "secretsmanager", "logs"])
def test_each_service_that_decrypts_is_needed(guarded: Guarded, service: str) -> None:
    guarded.allow(without_service(printed(), service))
    plan = guarded.json("plan", "-e", "dev", exit_code=None)
    not_read = " ".join(plan["assumptions"]["evidence"]["not_read"])
    said = not_read if service == "logs" else because(plan, "environment")
    assert "kms:Decrypt is not allowed" in said, plan
    assert "iam-policy" in said


def test_who_may_not_encrypt_is_told_so_and_the_other_changes_are_made(guarded: Guarded) -> None:
    before = guarded.seen_by_root()
    guarded.allow(without(printed(), "WriteKms"))
    rules = ("--rules", "memory,environment")
    run = guarded.json("apply", "-e", "dev", *rules, "--auto-approve", exit_code=1)
    failed = [o for o in run["outcomes"] if o["outcome"] == "failed"]
    assert {o["rule"] for o in failed} == {"environment"}
    assert all("kms:Encrypt is not allowed" in o["detail"] for o in failed)
    assert {o["rule"] for o in run["outcomes"] if o["outcome"] == "applied"} == {"memory"}
    # What it may not decrypt is not put back over by a rollback either.
    guarded.allow(printed())
    guarded.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, guarded.seen_by_root()) == []


def test_a_rollback_that_may_not_encrypt_leaves_the_variables_and_names_the_action(guarded: Guarded) -> None:
    before = guarded.seen_by_root()
    guarded.allow(printed())
    run = guarded.json("apply", "-e", "dev", "--rules", "memory,environment", "--auto-approve")
    guarded.allow(without(printed(), "WriteKms"))
    undone = guarded.json("rollback", run["run_id"], "--auto-approve", exit_code=1)
    failed = [o for o in undone["outcomes"] if o["outcome"] == "failed"]
    assert {o["rule"] for o in failed} == {"environment"}
    assert all("kms:Encrypt is not allowed" in o["detail"] for o in failed)
    guarded.allow(printed())
    guarded.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, guarded.seen_by_root()) == []


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("symmetric", "kms:DescribeKey"), ("symmetric", "kms:GenerateDataKey"), ("symmetric", "kms:Decrypt"),
        ("hmac", "kms:DescribeKey"), ("hmac", "kms:GenerateMac"),
    ],
)  # fmt: skip
def test_each_action_of_a_key_that_signs_is_needed(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, action: str
) -> None:
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{tmp_path / 'journal.db'}")
    key, file = arn_of(guarded, kind), str(tmp_path / "plan.json")
    whole = printed("--kms-key", key)
    (signs,) = [each for each in whole["Statement"] if each["Sid"] == "SignKms"]
    less = {**signs, "Action": [each for each in signs["Action"] if each != action]}
    narrowed = {**whole, "Statement": [less if each is signs else each for each in whole["Statement"]]}
    if action == "kms:Decrypt":
        # Who makes the plan wraps a key anew; who applies it unwraps it.
        guarded.allow(whole)
        guarded.run("plan", "-e", "dev", "--rules", "memory", "--out", file, "--kms-key", key)
    guarded.allow(narrowed)
    guarded.control.reset()
    asked = ["plan", "-e", "dev", "--rules", "memory", "--out", file]
    if action == "kms:Decrypt":
        asked = ["apply", file, "--auto-approve"]
    refused = guarded.run(*asked, "--kms-key", key, exit_code=1)
    assert f"{action} is not allowed on {key}" in refused.stderr
    assert not {name for name in guarded.control.writes() if not name.startswith("kms:")}


def test_an_aliass_policy_allows_no_other_key_of_the_account(guarded: Guarded, tmp_path: Path) -> None:
    guarded.allow(printed("--kms-key", "alias/hmac"))
    refused = guarded.run(
        "plan", "-e", "dev", "--rules", "memory", "--out", str(tmp_path / "p.json"),
        "--kms-key", arn_of(guarded, "hmac"), exit_code=1,
    )  # fmt: skip
    assert "kms:DescribeKey is not allowed" in refused.stderr


def test_queues_and_parameters_are_decrypted_only_for_who_may(guarded: Guarded) -> None:
    key = arn_of(guarded, "theirs")
    url = guarded.as_root("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    guarded.as_root("ssm").put_parameter(Name="/sealed", Value="v", Type="SecureString", KeyId=key)
    reads = {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "ssm:GetParameter"], "Resource": "*"}

    def may(*via: str) -> list[str]:
        condition = {"StringLike": {"kms:ViaService": [f"{service}.us-east-1.amazonaws.com" for service in via]}}
        decrypts = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": condition}
        guarded.allow({"Version": "2012-10-17", "Statement": [reads, *([decrypts] if via else [])]})
        said = []
        for service, ask in (
            ("sqs", lambda: guarded.client("sqs").receive_message(QueueUrl=url)),
            ("ssm", lambda: guarded.client("ssm").get_parameter(Name="/sealed", WithDecryption=True)),
        ):
            try:
                ask()
                said.append(service)
            except ClientError as error:
                assert "kms:Decrypt" in str(error), error
        return said

    assert may() == []
    assert may("sqs") == ["sqs"]
    assert may("sqs", "ssm") == ["sqs", "ssm"]

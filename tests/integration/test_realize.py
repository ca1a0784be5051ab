"""The reference stack on the embedded AWS: what is deployed is what the program registers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pulumi
import pytest
from pulumi_aws import iam, s3, sns, sqs

import lambda_tailor
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.realize import Realized, RealizeError, load_program, realize

ACCOUNT, REGION = "300000000001", "eu-west-1"
OPTIMIZED = {
    "memorySize": "1024",
    "timeout": "30",
    "tracingMode": "Active",
    "reservedConcurrency": "50",
    "logRetentionDays": "7",
    "deadLetterQueue": "true",
    "alarms": "true",
    "environmentFromSecrets": "true",
    "databaseUrl": "postgresql://value-of-the-test",
}
ARRIVES_WITHIN_S = 30.0


@pytest.fixture(scope="module", autouse=True)
def _aws(emulator: Emulator) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(ACCOUNT, REGION).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def baseline(_aws: None) -> Iterator[Realized]:
    realized = realize("base")
    yield realized
    realized.destroy()


@pytest.fixture(scope="module")
def optimized(_aws: None) -> Iterator[Realized]:
    realized = realize("opt", OPTIMIZED)
    yield realized
    realized.destroy()


def aws(service: str) -> Any:
    # Not boto3's default session: it remembers the credentials of whoever used it first.
    return boto3.Session(region_name=REGION).client(service)


def inputs(realized: Realized, kind: str, name: str) -> Mapping[str, Any]:
    return next(c.inputs for c in realized.resources if c.type.endswith(f":{kind}") and c.name == name)


def configuration(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = aws("lambda").get_function(FunctionName=name)
    return found


def names_there() -> dict[str, list[str]]:
    """The names of everything in the region that the stack's kinds can make."""
    return {
        "functions": [f["FunctionName"] for f in aws("lambda").list_functions()["Functions"]],
        "layers": [layer["LayerName"] for layer in aws("lambda").list_layers()["Layers"]],
        "buckets": [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]],
        "roles": [role["RoleName"] for role in aws("iam").list_roles()["Roles"]],
        "log groups": [group["logGroupName"] for group in aws("logs").describe_log_groups()["logGroups"]],
        "queues": aws("sqs").list_queues().get("QueueUrls", []),
        "secrets": [secret["Name"] for secret in aws("secretsmanager").list_secrets()["SecretList"]],
        "alarms": [alarm["AlarmName"] for alarm in aws("cloudwatch").describe_alarms()["MetricAlarms"]],
    }


def test_the_deployed_baseline_function_is_the_registered_one(baseline: Realized) -> None:
    registered = inputs(baseline, "Function", "lambda-function-base")
    found = configuration("lambda-function-base")
    deployed = found["Configuration"]
    assert (deployed["MemorySize"], deployed["Timeout"]) == (3008, 300)
    assert (registered["memorySize"], registered["timeout"]) == (3008, 300)
    assert deployed["TracingConfig"] == {"Mode": "PassThrough"} == {"Mode": registered["tracingConfig"]["mode"]}
    assert deployed["Runtime"] == registered["runtime"] and deployed["Handler"] == registered["handler"]
    assert deployed["Role"] == registered["role"]
    assert [layer["Arn"] for layer in deployed["Layers"]] == registered["layers"]
    assert deployed["Environment"]["Variables"] == {"ENVIRONMENT": "base", "LOG_LEVEL": "INFO"}
    assert "DeadLetterConfig" not in deployed and "Concurrency" not in found


def test_the_baseline_log_group_never_expires(baseline: Realized) -> None:
    name = baseline.exports["log_group_name"]
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert "retentionInDays" not in group


def test_the_bucket_is_versioned_encrypted_and_private(baseline: Realized) -> None:
    s3, bucket = aws("s3"), baseline.exports["bucket_name"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_deployed_role_has_the_registered_policies_only(baseline: Realized) -> None:
    client, role = aws("iam"), "lambda-role-base"
    attached = [p["PolicyArn"] for p in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    inline = client.list_role_policies(RoleName=role)["PolicyNames"]
    assert sorted(arn.rpartition("/")[2] for arn in attached) == [
        "AWSLambdaBasicExecutionRole",
        "AWSXRayDaemonWriteAccess",
    ]
    assert sorted(inline) == ["lambda-policy-secrets-base", "lambda-policy-sqs-base"]
    for name in inline:
        document = client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        assert document == json.loads(inputs(baseline, "RolePolicy", name)["policy"])


def test_the_secrets_hold_what_the_config_says(optimized: Realized) -> None:
    arn = optimized.exports["database_url_secret_arn"]
    assert aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == OPTIMIZED["databaseUrl"]


def test_the_function_answers(baseline: Realized) -> None:
    answer = aws("lambda").invoke(FunctionName=baseline.exports["function_name"], Payload=b'{"sleep_ms": 1}')
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"])["ok"] is True


def test_the_function_fails_when_it_is_asked_to(baseline: Realized) -> None:
    answer = aws("lambda").invoke(FunctionName=baseline.exports["function_name"], Payload=b'{"fail": true}')
    assert answer["FunctionError"] == "Unhandled"


def test_the_keys_deploy_the_optimized_function(optimized: Realized) -> None:
    found = configuration("lambda-function-opt")
    deployed = found["Configuration"]
    assert (deployed["MemorySize"], deployed["Timeout"], deployed["TracingConfig"]["Mode"]) == (1024, 30, "Active")
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 50
    assert deployed["DeadLetterConfig"]["TargetArn"] == optimized.exports["dead_letter_arn"]
    assert sorted(deployed["Environment"]["Variables"]) == ["API_KEY", "DATABASE_URL", "ENVIRONMENT", "LOG_LEVEL"]
    assert deployed["Environment"]["Variables"]["DATABASE_URL"] == OPTIMIZED["databaseUrl"]


def test_a_failed_event_arrives_in_the_deployed_queue(optimized: Realized) -> None:
    functions, queues, name = aws("lambda"), aws("sqs"), optimized.exports["function_name"]
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true, "order": 42}')
    url = queues.get_queue_url(QueueName=optimized.exports["dead_letter_queue_name"])["QueueUrl"]
    until = time.monotonic() + ARRIVES_WITHIN_S
    messages: list[Mapping[str, Any]] = []
    while not messages and time.monotonic() < until:
        messages = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    assert ['"order": 42' in message["Body"] for message in messages] == [True]


def test_the_optimizer_has_nothing_to_do_where_the_keys_are_set(
    optimized: Realized, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "vault.key"))
    plan = lambda_tailor.plan(environment_suffix="opt", preset="reference")
    changes = [(change.rule, change.before, change.after) for f in plan.functions for change in f.changes]
    assert [f.name for f in plan.functions] == ["lambda-function-opt"]
    assert changes == []


def test_a_stack_that_is_there_already_is_named_and_left_alone(baseline: Realized) -> None:
    before = names_there()
    with pytest.raises(RealizeError, match="is there already"):
        realize("base")
    assert names_there() == before
    assert configuration("lambda-function-base")["Configuration"]["State"] == "Active"


@pytest.mark.parametrize(
    "make",
    [
        lambda: s3.Bucket("twice", bucket="twice"),
        lambda: sqs.Queue("twice", name="twice", message_retention_seconds=60, sqs_managed_sse_enabled=True),
    ],
    ids=["bucket", "queue"],
)
def test_what_aws_would_quietly_take_over_is_refused_too(make: Callable[[], object]) -> None:
    def program() -> None:
        make()

    first = realize(program=program)
    try:
        before = names_there()
        with pytest.raises(RealizeError, match="is there already"):
            realize(program=program)
        assert names_there() == before
    finally:
        first.destroy()


def test_a_longer_name_is_another_queue() -> None:
    def program() -> None:
        settings: dict[str, Any] = {"message_retention_seconds": 60, "sqs_managed_sse_enabled": True}
        longer = sqs.Queue("orders-2", name="orders-2", **settings)
        sqs.Queue("orders", name="orders", **settings, opts=pulumi.ResourceOptions(depends_on=[longer]))

    realized = realize(program=program)
    realized.destroy()
    assert [created.name for created in realized.resources] == ["orders-2", "orders"]


def test_destroy_leaves_nothing_even_in_a_bucket_with_versions() -> None:
    before = names_there()
    realized = realize("gone", OPTIMIZED)
    bucket = realized.exports["bucket_name"]
    for body in (b"one", b"two"):
        aws("s3").put_object(Bucket=bucket, Key="another", Body=body)
    aws("s3").delete_object(Bucket=bucket, Key="another")
    realized.destroy()
    assert names_there() == before


def test_destroying_again_is_no_error() -> None:
    realized = realize("twice")
    realized.destroy()
    realized.destroy()


def test_a_program_that_fails_half_way_leaves_nothing() -> None:
    def program() -> None:
        queue = sqs.Queue("first", name="first", message_retention_seconds=60, sqs_managed_sse_enabled=True)
        sns.Topic("second", name="second", opts=pulumi.ResourceOptions(depends_on=[queue]))

    before = names_there()
    with pytest.raises(RealizeError, match=r"aws:sns/topic:Topic \(second\)"):
        realize(program=program)
    assert names_there() == before


def test_an_input_that_would_be_dropped_is_an_error() -> None:
    def program() -> None:
        iam.Role("role", name="role", assume_role_policy="{}", max_session_duration=3600)

    before = names_there()
    with pytest.raises(RealizeError, match="maxSessionDuration"):
        realize(program=program)
    assert names_there() == before


def test_it_can_be_called_while_a_loop_is_running() -> None:
    async def call() -> Realized:
        return realize("looped", program=lambda: pulumi.export("two", pulumi.Output.from_input(2)))

    assert asyncio.run(call()).exports == {"two": 2}


def test_another_region_can_be_named() -> None:
    realized = realize("there", region="us-east-1")
    try:
        assert ":us-east-1:" in realized.exports["function_arn"]
        assert "lambda-function-there" not in names_there()["functions"]
    finally:
        realized.destroy()


def test_secret_values_are_not_shown(optimized: Realized) -> None:
    assert OPTIMIZED["databaseUrl"] not in repr(optimized)


def test_the_default_program_is_the_reference_stack() -> None:
    assert load_program().__doc__ == "Register the stack as the Pulumi config asks for it."

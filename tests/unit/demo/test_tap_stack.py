"""The reference stack, registered against Pulumi's mock runtime: every property of every resource."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

import tap_stack
from lambda_tailor.demo.realize import register

ACCOUNT, REGION = "210987654321", "eu-central-1"
TAGS = {"managed-by": "pulumi", "environment": "dev"}
OPTIMIZED = {
    "memorySize": "1024",
    "timeout": "30",
    "tracingMode": "Active",
    "reservedConcurrency": "50",
    "logRetentionDays": "7",
    "deadLetterQueue": "true",
    "alarms": "true",
    "environmentFromSecrets": "true",
}
BUCKET = f"lambda-deployment-dev-{ACCOUNT}-{REGION}"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lambda-dlq-dev"


class Recorder(mocks.Mocks):
    """Answers as AWS would and keeps what was registered, by type and name."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        kind = args.typ.rpartition(":")[2]
        self.resources[kind, args.name] = args.inputs
        return f"{args.name}-id", {**args.inputs, "arn": f"arn-of-{args.name}", "versionId": "version-1"}

    def call(self, args: mocks.MockCallArgs) -> Any:
        answers: Mapping[str, Mapping[str, str]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
        }
        return answers[args.token]


class Stack:
    """What the program registers and exports for one Pulumi config."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self.recorder = Recorder()
        self.requests: dict[str, Any] = {}
        answer: Any = mocks.MockMonitor.RegisterResource

        def listen(monitor: mocks.MockMonitor, request: Any) -> Any:
            self.requests[request.name] = request
            return answer(monitor, request)

        with patch.object(mocks.MockMonitor, "RegisterResource", listen):
            self.exports = register(tap_stack.deploy, self.recorder, config)

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        return self.recorder.resources[key]

    def waits_for(self, name: str) -> set[str]:
        """The names of the resources that this one depends on."""
        return {urn.rpartition("::")[2] for urn in self.requests[name].dependencies}

    def kinds(self) -> list[str]:
        return sorted(kind for kind, _ in self.recorder.resources)

    def statements(self, policy: str) -> list[dict[str, Any]]:
        document: dict[str, Any] = json.loads(self["RolePolicy", policy]["policy"])
        assert document["Version"] == "2012-10-17"
        return list(document["Statement"])


@pytest.fixture(autouse=True)
def _no_suffix_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVIRONMENT_SUFFIX", raising=False)


@pytest.fixture(scope="module")
def baseline() -> Stack:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("ENVIRONMENT_SUFFIX", raising=False)
        return Stack({})


@pytest.fixture(scope="module")
def optimized() -> Stack:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("ENVIRONMENT_SUFFIX", raising=False)
        return Stack(OPTIMIZED)


def test_the_baseline_function_has_exactly_the_wasteful_properties(baseline: Stack) -> None:
    assert baseline["Function", "lambda-function-dev"] == {
        "name": "lambda-function-dev",
        "runtime": "python3.12",
        "handler": "index.handler",
        "role": "arn-of-lambda-role-dev",
        "s3Bucket": "lambda-deployment-dev-id",
        "s3Key": "lambda-function-dev.zip",
        "s3ObjectVersion": "version-1",
        "memorySize": 3008,
        "timeout": 300,
        "tracingConfig": {"mode": "PassThrough"},
        "layers": ["arn-of-lambda-layer-shared-dev"],
        "environment": {"variables": {"ENVIRONMENT": "dev", "LOG_LEVEL": "INFO"}},
        "tags": TAGS,
    }


def test_the_baseline_registers_these_resources_and_neither_queue_nor_alarm(baseline: Stack) -> None:
    assert baseline.kinds() == [
        "Bucket", "BucketObjectv2", "BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration",
        "BucketVersioning", "Function", "LayerVersion", "LogGroup", "Role", "RolePolicy", "RolePolicy",
        "RolePolicyAttachment", "RolePolicyAttachment", "Secret", "Secret", "SecretVersion", "SecretVersion",
        "TapStack",
    ]  # fmt: skip


def test_the_baseline_log_group_never_expires(baseline: Stack) -> None:
    group = baseline["LogGroup", "log-group-dev"]
    assert group == {"name": "/aws/lambda/lambda-function-dev", "retentionInDays": 0, "tags": TAGS}


def test_the_bucket_is_versioned_encrypted_private_and_can_be_destroyed_full(baseline: Stack) -> None:
    name = "lambda-deployment-dev"
    versioning = baseline["BucketVersioning", f"{name}-versioning"]
    encryption = baseline["BucketServerSideEncryptionConfiguration", f"{name}-encryption"]
    private = baseline["BucketPublicAccessBlock", f"{name}-private"]
    assert baseline["Bucket", name] == {"bucket": BUCKET, "forceDestroy": True, "tags": TAGS}
    assert versioning == {"bucket": f"{name}-id", "versioningConfiguration": {"status": "Enabled"}}
    assert encryption["rules"] == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    assert private == {
        "bucket": f"{name}-id",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


def test_the_code_is_stored_in_the_deployment_bucket_after_versioning_is_on(baseline: Stack) -> None:
    package = baseline["BucketObjectv2", "lambda-function-dev-package"]
    assert (package["bucket"], package["key"]) == ("lambda-deployment-dev-id", "lambda-function-dev.zip")
    assert list(package["source"].assets) == ["index.py"]
    assert "lambda-deployment-dev-versioning" in baseline.waits_for("lambda-function-dev-package")


def test_the_layer_holds_the_shared_module_for_the_functions_runtime(baseline: Stack) -> None:
    layer = baseline["LayerVersion", "lambda-layer-shared-dev"]
    assert layer["layerName"] == "lambda-layer-shared-dev"
    assert "python3.12" in layer["compatibleRuntimes"]
    assert list(layer["code"].assets) == ["python/tap_shared.py"]


def test_only_lambda_may_assume_the_role(baseline: Stack) -> None:
    role = baseline["Role", "lambda-role-dev"]
    assert role["name"] == "lambda-role-dev"
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_the_role_has_the_two_managed_policies_and_no_other(baseline: Stack) -> None:
    attached = [i for (kind, _), i in baseline.recorder.resources.items() if kind == "RolePolicyAttachment"]
    assert {(i["role"], i["policyArn"]) for i in attached} == {
        ("lambda-role-dev", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
        ("lambda-role-dev", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"),
    }


def test_the_role_may_send_to_the_dead_letter_queue_only(baseline: Stack) -> None:
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE_ARN}
    assert baseline.statements("lambda-policy-sqs-dev") == [send]


def test_the_role_may_read_the_two_secrets_only(baseline: Stack) -> None:
    arns = ["arn-of-database-url-dev", "arn-of-api-key-dev"]
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arns}
    assert baseline.statements("lambda-policy-secrets-dev") == [read]


def test_permissions_and_log_group_exist_before_the_function(optimized: Stack) -> None:
    first = {
        "lambda-role-dev-logs", "lambda-role-dev-xray", "lambda-policy-sqs-dev", "lambda-policy-secrets-dev",
        "log-group-dev",
    }  # fmt: skip
    assert first <= optimized.waits_for("lambda-function-dev")


def test_the_dev_stack_has_sample_values_in_its_secrets_marked_as_secret(baseline: Stack) -> None:
    for name, sample in {
        "database-url-dev": tap_stack.SAMPLE_DATABASE_URL,
        "api-key-dev": tap_stack.SAMPLE_API_KEY,
    }.items():
        value = baseline["SecretVersion", f"{name}-value"]["secretString"]
        assert baseline["Secret", name]["name"] == name
        assert rpc.is_rpc_secret(value) and rpc.unwrap_rpc_secret(value) == sample


def test_another_suffix_gets_secrets_without_a_value() -> None:
    stack = Stack({"environmentSuffix": "prod"})
    assert ("Secret", "database-url-prod") in stack.recorder.resources
    assert "SecretVersion" not in stack.kinds()


def test_the_secrets_values_come_from_the_config() -> None:
    stack = Stack({"environmentSuffix": "prod", "databaseUrl": "postgresql://real", "apiKey": "real"})
    value = stack["SecretVersion", "database-url-prod-value"]["secretString"]
    assert rpc.is_rpc_secret(value) and rpc.unwrap_rpc_secret(value) == "postgresql://real"


def test_the_keys_describe_the_optimized_function(baseline: Stack, optimized: Stack) -> None:
    before, after = (s["Function", "lambda-function-dev"] for s in (baseline, optimized))
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    environment = changed.pop("environment")
    assert changed == {
        "memorySize": 1024,
        "timeout": 30,
        "tracingConfig": {"mode": "Active"},
        "reservedConcurrentExecutions": 50,
        "deadLetterConfig": {"targetArn": "arn-of-lambda-dlq-dev"},
    }
    assert rpc.is_rpc_secret(environment)
    assert rpc.unwrap_rpc_secret(environment)["variables"] == {
        "ENVIRONMENT": "dev",
        "LOG_LEVEL": "INFO",
        "DATABASE_URL": tap_stack.SAMPLE_DATABASE_URL,
        "API_KEY": tap_stack.SAMPLE_API_KEY,
    }


def test_the_keys_add_the_queue_and_two_alarms_and_nothing_else(baseline: Stack, optimized: Stack) -> None:
    added = set(optimized.recorder.resources) - set(baseline.recorder.resources)
    assert added == {
        ("Queue", "lambda-dlq-dev"),
        ("MetricAlarm", "lambda-error-rate-dev"),
        ("MetricAlarm", "lambda-duration-dev"),
    }


def test_the_queue_keeps_messages_fourteen_days_and_encrypts_them(optimized: Stack) -> None:
    queue = optimized["Queue", "lambda-dlq-dev"]
    assert (queue["name"], queue["messageRetentionSeconds"]) == ("lambda-dlq-dev", 1_209_600)
    assert queue["sqsManagedSseEnabled"] is True


def test_the_error_rate_alarm_is_metric_math_over_one_per_cent(optimized: Stack) -> None:
    alarm = optimized["MetricAlarm", "lambda-error-rate-dev"]
    rate, *measured = alarm["metricQueries"]
    assert (alarm["name"], alarm["threshold"]) == ("lambda-error-rate-dev", 1)
    assert alarm["comparisonOperator"] == "GreaterThanThreshold"
    assert (rate["expression"], rate["returnData"]) == ("100*errors/invocations", True)
    assert {(q["id"], q["metric"]["metricName"], q["metric"]["stat"], q["returnData"]) for q in measured} == {
        ("errors", "Errors", "Sum", False),
        ("invocations", "Invocations", "Sum", False),
    }
    assert all(q["metric"]["dimensions"] == {"FunctionName": "lambda-function-dev"} for q in measured)


def test_the_duration_alarm_is_over_twenty_seconds(optimized: Stack) -> None:
    alarm = optimized["MetricAlarm", "lambda-duration-dev"]
    assert (alarm["name"], alarm["threshold"]) == ("lambda-duration-dev", 20_000)
    assert (alarm["metricName"], alarm["statistic"]) == ("Duration", "Maximum")
    assert alarm["dimensions"] == {"FunctionName": "lambda-function-dev"}
    assert alarm["comparisonOperator"] == "GreaterThanThreshold"


def test_the_log_retention_key_sets_days(optimized: Stack) -> None:
    assert optimized["LogGroup", "log-group-dev"]["retentionInDays"] == 7


@pytest.mark.parametrize(
    ("config", "environment", "suffix"),
    [({}, None, "dev"), ({}, "staging", "staging"), ({"environmentSuffix": "prod"}, "staging", "prod")],
)
def test_the_suffix_is_the_configs_then_the_environments_then_dev(
    config: Mapping[str, str], environment: str | None, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment is not None:
        monkeypatch.setenv("ENVIRONMENT_SUFFIX", environment)
    assert Stack(config).exports["function_name"] == f"lambda-function-{suffix}"


def test_the_exports_name_what_was_deployed(baseline: Stack, optimized: Stack) -> None:
    assert baseline.exports == {
        "function_name": "lambda-function-dev",
        "function_arn": "arn-of-lambda-function-dev",
        "log_group_name": "/aws/lambda/lambda-function-dev",
        "bucket_name": BUCKET,
        "layer_arn": "arn-of-lambda-layer-shared-dev",
        "role_arn": "arn-of-lambda-role-dev",
        "dead_letter_queue_name": None,
        "dead_letter_arn": QUEUE_ARN,
        "database_url_secret_arn": "arn-of-database-url-dev",
        "api_key_secret_arn": "arn-of-api-key-dev",
    }
    assert optimized.exports["dead_letter_queue_name"] == "lambda-dlq-dev"


def test_reserving_nothing_at_all_is_not_the_same_as_reserving_zero() -> None:
    function = Stack({"reservedConcurrency": "0"})["Function", "lambda-function-dev"]
    assert function["reservedConcurrentExecutions"] == 0


def test_versioning_can_be_left_out() -> None:
    stack = Stack({"bucketVersioning": "false"})
    assert "BucketVersioning" not in stack.kinds()
    assert "s3ObjectVersion" not in stack["Function", "lambda-function-dev"]


def test_an_unknown_tracing_mode_is_refused_by_name() -> None:
    with pytest.raises(pulumi.RunError, match="tracingMode is Sometimes"):
        Stack({"tracingMode": "Sometimes"})


def test_variables_from_secrets_need_values() -> None:
    with pytest.raises(pulumi.RunError, match="databaseUrl"):
        Stack({"environmentSuffix": "prod", "environmentFromSecrets": "true"})


def test_the_arguments_do_not_show_secret_values() -> None:
    shown = repr(tap_stack.TapStackArgs(database_url="postgresql://real", api_key="real-key"))
    assert "postgresql://real" not in shown and "real-key" not in shown

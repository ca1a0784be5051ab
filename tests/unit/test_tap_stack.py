"""The reference stack through Pulumi's own mock runtime: every resource and every property of the baseline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from lambda_tailor.demo.realize import load_program

SECRET_MARK = "4dabf18193072939515e22adb298388d"


class Recorder(mocks.Mocks):
    """Remembers what is registered; ids and ARNs follow from names."""

    def __init__(self) -> None:
        self.resources: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources[args.name] = (args.typ, args.inputs)
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:{args.name}"}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return {"accountId": "123456789012", "region": "eu-west-1", "partition": "aws", "arn": "a", "userId": "u", "id": "i"}


@pytest.fixture(autouse=True)
def _no_suffix(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("ENVIRONMENT_SUFFIX", raising=False)
    yield


def registered(**config: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="project", stack="test", preview=False)
    pulumi.runtime.set_all_config({f"project:{key}": value for key, value in config.items()})
    run: Any = pulumi.runtime.test
    run(load_program())()
    return recorder.resources


def inputs(resources: Mapping[str, tuple[str, Mapping[str, Any]]], name: str) -> Mapping[str, Any]:
    return resources[name][1]


def statement(document: str) -> dict[str, Any]:
    (only,) = json.loads(document)["Statement"]
    return dict(only)


def test_the_function_is_as_wasteful_as_the_baseline_says() -> None:
    function = inputs(registered(), "lambda-function-dev")
    assert function["name"] == "lambda-function-dev"
    assert (function["memorySize"], function["timeout"]) == (3008, 300)
    assert function["tracingConfig"] == {"mode": "PassThrough"}
    assert function["environment"] == {"variables": {"ENVIRONMENT": "dev", "LOG_LEVEL": "INFO"}}
    assert function["layers"] == ["arn:lambda-layer-shared-dev"]
    assert function["role"] == "arn:lambda-role-dev"
    assert function["runtime"] == "python3.12"
    assert (function["s3Bucket"], function["s3Key"]) == ("lambda-deployment-dev-id", "lambda-function-dev.zip")
    assert not {"reservedConcurrentExecutions", "deadLetterConfig"} & set(function)


def test_logs_never_expire() -> None:
    group = inputs(registered(), "log-group-dev")
    assert (group["name"], group["retentionInDays"]) == ("/aws/lambda/lambda-function-dev", 0)


def test_the_bucket_is_versioned_private_and_may_be_destroyed_with_its_content() -> None:
    resources = registered()
    bucket = inputs(resources, "lambda-deployment-dev")
    assert bucket["bucket"] == "lambda-deployment-dev-123456789012-eu-west-1"
    assert bucket["forceDestroy"] is True
    assert inputs(resources, "lambda-deployment-dev-versioning")["versioningConfiguration"] == {"status": "Enabled"}
    private = inputs(resources, "lambda-deployment-dev-private")
    assert all(private[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"))
    assert private["restrictPublicBuckets"]


def test_the_layer_is_shared() -> None:
    layer = inputs(registered(), "lambda-layer-shared-dev")
    assert layer["layerName"] == "lambda-layer-shared-dev"
    assert "python3.12" in layer["compatibleRuntimes"]


def test_the_role_may_do_no_more_than_it_must() -> None:
    resources = registered()
    assert statement(inputs(resources, "lambda-role-dev")["assumeRolePolicy"])["Principal"] == {
        "Service": "lambda.amazonaws.com"
    }
    attached = {inputs(resources, f"lambda-role-dev-{purpose}")["policyArn"] for purpose in ("logs", "xray")}
    assert attached == {
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    }
    assert statement(inputs(resources, "lambda-policy-sqs-dev")["policy"]) == {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:123456789012:lambda-dlq-dev",
    }
    assert statement(inputs(resources, "lambda-policy-secrets-dev")["policy"]) == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": ["arn:database-url-dev", "arn:api-key-dev"],
    }


def test_no_policy_names_every_resource() -> None:
    for _kind, given in registered().values():
        for document in (given.get("policy"), given.get("assumeRolePolicy")):
            assert document is None or statement(document).get("Resource") != "*"


def test_the_secrets_values_are_marked_as_secret() -> None:
    resources = registered(databaseUrl="postgres://x")
    assert inputs(resources, "database-url-dev")["name"] == "database-url-dev"
    assert inputs(resources, "api-key-dev")["name"] == "api-key-dev"
    for name in ("database-url-dev-value", "api-key-dev-value"):
        assert SECRET_MARK in inputs(resources, name)["secretString"]


def test_queue_and_alarms_are_absent() -> None:
    kinds = {kind for kind, _ in registered().values()}
    assert not {"aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm"} & kinds


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


def test_every_optimized_value_is_a_config_key() -> None:
    resources = registered(**OPTIMIZED)
    function = inputs(resources, "lambda-function-dev")
    assert (function["memorySize"], function["timeout"], function["reservedConcurrentExecutions"]) == (1024, 30, 50)
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["deadLetterConfig"] == {"targetArn": "arn:lambda-dlq-dev"}
    # With secrets in it the whole environment is marked as one.
    assert SECRET_MARK in function["environment"]
    variables = function["environment"]["value"]["variables"]
    assert set(variables) == {"ENVIRONMENT", "LOG_LEVEL", "DATABASE_URL", "API_KEY"}
    assert inputs(resources, "log-group-dev")["retentionInDays"] == 7
    queue = inputs(resources, "lambda-dlq-dev")
    assert (queue["messageRetentionSeconds"], queue["sqsManagedSseEnabled"]) == (1_209_600, True)
    error_rate = inputs(resources, "lambda-error-rate-dev")
    assert error_rate["threshold"] == 1
    assert error_rate["metricQueries"][0]["expression"] == "100*errors/invocations"
    assert inputs(resources, "lambda-duration-dev")["threshold"] == 20_000


def test_the_suffix_comes_from_config_then_environment_then_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lambda-function-dev" in registered()
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "qa")
    assert "lambda-function-qa" in registered()
    assert "lambda-function-prod" in registered(environmentSuffix="prod")

"""boto3 straight against the strict layer: what Lambda keeps and refuses of variables, logging and code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def settled(aws: Aws, name: str) -> dict[str, Any]:
    functions = aws.client("lambda")
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    answer: dict[str, Any] = functions.get_function(FunctionName=name)
    return answer


def test_logging_is_replaced_whole_and_text_takes_no_levels(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    functions.update_function_configuration(
        FunctionName="f", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "/mine"}
    )
    assert settled(aws, "f")["Configuration"]["LoggingConfig"] == {
        "LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "INFO", "LogGroup": "/mine",
    }  # fmt: skip
    functions.update_function_configuration(FunctionName="f", LoggingConfig={"LogFormat": "JSON"})
    assert settled(aws, "f")["Configuration"]["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
    assert settled(aws, "f")["Configuration"]["LoggingConfig"]["LogGroup"] == "/aws/lambda/f"
    with pytest.raises(ClientError, match="LogLevel is not supported"):
        functions.update_function_configuration(
            FunctionName="f", LoggingConfig={"LogFormat": "Text", "SystemLogLevel": "INFO"}
        )


def test_levels_come_back_when_json_is_put_back(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN", "LogGroup": "/mine"}
    deploy("f", LoggingConfig=logging)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {log-format: {format: Text}}")
    run = aws.json("apply", "--function", "f", "--policy", str(policy), "--auto-approve")
    assert settled(aws, "f")["Configuration"]["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/mine"}
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert settled(aws, "f")["Configuration"]["LoggingConfig"] == logging


def test_variables_are_measured_as_json_and_lambdas_own_names_are_refused(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")

    def put(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName="f", Environment={"Variables": variables})

    room = 4096 - len('{"A":""}')
    put({"A": "v" * room})
    settled(aws, "f")
    for variables in ({"A": "v" * (room + 1)}, {"A": '"' * (room // 2 + 1)}):
        with pytest.raises(ClientError, match="exceeded the 4KB limit"):
            put(variables)
    with pytest.raises(ClientError, match="reserved keys"):
        put({"AWS_REGION": "eu-west-1"})
    put({"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"})


def test_code_that_is_sent_without_its_key_loses_it(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    package = b"PK\x05\x06" + bytes(18)
    functions.update_function_code(FunctionName="f", ZipFile=package, SourceKMSKeyArn=KEY)
    assert settled(aws, "f")["Code"]["SourceKMSKeyArn"] == KEY
    functions.update_function_code(FunctionName="f", ZipFile=package)
    assert not settled(aws, "f")["Code"].get("SourceKMSKeyArn")


def test_the_customers_key_survives_a_change_of_architecture_and_its_rollback(
    aws: Aws, deploy: Deploy, tmp_path: Path
) -> None:
    made = deploy("f")
    assert made["Architectures"] == ["x86_64"]
    location = settled(aws, "f")["Code"]["Location"]
    import urllib.request

    with urllib.request.urlopen(location) as answer:
        package = answer.read()
    aws.client("lambda").update_function_code(FunctionName="f", ZipFile=package, SourceKMSKeyArn=KEY)
    settled(aws, "f")
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {architecture: {}}")
    run = aws.json("apply", "--function", "f", "--policy", str(policy), "--auto-approve")
    assert run["summary"]["applied"] == 1
    found = settled(aws, "f")
    assert (found["Configuration"]["Architectures"], found["Code"].get("SourceKMSKeyArn")) == (["arm64"], KEY)
    aws.run("rollback", run["run_id"], "--auto-approve")
    found = settled(aws, "f")
    assert (found["Configuration"]["Architectures"], found["Code"].get("SourceKMSKeyArn")) == (["x86_64"], KEY)


def a_queue(aws: Aws, visibility_s: int) -> str:
    url = aws.client("sqs").create_queue(QueueName="in", Attributes={"VisibilityTimeout": str(visibility_s)})[
        "QueueUrl"
    ]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def test_a_queue_that_hides_for_less_than_the_timeout_is_refused(aws: Aws, deploy: Deploy) -> None:
    deploy("f", Timeout=30)
    arn, functions = a_queue(aws, 30), aws.client("lambda")
    mapping = functions.create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
    functions.update_function_configuration(FunctionName="f", Timeout=31)
    settled(aws, "f")
    with pytest.raises(ClientError, match="30 seconds is less than Function timeout: 31 seconds"):
        functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=5)
    functions.update_function_configuration(FunctionName="f", Timeout=30)
    settled(aws, "f")
    functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=5)


def test_a_reservation_under_what_is_provisioned_is_refused(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f")
    functions = aws.client("lambda")
    functions.publish_version(FunctionName="f")
    functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=5)
    with pytest.raises(ClientError, match="should not be lower"):
        functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=4)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {reserved-concurrency: {target: 4}}")
    plan = aws.json("plan", "--function", "f", "--policy", str(policy))
    assert "5 executions are provisioned" in plan["functions"][0]["changes"][0]["blocked"]
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)


def test_the_missions_reservation_stays_with_a_warning_where_a_queue_feeds_the_function(
    aws: Aws, deploy: Deploy, tmp_path: Path
) -> None:
    deploy("f")
    aws.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=a_queue(aws, 30))
    arguments = ("--function", "f", "--preset", "reference", "--rules", "reserved-concurrency")
    (change,) = aws.json("plan", *arguments)["functions"][0]["changes"]
    assert (change["after"], change["blocked"], change["risk"]) == (50, None, "high")
    assert "Lambda polls in for up to 1000 at once" in change["reason"]


def test_a_reservation_beyond_what_the_account_has_claimed_already_is_told(
    aws: Aws, deploy: Deploy, tmp_path: Path
) -> None:
    deploy("f")
    at = datetime.now(UTC) - timedelta(days=3)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {reserved-concurrency: {target: 50}}")
    for claimed, told in ((950.0, False), (960.0, True)):
        datum = {"MetricName": "ClaimedAccountConcurrency", "Timestamp": at, "Value": claimed}
        aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
        (change,) = aws.json("plan", "--function", "f", "--policy", str(policy))["functions"][0]["changes"]
        assert ("960 of 1000 executions were claimed" in change["reason"]) is told
        assert (change["risk"] == "high") is told

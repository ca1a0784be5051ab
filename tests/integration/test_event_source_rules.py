"""The rules about event sources, levels, access and losses on the embedded AWS: planned, priced, applied, put back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.integration.test_strict_aws import refused

Deploy = Callable[..., dict[str, Any]]


def a_queue(aws: Aws, visibility_s: int = 300) -> str:
    url = aws.client("sqs").create_queue(QueueName="in", Attributes={"VisibilityTimeout": str(visibility_s)})[
        "QueueUrl"
    ]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def put(aws: Aws, namespace: str, name: str, value: float, **dimensions: str) -> None:
    named = [{"Name": key, "Value": said} for key, said in dimensions.items()]
    datum = {
        "MetricName": name,
        "Dimensions": named,
        "Timestamp": datetime.now(UTC) - timedelta(days=3),
        "Value": value,
    }
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


def mapping(aws: Aws, uuid: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("lambda").get_event_source_mapping(UUID=uuid)
    return found


def applied(aws: Aws, tmp_path: Path, rules: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one change of the plan, and the run that applied it; a second apply writes nothing."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"rules: {{{rules}}}")
    arguments = ("--function", "f", "--policy", str(policy))
    (change,) = aws.json("plan", *arguments)["functions"][0]["changes"]
    run = aws.json("apply", *arguments, "--auto-approve")
    assert run["summary"]["applied"] == 1
    aws.control.reset()
    aws.run("apply", *arguments, "--auto-approve")
    assert not aws.control.writes()
    return change, run


def test_a_queues_own_limit(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f")
    functions = aws.client("lambda")
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=40)
    uuid = functions.create_event_source_mapping(FunctionName="f", EventSourceArn=a_queue(aws))["UUID"]
    change, run = applied(aws, tmp_path, "event-source-concurrency: {}")
    assert (change["setting"], change["after"]) == ("max_concurrency.in", 40)
    assert mapping(aws, uuid)["ScalingConfig"] == {"MaximumConcurrency": 40}
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert not mapping(aws, uuid).get("ScalingConfig")


def test_batches_that_fill(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f", Timeout=5)
    created = aws.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=a_queue(aws))
    put(aws, "AWS/Lambda", "Invocations", 1_500_000.0, FunctionName="f")
    put(aws, "AWS/Lambda", "Duration", 100.0, FunctionName="f")
    put(aws, "AWS/SQS", "NumberOfMessagesDeleted", 2_000_000.0, QueueName="in")
    change, run = applied(aws, tmp_path, "event-source-batching: {}")
    assert (change["setting"], change["before"], change["after"]) == ("batching_window_s.in", 0, 5)
    # 2.7 million requests a month fewer, at 0.20 a million.
    assert 0.5 < change["monthly_usd"]["low"] <= change["monthly_usd"]["high"] < 0.6
    assert mapping(aws, created["UUID"])["MaximumBatchingWindowInSeconds"] == 5
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert not mapping(aws, created["UUID"])["MaximumBatchingWindowInSeconds"]


def test_batches_that_are_full_grow(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f", Timeout=5)
    created = aws.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=a_queue(aws))
    # Nine messages a call, eight a second.
    put(aws, "AWS/Lambda", "Invocations", 8 * 14 * 86_400 / 9, FunctionName="f")
    put(aws, "AWS/Lambda", "Duration", 100.0, FunctionName="f")
    put(aws, "AWS/SQS", "NumberOfMessagesDeleted", 8.0 * 14 * 86_400, QueueName="in")
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {event-source-batching: {}}")
    asked = ("--function", "f", "--policy", str(policy))
    changes = {c["setting"]: c for c in aws.json("plan", *asked)["functions"][0]["changes"]}
    assert {name: (c["before"], c["after"]) for name, c in changes.items()} == {
        "batching_window_s.in": (0, 5), "batch_size.in": (10, 40),
    }  # fmt: skip
    # 2.3 million requests a month, less 9 of 40, at 0.20 a million.
    assert sum(c["monthly_usd"]["low"] for c in changes.values()) == pytest.approx(2.336 * 0.2 * (1 - 9 / 40), rel=0.01)
    before = mapping(aws, created["UUID"])
    aws.control.reset()
    run = aws.json("apply", *asked, "--auto-approve")
    assert run["summary"]["applied"] == 2
    assert dict(aws.control.writes()) == {"lambda:UpdateEventSourceMapping": 1}
    after = mapping(aws, created["UUID"])
    assert (after["BatchSize"], after["MaximumBatchingWindowInSeconds"]) == (40, 5)
    aws.control.reset()
    aws.run("apply", *asked, "--auto-approve")
    assert not aws.control.writes()
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert mapping(aws, created["UUID"])["BatchSize"] == before["BatchSize"]
    assert not mapping(aws, created["UUID"])["MaximumBatchingWindowInSeconds"]


def test_a_batch_that_lambda_does_not_take_is_refused(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    uuid = functions.create_event_source_mapping(FunctionName="f", EventSourceArn=a_queue(aws))["UUID"]
    code, message = refused(functions.update_event_source_mapping, UUID=uuid, BatchSize=11)
    assert (code, "MaximumBatchingWindowInSeconds" in message) == ("InvalidParameterValueException", True)
    functions.update_event_source_mapping(UUID=uuid, BatchSize=11, MaximumBatchingWindowInSeconds=1)


def test_a_stream_that_one_record_cannot_stop(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f")
    aws.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    arn = f"arn:aws:kinesis:us-east-1:{aws.account}:stream/clicks"
    asked = {"FunctionName": "f", "EventSourceArn": arn, "StartingPosition": "LATEST"}
    uuid = aws.client("lambda").create_event_source_mapping(**asked)["UUID"]
    change, run = applied(aws, tmp_path, "poison-pills: {fix: true, retries: 5, bisect: false}")
    assert (change["before"], change["after"], change["risk"]) == (-1, 5, "high")
    assert mapping(aws, uuid)["MaximumRetryAttempts"] == 5
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert mapping(aws, uuid)["MaximumRetryAttempts"] == -1


def test_records_below_a_level(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}
    deploy("f", LoggingConfig=logging)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/f")
    logs.create_log_stream(logGroupName="/aws/lambda/f", logStreamName="s")
    said = [json.dumps({"level": level, "message": "x" * 100}) for level in ["DEBUG"] * 3 + ["INFO"]]
    events = [{"timestamp": int(time.time() * 1000) - 60_000, "message": each} for each in said]
    logs.put_log_events(logGroupName="/aws/lambda/f", logStreamName="s", logEvents=events)
    put(aws, "AWS/Lambda", "Invocations", 1000.0, FunctionName="f")
    put(aws, "AWS/Logs", "IncomingBytes", 14 * 2.0**30, LogGroupName="/aws/lambda/f")
    change, run = applied(aws, tmp_path, "application-log-level: {}")
    assert (change["before"], change["after"]) == ("DEBUG", "INFO")
    # A GB a day, three quarters of it, at 0.50 a GB.
    assert 11 < change["monthly_usd"]["low"] <= change["monthly_usd"]["high"] < 12
    configured = aws.client("lambda").get_function_configuration(FunctionName="f")["LoggingConfig"]
    assert configured["ApplicationLogLevel"] == "INFO"
    aws.run("rollback", run["run_id"], "--auto-approve")
    configured = aws.client("lambda").get_function_configuration(FunctionName="f")["LoggingConfig"]
    assert configured["ApplicationLogLevel"] == "DEBUG"


def test_who_may_call_it_and_what_was_lost_is_told(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f")
    functions = aws.client("lambda")
    functions.create_function_url_config(FunctionName="f", AuthType="NONE")
    functions.add_permission(
        FunctionName="f", StatementId="any-bucket", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    functions.add_permission(
        FunctionName="f", StatementId="own-bucket", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::mine", SourceAccount=aws.account,
    )  # fmt: skip
    put(aws, "AWS/Lambda", "Invocations", 1000.0, FunctionName="f")
    put(aws, "AWS/Lambda", "AsyncEventsDropped", 12.0, FunctionName="f")
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {public-access: {}, money-lost: {}}")
    plan = aws.json("plan", "--function", "f", "--policy", str(policy))
    found = {change["setting"]: change["risk"] for change in plan["functions"][0]["changes"]}
    assert found == {
        "public_access.url": "high", "public_access.any-bucket": "medium", "money_lost.async_dropped": "high",
    }  # fmt: skip
    assert plan["summary"]["changes"] == 0

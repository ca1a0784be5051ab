"""The rules about event sources, levels, access and losses on the embedded AWS: planned, priced, applied, put back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.conftest import Aws

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

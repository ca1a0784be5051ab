"""The fleet as far as the embedded AWS can hold it: deployed, with the history that each function is said to have."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from lambda_tailor.model.evidence import AtMemory, Evidence, Measured, Trigger
from lambda_tailor.model.function import LATEST, Found, Function, Lookup
from tests.advice.fleet import FLEET, Case

# What the embedded AWS has not: why a case is judged as data only.
NOT_HELD = {
    "order-saga": "durable functions", "steady-etl": "managed instances", "tenant-api": "tenant isolation",
    "edge-auth": "replicas of Lambda@Edge", "ml-image": "images", "unzip": "the layer of Lambda Insights",
    "no-logs": "Compute Optimizer", "tuned-parser": "a tune of last week",
}  # fmt: skip
HELD = tuple(case for case in FLEET if case.name not in NOT_HELD)
_LINES = 60
_REPORT = (
    "REPORT RequestId: 3604209a-e9a3-11e6-939a-{n:012x}\tDuration: {took:.2f} ms\tBilled Duration: {took:.0f} ms\t"
    "Memory Size: {memory} MB\tMax Memory Used: {used} MB\t\n"
)
_ASSUME = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_COUNTED = {
    "Invocations": "invocations", "Errors": "errors", "Throttles": "throttles", "AsyncEventsReceived": "async_events",
    "ConcurrentExecutions": "concurrency_max",
}  # fmt: skip


def deploy_fleet() -> None:
    """Make every function that can be held, where the standard AWS settings lead."""
    iam = boto3.client("iam")
    role = iam.create_role(RoleName="fleet", AssumeRolePolicyDocument=_document(_ASSUME))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": ["xray:*", "sqs:*", "kinesis:*"], "Resource": "*"}
    iam.put_role_policy(RoleName="fleet", PolicyName="fleet", PolicyDocument=_document(may))
    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(lambda case: _deploy(case, role), HELD))


def notify(topic: str, many: int = 4) -> None:
    """Alarms on Lambda that tell a topic, as an account has them that is operated."""
    for number in range(many):
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"theirs-{number}", MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
            Dimensions=[{"Name": "FunctionName", "Value": f"theirs-{number}"}],
        )  # fmt: skip


def _document(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("index.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def _deploy(case: Case, role: str) -> None:
    function, functions = case.function, boto3.client("lambda")
    snap = {"SnapStart": {"ApplyOn": "PublishedVersions"}} if function.snap_start else {}
    functions.create_function(
        FunctionName=function.name, Runtime="python3.12", Handler="index.handler", Role=role,
        Code={"ZipFile": _package()}, MemorySize=function.memory_mb, Timeout=function.timeout_s,
        Architectures=[function.architecture], **snap,
    )  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName=function.name)
    if function.reserved_concurrency:
        functions.put_function_concurrency(
            FunctionName=function.name, ReservedConcurrentExecutions=function.reserved_concurrency
        )
    _qualified(function)
    _around(function)
    _logs(function, case.seen)
    _metrics(function, case.seen)
    for trigger in case.seen.triggers if isinstance(case.seen.triggers, tuple) else ():
        _triggered(function, trigger)


def _qualified(function: Function) -> None:
    """The version and alias that callers use, or that executions are kept ready for."""
    functions, provisioned = boto3.client("lambda"), function.resource("provisioned", function.name)
    if not function.traffic and not isinstance(provisioned, Found):
        return
    version = functions.publish_version(FunctionName=function.name)["Version"]
    functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    if isinstance(provisioned, Found):
        functions.put_provisioned_concurrency_config(
            FunctionName=function.name, Qualifier="live", ProvisionedConcurrentExecutions=20
        )


def _around(function: Function) -> None:
    alarms = function.resource("duration-alarms", function.name)
    thresholds = alarms.state["thresholds_ms"] if isinstance(alarms, Found) else {}
    assert isinstance(thresholds, dict)
    for name, threshold in thresholds.items():
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=name, MetricName="Duration", Namespace="AWS/Lambda", Statistic="Maximum", Period=60,
            EvaluationPeriods=1, Threshold=threshold, ComparisonOperator="GreaterThanThreshold",
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        )  # fmt: skip


def _triggered(function: Function, trigger: Trigger) -> None:
    functions, name = boto3.client("lambda"), f"{trigger.resource}-{function.name}"
    if trigger.kind == "queue":
        seconds = {"VisibilityTimeout": str(trigger.visibility_timeout_s)}
        url = boto3.client("sqs").create_queue(QueueName=name, Attributes=seconds)["QueueUrl"]
        asked = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        functions.create_event_source_mapping(
            FunctionName=function.name, EventSourceArn=asked["Attributes"]["QueueArn"]
        )
    elif trigger.kind == "stream":
        kinesis = boto3.client("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
        functions.create_event_source_mapping(FunctionName=function.name, EventSourceArn=arn, StartingPosition="LATEST")
    else:
        functions.add_permission(
            FunctionName=function.name, StatementId="gateway", Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )  # fmt: skip


def _logs(function: Function, seen: Evidence) -> None:
    logs, group = boto3.client("logs"), f"/aws/lambda/{function.name}"
    logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    used = seen.memory_used
    if not isinstance(used, Measured):
        return
    took = seen.duration_avg.value if isinstance(seen.duration_avg, Measured) else 100.0
    runs = min(_LINES, used.samples)
    sizes = seen.at_memory or (AtMemory(function.memory_mb, runs, took, took, used.value),)
    stream = "2026/11/01/[$LATEST]history"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    at = int(time.time() * 1000) - 3_600_000
    lines = [
        _REPORT.format(n=n, took=size.duration_ms, memory=size.memory_mb, used=round(used.value))
        for size in sizes
        for n in range(min(_LINES, size.invocations))
    ]
    events = [{"timestamp": at + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _metrics(function: Function, seen: Evidence) -> None:
    at = datetime.now(UTC) - timedelta(days=3)
    whole = [{"Name": "FunctionName", "Value": function.name}]

    def datum(metric: str, more: Iterable[dict[str, str]] = (), **value: Any) -> dict[str, Any]:
        return {"MetricName": metric, "Dimensions": [*whole, *more], "Timestamp": at, **value}

    data = [
        datum(metric, Value=reading.value)
        for metric, name in _COUNTED.items()
        if isinstance(reading := getattr(seen, name), Measured)
    ]
    invocations, took, longest = seen.invocations, seen.duration_avg, seen.duration_max
    if isinstance(took, Measured) and isinstance(longest, Measured) and isinstance(invocations, Measured):
        many = max(invocations.value - 1, 1)
        values = [took.value, longest.value] if took.value != longest.value else [took.value]
        data.append(datum("Duration", Values=values, Counts=[many, 1.0][: len(values)]))
    for each in function.traffic:
        if each.qualifier != LATEST and isinstance(invocations, Measured):
            resource = [{"Name": "Resource", "Value": f"{function.name}:{each.qualifier}"}]
            data.append(datum("Invocations", resource, Value=(each.share or 0.0) * invocations.value))
    if isinstance(seen.provisioned_max, Measured):
        resource = [{"Name": "Resource", "Value": f"{function.name}:live"}]
        data.append(datum("ProvisionedConcurrentExecutions", resource, Value=seen.provisioned_max.value))
    age = function.resources.get(Lookup("iterator-age", function.name))
    if isinstance(age, Found):
        data.append(datum("IteratorAge", Value=age.state["most_ms"]))
    if data:
        boto3.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)

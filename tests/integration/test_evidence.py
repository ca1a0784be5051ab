"""Evidence from the embedded AWS, whose history PutMetricData and PutLogEvents put in; and the preset right-size."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambda_tailor.aws import evidence_logs
from lambda_tailor.aws.gateway import Connection, Gateway
from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
REPORT = (
    "REPORT RequestId: 3604209a-e9a3-11e6-939a-{n:012x}\tDuration: {took:.2f} ms\tBilled Duration: {took:.0f} ms\t"
    "Memory Size: {memory} MB\tMax Memory Used: {used} MB\t\n"
)
JSON_REPORT = {
    "time": "2026-11-01T00:00:00.000Z",
    "type": "platform.report",
    "record": {"requestId": "3604209a-e9a3-11e6-939a-754dd98c7be3", "status": "success"},
}


def put_metrics(aws: Aws, name: str, values: Mapping[str, float], namespace: str = "AWS/Lambda") -> None:
    """One data point of each metric, three days ago."""
    dimensions = [{"Name": "FunctionName", "Value": name}]
    at = datetime.now(UTC) - timedelta(days=3)
    data = [
        {"MetricName": metric, "Dimensions": dimensions, "Timestamp": at, "Value": v} for metric, v in values.items()
    ]
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def put_logs(aws: Aws, name: str, messages: list[str]) -> None:
    logs, group = aws.client("logs"), f"/aws/lambda/{name}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="2026/11/01/[$LATEST]history")
    at = int(time.time() * 1000) - 3_600_000
    events = [{"timestamp": at + n, "message": message} for n, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName="2026/11/01/[$LATEST]history", logEvents=events)


def history(aws: Aws, name: str, *, memory: int, used: int, took: float = 800.0, runs: int = 60) -> None:
    """A function that ran so often, so long, with so much memory."""
    put_metrics(aws, name, {"Invocations": 500_000.0, "Errors": 1000.0, "Duration": took, "ConcurrentExecutions": 3.0})
    put_logs(aws, name, [REPORT.format(n=n, took=took, memory=memory, used=used) for n in range(runs)])


def planned(aws: Aws, name: str, *more: str) -> dict[str, Any]:
    """The plan for a function by name, its changes by rule."""
    plan = aws.json("plan", "--function", name, *more)
    (function,) = plan["functions"]
    changes = {change["rule"]: change for change in function["changes"]}
    kept = {each["rule"]: each for each in function["kept"]}
    return {"plan": plan, "changes": changes, "kept": kept}


def test_values_follow_from_what_the_function_did(aws: Aws, deploy: Deploy) -> None:
    deploy("busy", MemorySize=3008, Timeout=300)
    history(aws, "busy", memory=3008, used=400)
    changes = planned(aws, "busy")["changes"]
    assert (changes["memory"]["before"], changes["memory"]["after"]) == (3008, 1769)
    assert changes["memory"]["monthly_usd"]["low"] < changes["memory"]["monthly_usd"]["high"]
    assert (changes["timeout"]["before"], changes["timeout"]["after"]) == (300, 3)
    (used,) = [quote for quote in changes["memory"]["evidence"] if quote["name"] == "memory_used"]
    assert used["source"].startswith("sample of 60 REPORT records")
    assert (used["value"], used["samples"]) == (400, 60)
    # The records are an hour old: that is what they cover, whatever was asked.
    assert used["window_days"] < 0.1


def put_log_bytes(aws: Aws, *names: str) -> None:
    """What CloudWatch Logs counts of a log group by itself on AWS; Insights is only asked where that is known."""
    at = datetime.now(UTC) - timedelta(days=3)
    for name in names:
        dimensions = [{"Name": "LogGroupName", "Value": f"/aws/lambda/{name}"}]
        data = [{"MetricName": "IncomingBytes", "Dimensions": dimensions, "Timestamp": at, "Value": 20_000.0}]
        aws.client("cloudwatch").put_metric_data(Namespace="AWS/Logs", MetricData=data)


def test_logs_insights_tells_memory_and_durations_of_both_log_formats(aws: Aws, deploy: Deploy) -> None:
    deploy("text", MemorySize=3008, Timeout=300)
    deploy("json", MemorySize=2048, Timeout=60, LoggingConfig={"LogFormat": "JSON"})
    history(aws, "text", memory=3008, used=400)
    metrics = {"durationMs": 90.5, "billedDurationMs": 91, "memorySizeMB": 2048, "maxMemoryUsedMB": 500}
    record = json.dumps({**JSON_REPORT, "record": {**JSON_REPORT["record"], "metrics": metrics}})  # type: ignore[dict-item]
    put_metrics(aws, "json", {"Invocations": 5_000_000.0, "Duration": 90.5})
    put_logs(aws, "json", [record] * 60)
    put_log_bytes(aws, "text", "json")
    aws.control.reset()
    plan = aws.json("plan", "--all", "--rules", "memory,timeout")
    quotes = {
        function["name"]: {q["name"]: q for change in function["changes"] for q in change["evidence"]}
        for function in plan["functions"]
    }
    used = {name: quoted["memory_used"] for name, quoted in quotes.items()}
    assert all(each["source"].startswith("Logs Insights over REPORT records") for each in used.values())
    assert {name: (each["value"], each["samples"]) for name, each in used.items()} == {
        "text": (400, 60),
        "json": (500, 60),
    }
    calls = aws.control.calls()
    assert (calls["logs:StartQuery"], calls["logs:GetQueryResults"], calls["logs:FilterLogEvents"]) == (1, 2, 0)


def test_the_reader_takes_insights_answer_apart(aws: Aws) -> None:
    lines = [REPORT.format(n=n, took=100.0 + n, memory=512, used=100 + n) for n in range(10)]
    lines += [REPORT.format(n=n, took=50.0, memory=256, used=90) for n in range(5)]
    lines.append(
        "REPORT RequestId: x\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 256 MB\t"
        "Max Memory Used: 95 MB\tInit Duration: 200.50 ms\tStatus: timeout\n"
    )
    put_logs(aws, "mixed", [*lines, "START RequestId: x Version: $LATEST", "INFO a word of my own"])
    gateway = Gateway(boto3.Session(), "us-east-1", Connection())
    answer = evidence_logs.aggregate(gateway, ["/aws/lambda/mixed"], datetime.now(UTC), 14, sleep=lambda _s: None)
    assert answer.gap is None
    found = answer.by_group["/aws/lambda/mixed"]
    assert (found.runs, found.memory_used, found.timeouts, found.init_avg) == (16, 109.0, 1, 200.5)
    assert found.billed_avg == pytest.approx((sum(range(100, 110)) + 5 * 50 + 3000) / 16, abs=0.01)
    assert {size.memory_mb: size.invocations for size in found.at_memory} == {512: 10, 256: 6}
    assert answer.scanned_bytes > sum(map(len, lines))


def test_json_report_records_count_as_well(aws: Aws, deploy: Deploy) -> None:
    deploy("json", MemorySize=2048, Timeout=60, LoggingConfig={"LogFormat": "JSON"})
    metrics = {"durationMs": 90.5, "billedDurationMs": 91, "memorySizeMB": 2048, "maxMemoryUsedMB": 500}
    record = json.dumps({**JSON_REPORT, "record": {**JSON_REPORT["record"], "metrics": metrics}})  # type: ignore[dict-item]
    put_metrics(aws, "json", {"Invocations": 5_000_000.0, "Duration": 90.5})
    put_logs(aws, "json", [record] * 60)
    assert planned(aws, "json")["changes"]["memory"]["after"] == 1769


def test_a_function_at_the_brim_gets_more_memory_at_a_stated_cost(aws: Aws, deploy: Deploy) -> None:
    deploy("full", MemorySize=256, Timeout=30)
    history(aws, "full", memory=256, used=250)
    change = planned(aws, "full")["changes"]["memory"]
    assert change["after"] == 384
    assert change["monthly_usd"]["low"] < 0
    assert "may run out of memory" in change["reason"]


def test_a_queue_takes_the_failed_events_of_an_asynchronous_function(aws: Aws, deploy: Deploy) -> None:
    deploy("events")
    put_metrics(aws, "events", {"Invocations": 500.0, "AsyncEventsReceived": 40.0})
    change = planned(aws, "events", "--preset", "operate", "--rules", "dead-letter-queue")["changes"][
        "dead-letter-queue"
    ]
    assert "the role may not send to it" in change["blocked"]


def test_a_fixed_target_under_what_was_used_is_blocked(aws: Aws, deploy: Deploy) -> None:
    deploy("large", MemorySize=3008, Timeout=30)
    history(aws, "large", memory=3008, used=2000)
    change = planned(aws, "large", "--preset", "reference", "--rules", "memory")["changes"]["memory"]
    assert "2000 MB were in use" in change["blocked"]


def test_a_function_without_a_history_is_left_as_it_is(aws: Aws, deploy: Deploy) -> None:
    deploy("new", MemorySize=3008, Timeout=300)
    found = planned(aws, "new")
    assert not {"memory", "timeout", "reserved-concurrency"} & set(found["changes"])
    assert "nobody invoked it" in found["kept"]["memory"]["because"]
    assert "idle-function" not in found["changes"]


def test_right_sizing_settles_and_can_be_undone(aws: Aws, deploy: Deploy) -> None:
    deploy("busy", MemorySize=3008, Timeout=300)
    history(aws, "busy", memory=3008, used=400)
    before = aws.snapshot()
    run = aws.json("apply", "--function", "busy", "--auto-approve")
    assert run["summary"]["failed"] == 0
    assert planned(aws, "busy")["plan"]["operations"] == []
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []


def test_the_price_of_the_evidence_is_told_and_capped(aws: Aws, deploy: Deploy) -> None:
    for name in ("one", "two"):
        deploy(name)
        history(aws, name, memory=128, used=60)
    free = aws.json("plan", "--all", "--evidence-budget-usd", "0")
    told = free["assumptions"]["evidence"]
    assert (told["metrics"], told["usd"]) == (0, "0")
    assert any("beyond the evidence budget of $0" in note for note in told["not_read"])
    told = aws.json("plan", "--all")["assumptions"]["evidence"]
    assert told["metrics"] == 24
    assert float(told["usd"]) == pytest.approx(0.00024)


def test_nobody_pays_for_metrics_that_an_idle_function_cannot_have(aws: Aws, deploy: Deploy) -> None:
    for name in ("idle", "busy"):
        deploy(name)
    history(aws, "busy", memory=128, used=60)
    plan = aws.json("plan", "--all", "--rules", "timeout")
    # Invocations and throttles of both; seven more and the bytes that were logged of the one that was invoked.
    assert plan["assumptions"]["evidence"]["metrics"] == 2 * 2 + 8
    kept = {function["name"]: function["kept"] for function in plan["functions"]}
    assert "CloudWatch has no Invocations in the window of 14 days" in kept["idle"][0]["because"]


def test_many_functions_take_few_calls_for_evidence(aws: Aws, deploy: Deploy) -> None:
    count = 60
    for n in range(count):
        deploy(f"fleet-{n:02}", MemorySize=1024)
        put_metrics(aws, f"fleet-{n:02}", {"Invocations": 500.0, "Duration": 20.0})
    aws.control.reset()
    aws.json("plan", "--all", "--rules", "memory,timeout")
    evidence = {"cloudwatch:GetMetricData", "logs:StartQuery", "logs:GetQueryResults", "lambda:ListEventSourceMappings"}
    calls = aws.control.calls()
    assert sum(calls[name] for name in evidence) <= 0.2 * count


def x86_package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")
        packed.writestr("lib/fast.so", b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00" + bytes(44))
    return buffer.getvalue()


def test_code_is_unzipped_to_see_whether_arm_could_run_it(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("plain")
    deploy("binary", Code={"ZipFile": x86_package()})
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {architecture: {target: arm64}}\n")
    ready = planned(aws, "plain", "--policy", str(policy))["changes"]["architecture"]
    assert (ready["before"], ready["after"]) == ("x86_64", "arm64")
    assert ready["monthly_usd"]["low"] > 0
    blocked = planned(aws, "binary", "--policy", str(policy))["changes"]["architecture"]["blocked"]
    assert blocked == "lib/fast.so in the package is made for x86"


def test_the_same_code_is_sent_again_for_arm_and_put_back(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("plain", MemorySize=1024)
    before, code = (
        aws.snapshot(),
        aws.client("lambda").get_function(FunctionName="plain")["Configuration"]["CodeSha256"],
    )
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {architecture: {target: arm64}, memory: {target_mb: 512}}\n")
    run = aws.json("apply", "--function", "plain", "--policy", str(policy), "--auto-approve")
    assert {o["setting"]: o["outcome"] for o in run["outcomes"]} == {"architecture": "applied", "memory_mb": "applied"}
    now = aws.client("lambda").get_function(FunctionName="plain")["Configuration"]
    assert (now["Architectures"], now["MemorySize"], now["CodeSha256"]) == (["arm64"], 512, code)
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []


MORE = """
rules:
  log-format: {format: JSON}
  async-retries: {retries: 0, max_age_s: 600}
  sqs-visibility: {fix: true}
  unbounded-recursion: {terminate: true}
  dead-letter-queue: {queue: "{suffix}-lost", only_asynchronous: true}
"""


def test_the_other_settings_are_changed_and_put_back(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("worker", Timeout=20)
    functions, sqs = aws.client("lambda"), aws.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(FunctionName="worker", EventSourceArn=arn)
    functions.put_function_recursion_config(FunctionName="worker", RecursiveLoop="Allow")
    put_metrics(aws, "worker", {"Invocations": 500.0, "AsyncEventsReceived": 40.0})
    policy = tmp_path / "policy.yaml"
    policy.write_text(MORE)
    told = planned(aws, "worker")["changes"]
    assert "AWS recommends 6 times that, 120 s" in told["sqs-visibility"]["reason"]
    assert told["unbounded-recursion"]["kind"] == "finding"

    rules = "log-format,async-retries,sqs-visibility,unbounded-recursion"
    target = ["--function", "worker", "--policy", str(policy), "--rules", rules]
    run = aws.json("apply", *target, "--auto-approve")
    assert run["summary"] == {"applied": 6, "unchanged": 0, "blocked": 0, "failed": 0, "rolled_back": 0}
    assert functions.get_function_recursion_config(FunctionName="worker")["RecursiveLoop"] == "Terminate"
    retries = functions.get_function_event_invoke_config(FunctionName="worker")
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (0, 600)

    def hidden() -> str:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return str(answer["Attributes"]["VisibilityTimeout"])

    assert hidden() == "120"
    assert aws.json("plan", *target)["operations"] == []
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert hidden() == "30"
    assert functions.get_function_recursion_config(FunctionName="worker")["RecursiveLoop"] == "Allow"
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_event_invoke_config(FunctionName="worker")


def test_only_unreferenced_versions_are_pruned_and_only_when_asked(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("released")
    functions = aws.client("lambda")
    for n in range(4):
        functions.update_function_configuration(FunctionName="released", Description=f"release {n}")
        functions.get_waiter("function_updated_v2").wait(FunctionName="released")
        functions.publish_version(FunctionName="released")
    functions.create_alias(FunctionName="released", Name="live", FunctionVersion="1")
    # A permission on the version itself is somebody who may call it.
    functions.add_permission(
        FunctionName="released", Qualifier="2", StatementId="s", Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )  # fmt: skip

    def published() -> list[str]:
        listed = functions.list_versions_by_function(FunctionName="released")["Versions"]
        return [version["Version"] for version in listed if version["Version"] != "$LATEST"]

    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {old-versions: {keep: 1}}\n")
    target = ["--function", "released", "--policy", str(policy)]
    assert aws.json("plan", *target)["summary"]["findings"] == 1
    aws.run("apply", *target, "--auto-approve")
    assert published() == ["1", "2", "3", "4"]
    policy.write_text("rules: {old-versions: {keep: 1, prune: true}}\n")
    assert aws.json("apply", *target, "--auto-approve")["summary"]["applied"] == 1
    assert published() == ["1", "2", "4"]
    assert functions.get_function(FunctionName="released")


def test_without_compute_optimizer_that_is_said_and_the_plan_goes_on(aws: Aws, deploy: Deploy) -> None:
    deploy("busy", MemorySize=3008, Timeout=300)
    history(aws, "busy", memory=3008, used=400)
    aws.run("plan", "--function", "busy", "--deep")
    plan = planned(aws, "busy")["plan"]
    assert any("Compute" in note or "compute" in note for note in plan["assumptions"]["evidence"]["not_read"])
    assert plan["problems"] == []


def test_log_groups_of_several_classes_are_read_without_a_query_that_aws_refuses(aws: Aws, deploy: Deploy) -> None:
    logs = aws.client("logs")
    for name, kind in (("f-plain", "STANDARD"), ("f-rare", "INFREQUENT_ACCESS"), ("f-sent", "DELIVERY")):
        deploy(name, MemorySize=3008, Timeout=300)
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}", logGroupClass=kind)
        history(aws, name, memory=3008, used=400)
        dimensions = [{"Name": "LogGroupName", "Value": f"/aws/lambda/{name}"}]
        at = datetime.now(UTC) - timedelta(days=3)
        datum = {"MetricName": "IncomingBytes", "Dimensions": dimensions, "Timestamp": at, "Value": 1e6}
        aws.client("cloudwatch").put_metric_data(Namespace="AWS/Logs", MetricData=[datum])
    aws.control.reset()
    plan = aws.json("plan", "--name-pattern", "f-*", "--preset", "right-size", "--rules", "memory")
    asked = [status for _, _, name, status in aws.control.log() if name == "logs:StartQuery"]
    assert asked == [200, 200]
    known = {f["name"]: "MB were in use" in str([f["changes"], f["kept"]]) for f in plan["functions"]}
    assert known == {"f-plain": True, "f-rare": True, "f-sent": False}
    assert "class DELIVERY" in str(next(f for f in plan["functions"] if f["name"] == "f-sent"))

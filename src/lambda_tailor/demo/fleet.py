"""A small fleet beside the reference stack, really invoked: CPU-bound, I/O-bound, idle and misbehaving."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3

PREFIX = "fleet-"
RUNTIME = "python3.12"
_CODE = """import time


def handler(event, context):
    if event.get("fail"):
        raise ValueError("asked to fail")
    time.sleep(event.get("sleep_ms", 0) / 1000)
    return {"total": sum(n * n for n in range(event.get("spin", 0)))}
"""
_ASSUME = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@dataclass(frozen=True, slots=True)
class Member:
    """One function of the fleet and the events that it gets."""

    name: str
    memory_mb: int
    timeout_s: int
    events: Sequence[Mapping[str, Any]]


FLEET = (
    Member(f"{PREFIX}cpu-bound", 2048, 120, [{"spin": 200_000}] * 4),
    Member(f"{PREFIX}io-bound", 3008, 300, [{"sleep_ms": 150}] * 4),
    Member(f"{PREFIX}idle", 1536, 60, []),
    Member(f"{PREFIX}misbehaving", 1024, 300, [{"fail": True}, {"sleep_ms": 2500}, {"fail": True}]),
)


def deploy_fleet() -> None:
    """Make the fleet where the standard AWS settings lead, and invoke it."""
    session = boto3.Session()
    iam, functions = session.client("iam"), session.client("lambda")
    document = json.dumps({"Version": "2012-10-17", "Statement": [_ASSUME]})
    role = iam.create_role(RoleName=f"{PREFIX}role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for member in FLEET:
        functions.create_function(
            FunctionName=member.name,
            Runtime=RUNTIME,
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": _package()},
            MemorySize=member.memory_mb,
            Timeout=member.timeout_s,
            Environment={"Variables": {"STAGE": "demo"}},
        )
    for member in FLEET:
        functions.get_waiter("function_active_v2").wait(FunctionName=member.name)
    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(lambda member: _invoke(functions, member), FLEET))
    for member in FLEET:
        _measure_logs(session, f"/aws/lambda/{member.name}")


def _measure_logs(session: boto3.Session, group: str) -> None:
    """The metric of what a log group took in, which AWS gives by itself and the emulator does not."""
    logs = session.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    taken = sum(len(event["message"].encode()) for page in pages for event in page["events"])
    dimensions = [{"Name": "LogGroupName", "Value": group}]
    data = [{"MetricName": "IncomingBytes", "Dimensions": dimensions, "Value": taken, "Unit": "Bytes"}]
    session.client("cloudwatch").put_metric_data(Namespace="AWS/Logs", MetricData=data)


def _invoke(functions: Any, member: Member) -> None:
    for event in member.events:
        functions.invoke(FunctionName=member.name, Payload=json.dumps(event).encode())


def _package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("index.py", _CODE)
    return buffer.getvalue()

"""The metrics of what was invoked through which alias, and which version ran: the emulator tells only the function.

Every invocation counts under FunctionName and Resource (``name``, ``name:alias`` or ``name:version``);
one through a weighted alias under ExecutedVersion as well. An asynchronous invocation counts as it is
accepted: what becomes of it later is in no metric here.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#metrics-dimensions
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend
from lambda_tailor.demo.strict.wire import Answer, Exchange

PUT_METRICS = "GraniteServiceVersion20100801.PutMetricData"
_THROTTLED = 429


class Executions:
    """Puts the metrics of an invocation where GetMetricData, ListMetrics and alarms find them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def measured(
        self,
        exchange: Exchange,
        name: str,
        qualifier: str,
        answer: Callable[[], Awaitable[Answer]],
        *,
        weighted: bool,
    ) -> Answer:
        """The answer of an invocation, once it is counted; an unqualified one has an empty ``qualifier``."""
        begun = time.monotonic()
        answered = await answer()
        # What was refused otherwise is no invocation.
        if answered.status in (200, 202, _THROTTLED):
            milliseconds = 1000 * (time.monotonic() - begun)
            data = counted(name, qualifier, answered, milliseconds, weighted=weighted)
            await self._backend.json(
                exchange, "cloudwatch", PUT_METRICS, {"Namespace": "AWS/Lambda", "MetricData": data}
            )
        return answered


def counted(
    name: str, qualifier: str, answered: Answer, milliseconds: float, *, weighted: bool
) -> list[Mapping[str, Any]]:
    """The metric data of one invocation."""
    headers = {header.lower(): value for header, value in answered.headers.items()}
    dimensions = {"FunctionName": name, "Resource": f"{name}:{qualifier}" if qualifier else name}
    version = headers.get("x-amz-executed-version", "")
    every = [dimensions]
    # A throttled request has no version that ran.
    if weighted and version and answered.status != _THROTTLED:
        every.append({**dimensions, "ExecutedVersion": version})
    values = (
        {"Throttles": (1.0, "Count")} if answered.status == _THROTTLED else _values(answered, headers, milliseconds)
    )
    return [
        {
            "MetricName": metric,
            "Value": value,
            "Unit": unit,
            "Timestamp": time.time(),
            "Dimensions": [{"Name": each, "Value": given} for each, given in dimension.items()],
        }
        for dimension in every
        for metric, (value, unit) in values.items()
    ]


def _values(answered: Answer, headers: Mapping[str, str], milliseconds: float) -> dict[str, tuple[float, str]]:
    counts = {"Invocations": (1.0, "Count"), "Throttles": (0.0, "Count")}
    if answered.status == 202:
        return counts
    failed = float("x-amz-function-error" in headers)
    return {**counts, "Errors": (failed, "Count"), "Duration": (milliseconds, "Milliseconds")}

"""GetMetricData with metric math, which the emulator answers with nothing.

What the expressions read is asked of the emulator, whatever its ReturnData; what is not to be
returned is then left out. The query protocol of old clients is let through as it is.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.metric_math import MathError, Series, check, evaluate
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document


async def measured(
    backend: Backend, exchange: Exchange, queries: Sequence[Mapping[str, Any]], start: float, end: float
) -> dict[str, Series]:
    """The emulator's series of every metric query by its id; times in seconds since 1970."""
    wanted = [{**query, "ReturnData": True} for query in queries if query.get("MetricStat")]
    if not wanted:
        return {}
    asked = {"MetricDataQueries": wanted, "StartTime": start, "EndTime": end}
    found = await backend.json(exchange, "cloudwatch", "GraniteServiceVersion20100801.GetMetricData", asked)
    return {
        result["Id"]: dict(zip(map(_seconds, result["Timestamps"]), result["Values"], strict=True))
        for result in found["MetricDataResults"]
    }


class MetricData(Passing):
    """Computes the expressions of a GetMetricData."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Refuse what cannot be computed, once it is known that its sender may ask; else put the values in."""
        if exchange.name != "cloudwatch:GetMetricData" or answer.status != 200:
            return answer
        asked = exchange.parameters()
        queries = asked.get("MetricDataQueries") or ()
        if not any(query.get("Expression") for query in queries):
            return answer
        try:
            check(queries)
            start, end = _seconds(asked["StartTime"]), _seconds(asked["EndTime"])
            found = evaluate(queries, await measured(self._backend, exchange, queries, start, end))
        except MathError as error:
            return refusal(exchange, "ValidationError", f"Error in expression: {error}")
        told = document(exchange, answer)
        descending = asked.get("ScanBy", "TimestampDescending") != "TimestampAscending"
        told["MetricDataResults"] = [
            _result(exchange, query, found[query["Id"]], descending=descending)
            for query in queries
            if query.get("ReturnData", True)
        ]
        return with_document(exchange, answer, told)


def _result(exchange: Exchange, query: Mapping[str, Any], series: Series, *, descending: bool) -> dict[str, Any]:
    times = sorted(series, reverse=descending)
    stamps = [datetime.fromtimestamp(at, UTC) for at in times] if exchange.speaks_cbor else times
    values = [series[at] for at in times]
    label = query.get("Label") or query["Id"]
    return {"Id": query["Id"], "Label": label, "Timestamps": stamps, "Values": values, "StatusCode": "Complete"}


def _seconds(when: Any) -> float:
    """A time in seconds since 1970, from what CBOR or JSON made of it."""
    if isinstance(when, datetime):
        return when.timestamp()
    return float(when) if isinstance(when, int | float) else datetime.fromisoformat(when).timestamp()


BEHAVIOUR = Registered(lambda layer: MetricData(layer.backend), order=50)

"""How much something was used, from CloudWatch: queues, provisioned executions by hour, streams, levels of logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.aws.evidence_logs import READ_ACTIONS as LOG_ACTIONS
from lambda_tailor.aws.evidence_logs import bytes_by_level
from lambda_tailor.aws.evidence_metrics import READ_ACTIONS
from lambda_tailor.aws.lookups.kind import LookupKind, Resources, one_by_one, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings.setting import Call

DAYS = 14
QUERIES_A_CALL = 100
Points = Sequence[tuple[datetime, float]]


def _metric_data(
    opened: OpenScope, metrics: Sequence[Mapping[str, Any]], statistic: str, period_s: int
) -> list[Points]:
    """The data points of each metric over the last two weeks, a hundred metrics a call."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found: dict[int, list[tuple[datetime, float]]] = {}
    for start in range(0, len(metrics), QUERIES_A_CALL):
        queries = [
            {"Id": f"m{n}", "MetricStat": {"Metric": metric, "Period": period_s, "Stat": statistic}}
            for n, metric in enumerate(metrics[start : start + QUERIES_A_CALL], start=start)
        ]
        asked = {"MetricDataQueries": queries, "StartTime": end - timedelta(days=DAYS), "EndTime": end}
        for page in opened.gateway.pages(Call("cloudwatch", "GetMetricData", asked), "NextToken"):
            for result in page.get("MetricDataResults") or ():
                points = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
                found.setdefault(int(result["Id"][1:]), []).extend(points)
    return [found.get(n, []) for n in range(len(metrics))]


def _metric(namespace: str, name: str, **dimensions: str) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": named}


def _messages(opened: OpenScope, names: Sequence[str]) -> Resources:
    """``messages`` that were received from each queue and deleted, which is what was worked on."""
    metrics = [_metric("AWS/SQS", "NumberOfMessagesDeleted", QueueName=name) for name in names]
    series = _metric_data(opened, metrics, "Sum", DAYS * 86_400)
    return {
        name: Found({"messages": sum(value for _, value in points), "window_days": DAYS}) if points else Missing()
        for name, points in zip(names, series, strict=True)
    }


def _provisioned(opened: OpenScope, names: Sequence[str]) -> Resources:
    """``FUNCTION:QUALIFIER``: the most that were in use, in all and by the hour of the day in UTC.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
    """
    metrics = [
        _metric("AWS/Lambda", "ProvisionedConcurrentExecutions", FunctionName=name.rpartition(":")[0], Resource=name)
        for name in names
    ]
    found: dict[str, Resource] = {}
    for name, points in zip(names, _metric_data(opened, metrics, "Maximum", 3600), strict=True):
        by_hour = [max((v for at, v in points if at.astimezone(UTC).hour == hour), default=0.0) for hour in range(24)]
        found[name] = Found({"peak": max(by_hour), "by_hour": [*by_hour]}) if points else Missing()
    return found


def _iterator_age(opened: OpenScope, names: Sequence[str]) -> Resources:
    """``most_ms``: how long the oldest record of a stream had waited for each function when it came."""
    metrics = [_metric("AWS/Lambda", "IteratorAge", FunctionName=name) for name in names]
    series = _metric_data(opened, metrics, "Maximum", DAYS * 86_400)
    return {
        name: Found({"most_ms": max(value for _, value in points)}) if points else Missing()
        for name, points in zip(names, series, strict=True)
    }


def _levels(opened: OpenScope, name: str) -> Resource:
    """``bytes`` by level, of the newest day."""
    return bytes_by_level(opened.gateway, name, datetime.now(UTC))


KINDS = (
    LookupKind(kind="queue-messages", read=together(_messages), costs="page", actions=READ_ACTIONS),
    LookupKind(kind="provisioned-use", read=together(_provisioned), costs="page", actions=READ_ACTIONS),
    LookupKind(kind="iterator-age", read=together(_iterator_age), costs="page", actions=READ_ACTIONS),
    LookupKind(kind="log-levels", read=one_by_one(_levels), costs="function", actions=LOG_ACTIONS[:2]),
)

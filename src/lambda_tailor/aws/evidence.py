"""What functions really did, read from CloudWatch in as few calls as there can be.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.evidence import Absent, Evidence, Measured, Reading
from lambda_tailor.model.function import Function
from lambda_tailor.setting import Call

# Reading: CloudWatch metric, statistic, unit.
METRICS: Mapping[str, tuple[str, str, str]] = {
    "invocations": ("Invocations", "Sum", "count"),
    "errors": ("Errors", "Sum", "count"),
    "throttles": ("Throttles", "Sum", "count"),
    "duration_avg": ("Duration", "Average", "ms"),
    "duration_p50": ("Duration", "p50", "ms"),
    "duration_p95": ("Duration", "p95", "ms"),
    "duration_p99": ("Duration", "p99", "ms"),
    "duration_max": ("Duration", "Maximum", "ms"),
    "concurrency_max": ("ConcurrentExecutions", "Maximum", "count"),
}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
QUERIES_A_CALL = 500
READ_ACTIONS = ("cloudwatch:GetMetricData",)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """How far to look back, in days."""

    lookback_days: int = 14


def gather(gateway: Gateway, functions: Sequence[Function], options: EvidenceOptions) -> Mapping[str, Evidence]:
    """Evidence by function ARN. What may not be read is absent, with the reason, and stops nothing."""
    wanted = [(f, reading) for f in functions for reading in METRICS]
    readings: dict[str, dict[str, Any]] = {f.arn: {} for f in functions}
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    for start in range(0, len(wanted), QUERIES_A_CALL):
        batch = wanted[start : start + QUERIES_A_CALL]
        values = _batch(gateway, batch, end, options.lookback_days)
        for n, (function, reading) in enumerate(batch):
            readings[function.arn][reading] = _reading(reading, values, n, options.lookback_days)
    return {arn: _counted(replace(Evidence(), **found)) for arn, found in readings.items()}


def _batch(
    gateway: Gateway, batch: Sequence[tuple[Function, str]], end: datetime, days: int
) -> Mapping[str, list[float]] | Absent:
    asked = {
        "MetricDataQueries": [_query(n, f.name, *METRICS[reading][:2], days) for n, (f, reading) in enumerate(batch)],
        "StartTime": end - timedelta(days=days),
        "EndTime": end,
    }
    values: dict[str, list[float]] = {}
    try:
        for page in gateway.pages(Call("cloudwatch", "GetMetricData", asked), "NextToken"):
            for result in page.get("MetricDataResults") or ():
                values.setdefault(result["Id"], []).extend(result.get("Values") or ())
    except (AccessDenied, AwsRefused) as error:
        return Absent(str(error))
    return values


def _query(n: int, function: str, metric: str, statistic: str, days: int) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": function}]
    named = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": f"m{n}", "MetricStat": {"Metric": named, "Period": days * 86400, "Stat": statistic}}


def _reading(reading: str, values: Mapping[str, list[float]] | Absent, n: int, days: int) -> Reading:
    if isinstance(values, Absent):
        return values
    metric, statistic, unit = METRICS[reading]
    found = values.get(f"m{n}") or []
    if not found:
        return Absent(f"CloudWatch has no {metric} in the last {days} days")
    # A window that straddles two periods gives two values: sums add, for all else the larger is the safer one.
    value = sum(found) if statistic == "Sum" else max(found)
    return Measured(value, unit, f"CloudWatch {metric} {statistic}", float(days), 0)


def _counted(evidence: Evidence) -> Evidence:
    """Every value with its sample count, which is the number of invocations."""
    invocations = evidence.invocations
    samples = int(invocations.value) if isinstance(invocations, Measured) else 0
    counted: dict[str, Any] = {
        name: replace(value, samples=samples)
        for name in METRICS
        if isinstance(value := getattr(evidence, name), Measured)
    }
    return replace(evidence, **counted)

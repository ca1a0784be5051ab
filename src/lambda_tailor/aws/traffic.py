"""Through which aliases and versions functions are invoked: one sweep of metrics for the whole region.

CloudWatch lists what was in use in the last two weeks. Only functions of which it lists more than the function
itself are asked about further.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.function import LATEST, Function, Traffic
from lambda_tailor.settings.setting import Call

READ_ACTIONS = (
    Action("cloudwatch:ListMetrics", because="metrics have no ARN; only data sets of OpenTelemetry do"),
    Action("lambda:ListAliases", FUNCTION),
    Action("lambda:GetFunctionConfiguration", FUNCTION),
)
# CloudWatch lists metrics that had data in the last two weeks.
WINDOW_DAYS = 14
QUERIES_A_CALL = 500
# Aliases and what they run take calls for each function: of so many functions, or where that is asked for.
FEW = 20
_DAY_S = 86_400

InUse = Mapping[str, frozenset[str]]


def read_traffic(
    gateway: Gateway, functions: Sequence[Function], *, deep: bool = False
) -> Mapping[str, tuple[Traffic, ...]]:
    """By function ARN who invokes it by what; only functions that are not invoked as ``$LATEST`` alone are in it.

    Where CloudWatch may not be read nothing is known, and the answer is empty: IAM's refusal is told elsewhere.
    """
    by_name = {function.name: function for function in functions}
    try:
        in_use = _in_use(gateway, sorted(by_name))
        if not in_use:
            return {}
        counts = _counts(gateway, in_use)
    except (AccessDenied, AwsRefused):
        return {}
    closely = sorted(in_use) if deep else sorted(in_use)[:FEW]
    with ThreadPoolExecutor(max_workers=8) as threads:
        versions = dict(zip(closely, threads.map(lambda name: _aliases(gateway, name), closely), strict=True))
        told = threads.map(lambda name: _told(gateway, name, counts[name], versions.get(name)), sorted(in_use))
        return {by_name[name].arn: traffic for name, traffic in zip(sorted(in_use), told, strict=True)}


def _in_use(gateway: Gateway, names: Sequence[str]) -> InUse:
    """The qualifiers in use by function name, of functions that have any."""
    dimensions: list[dict[str, str]] = [{"Name": "Resource"}]
    if len(names) == 1:
        dimensions.append({"Name": "FunctionName", "Value": names[0]})
    asked = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    known, found = set(names), dict[str, set[str]]()
    for page in gateway.pages(Call("cloudwatch", "ListMetrics", asked), "NextToken"):
        for metric in page.get("Metrics") or ():
            has = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
            name, _, qualifier = str(has.get("Resource")).partition(":")
            # A weighted alias is listed once more for each version that it ran.
            if name in known and qualifier and "ExecutedVersion" not in has:
                found.setdefault(name, set()).add(qualifier)
    return {name: frozenset(qualifiers) for name, qualifiers in found.items()}


def _counts(gateway: Gateway, in_use: InUse) -> Mapping[str, Mapping[str, float]]:
    """Invocations of the window by function and qualifier; the whole function's stand under an empty text."""
    asked = [(name, qualifier) for name in sorted(in_use) for qualifier in ("", *sorted(in_use[name]))]
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    counts: dict[str, dict[str, float]] = {name: {} for name in in_use}
    for start in range(0, len(asked), QUERIES_A_CALL):
        batch = asked[start : start + QUERIES_A_CALL]
        call = Call(
            "cloudwatch",
            "GetMetricData",
            {
                "MetricDataQueries": [_query(f"m{n}", *each) for n, each in enumerate(batch)],
                "StartTime": end - timedelta(days=WINDOW_DAYS),
                "EndTime": end,
            },
        )
        for page in gateway.pages(call, "NextToken"):
            for result in page.get("MetricDataResults") or ():
                name, qualifier = batch[int(result["Id"][1:])]
                counts[name][qualifier] = counts[name].get(qualifier, 0.0) + sum(result.get("Values") or ())
    return counts


def _query(identifier: str, name: str, qualifier: str) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": name}]
    if qualifier:
        dimensions.append({"Name": "Resource", "Value": f"{name}:{qualifier}"})
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": WINDOW_DAYS * _DAY_S, "Stat": "Sum"}}


def _aliases(gateway: Gateway, name: str) -> Mapping[str, str] | None:
    """The version of each alias; None where that is not known."""
    asked = Call("lambda", "ListAliases", {"FunctionName": name})
    try:
        pages = list(gateway.pages(asked, "Marker", "NextMarker"))
    except (AccessDenied, AwsRefused):
        return None
    return {alias["Name"]: alias["FunctionVersion"] for page in pages for alias in page.get("Aliases") or ()}


def _told(
    gateway: Gateway, name: str, counts: Mapping[str, float], aliases: Mapping[str, str] | None
) -> tuple[Traffic, ...]:
    whole = counts.get("", 0.0)
    qualified = {qualifier: count for qualifier, count in sorted(counts.items()) if qualifier}
    latest = max(0.0, whole - sum(qualified.values()))
    total = latest + sum(qualified.values())
    found = [Traffic(LATEST, _share(latest, total))] if latest or not total else []
    for qualifier, count in qualified.items():
        version = qualifier if qualifier.isdigit() else (aliases or {}).get(qualifier)
        runs = _runs(gateway, name, qualifier) if aliases is not None and version != LATEST else {}
        found.append(Traffic(qualifier, _share(count, total), version, runs))
    return tuple(found)


def _share(count: float, total: float) -> float | None:
    return round(count / total, 4) if total else None


def _runs(gateway: Gateway, name: str, qualifier: str) -> Mapping[str, Any]:
    """The settings of what a qualifier stands for, as they are deployed; empty where it is gone or may not be read."""
    asked = Call("lambda", "GetFunctionConfiguration", {"FunctionName": name, "Qualifier": qualifier})
    try:
        answer = gateway.call(asked)
    except (AccessDenied, AwsRefused):
        return {}
    return {
        "memory_mb": answer.get("MemorySize"),
        "timeout_s": answer.get("Timeout"),
        "ephemeral_mb": (answer.get("EphemeralStorage") or {}).get("Size"),
        "tracing": (answer.get("TracingConfig") or {}).get("Mode"),
    }

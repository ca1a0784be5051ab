"""CloudWatch's metrics of many functions, 500 queries a call.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.evidence import Absent, Measured, Measurement
from lambda_tailor.model.function import Function
from lambda_tailor.settings.setting import Call

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
QUERIES_A_CALL = 500
# A batch takes AWS a fraction of a second: so many in flight keep within its 50 requests a second.
AT_ONCE = 4
READ_ACTIONS = (
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
    Action("cloudwatch:GetMetricData", because="metrics have no ARN; only data sets of OpenTelemetry do"),
)
# A job at the end of the month is in it once.
MONTH_DAYS = 35
_INSIGHTS_LAYER = ":layer:LambdaInsightsExtension"


@dataclass(frozen=True, slots=True)
class Metric:
    """A CloudWatch metric and the statistic that is asked of it.

    Of a function with no invocation, CloudWatch has none that is ``of_runs``: it is not asked for them. One that is
    ``daily`` is asked for by day, which costs no more.
    ``least_days`` is how far back it is looked at, where the window of all else is shorter.
    """

    name: str
    statistic: str
    unit: str
    namespace: str = "AWS/Lambda"
    dimension: str = "FunctionName"
    of_runs: bool = True
    daily: bool = False
    least_days: int = 0

    def query(self, identifier: str, function: Function, period_s: int) -> dict[str, Any]:
        """The MetricDataQuery for a function, with one data point for each period."""
        value = function.log_group if self.dimension == "LogGroupName" else function.name
        named = {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": self.dimension, "Value": value}],
        }
        return {"Id": identifier, "MetricStat": {"Metric": named, "Period": period_s, "Stat": self.statistic}}


# Always asked for: what load and money rest on.
ALWAYS: Mapping[str, Metric] = {
    "invocations": Metric("Invocations", "Sum", "count", of_runs=False, daily=True),
    "errors": Metric("Errors", "Sum", "count"),
    "throttles": Metric("Throttles", "Sum", "count", of_runs=False),
    "duration_avg": Metric("Duration", "Average", "ms"),
    "duration_p50": Metric("Duration", "p50", "ms"),
    "duration_p95": Metric("Duration", "p95", "ms"),
    "duration_p99": Metric("Duration", "p99", "ms"),
    "duration_max": Metric("Duration", "Maximum", "ms", least_days=MONTH_DAYS),
    "concurrency_max": Metric("ConcurrentExecutions", "Maximum", "count"),
}
# Asked for where a rule wants to know.
ON_DEMAND: Mapping[str, Metric] = {
    "async_events": Metric("AsyncEventsReceived", "Sum", "count", of_runs=False),
    "async_dropped": Metric("AsyncEventsDropped", "Sum", "count", of_runs=False),
    "dead_letter_errors": Metric("DeadLetterErrors", "Sum", "count"),
    "destination_failures": Metric("DestinationDeliveryFailures", "Sum", "count"),
    "provisioned_max": Metric("ProvisionedConcurrentExecutions", "Maximum", "count"),
    "log_bytes": Metric("IncomingBytes", "Sum", "bytes", "AWS/Logs", "LogGroupName"),
}
# Only functions that carry the Lambda Insights extension have these.
INSIGHTS: Mapping[str, Metric] = {
    "memory_used": Metric(
        "used_memory_max", "Maximum", "MB", "LambdaInsights", "function_name", daily=True, least_days=MONTH_DAYS
    ),
    "tmp_used": Metric("tmp_used", "Maximum", "bytes", "LambdaInsights", "function_name"),
}


# Of the account and region, without a dimension.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
OF_THE_ACCOUNT = ("UnreservedConcurrentExecutions", "ClaimedAccountConcurrency")


@dataclass(frozen=True, slots=True)
class AccountUse:
    """The most executions at once in the account and region; None where CloudWatch does not say.

    ``unreserved`` ran outside of reservations; ``claimed`` are those and all that is reserved or provisioned.
    """

    unreserved: float | None = None
    claimed: float | None = None


def read_account(gateway: Gateway, end: datetime, days: float) -> AccountUse:
    """Both metrics of the account, in one call."""
    queries = [
        {
            "Id": f"a{n}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": name},
                "Period": round(days * 86_400),
                "Stat": "Maximum",
            },
        }
        for n, name in enumerate(OF_THE_ACCOUNT)
    ]
    answer = _send(gateway, queries, end, days)
    if isinstance(answer, Absent):
        return AccountUse()
    most = [max((value for _, value in answer.get(f"a{n}", ())), default=None) for n in range(len(OF_THE_ACCOUNT))]
    return AccountUse(*most)


def has_insights(function: Function) -> bool:
    """Whether the Lambda Insights extension is attached."""
    return any(_INSIGHTS_LAYER in arn for arn in function.layers)


def metrics_of(function: Function, readings: frozenset[str]) -> Mapping[str, Metric]:
    """The metrics to ask for of one function, by the reading that each becomes."""
    chosen = dict(ALWAYS) | {name: metric for name, metric in ON_DEMAND.items() if name in readings}
    if has_insights(function):
        chosen |= {name: metric for name, metric in INSIGHTS.items() if name in readings}
    return chosen


def none_found(metric: str, days: float) -> str:
    """Why a metric that CloudWatch answered for is absent: it has no data point."""
    return f"CloudWatch has no {metric} in the window of {days:.3g} days"


Asked = tuple[Function, str, Metric]


def read_metrics(
    gateway: Gateway, asked: Sequence[Asked], end: datetime, days: float, *, by_day: bool = False
) -> Mapping[str, dict[str, Measurement]]:
    """Each metric over the whole window that ends at ``end``, by function ARN and reading.

    Absent where CloudWatch has none. ``days`` need not be whole, but its seconds are full minutes. ``by_day`` gives
    those that are daily by day too.
    """
    found: dict[str, dict[str, Measurement]] = {}
    batches = [asked[start : start + QUERIES_A_CALL] for start in range(0, len(asked), QUERIES_A_CALL)]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        answers = threads.map(lambda batch: _batch(gateway, batch, end, days, by_day=by_day), batches)
        for batch, values in zip(batches, answers, strict=True):
            for n, (function, reading, metric) in enumerate(batch):
                found.setdefault(function.arn, {})[reading] = _reading(metric, values, n, end, days)
    return found


def read_idle_days(
    gateway: Gateway, functions: Sequence[Function], end: datetime, days: int
) -> Mapping[str, Measurement]:
    """Days since the last invocation or deployment by function ARN; the whole window where there was none in it."""
    found: dict[str, Measurement] = {}
    metric = ALWAYS["invocations"]
    for start in range(0, len(functions), QUERIES_A_CALL):
        batch = [(f, "idle_days", metric) for f in functions[start : start + QUERIES_A_CALL]]
        answer = _send(gateway, [m.query(f"m{n}", f, 86_400) for n, (f, _, m) in enumerate(batch)], end, days)
        for n, (function, _, _) in enumerate(batch):
            found[function.arn] = (
                answer if isinstance(answer, Absent) else _idle(function, answer.get(f"m{n}", ()), end, days)
            )
    return found


def _idle(function: Function, points: Iterable[tuple[datetime, float]], end: datetime, days: int) -> Measured:
    busy = [at for at, value in points if value > 0]
    since = max([*busy, *_deployed(function)], default=end - timedelta(days=days))
    idle = min(max((end - since).total_seconds() / 86_400, 0.0), float(days))
    return Measured(idle, "days", "CloudWatch Invocations Sum", float(days), len(busy))


def _deployed(function: Function) -> Iterable[datetime]:
    """When the function was last deployed: a new one is not idle."""
    try:
        return (datetime.strptime(function.last_modified, "%Y-%m-%dT%H:%M:%S.%f%z"),)
    except ValueError:
        return ()


_DAY_S = 86_400
Points = Mapping[str, Sequence[tuple[datetime, float]]]


def _batch(gateway: Gateway, batch: Sequence[Asked], end: datetime, days: float, *, by_day: bool) -> Points | Absent:
    whole = round(days * _DAY_S)
    divided = by_day and whole % _DAY_S == 0
    queries = [
        metric.query(f"m{n}", function, _DAY_S if divided and metric.daily else whole)
        for n, (function, _, metric) in enumerate(batch)
    ]
    return _send(gateway, queries, end, days)


def _send(gateway: Gateway, queries: Sequence[Mapping[str, Any]], end: datetime, days: float) -> Points | Absent:
    asked = {
        "MetricDataQueries": list(queries),
        "StartTime": end - timedelta(seconds=round(days * 86_400)),
        "EndTime": end,
    }
    points: dict[str, list[tuple[datetime, float]]] = {}
    try:
        for page in gateway.pages(Call("cloudwatch", "GetMetricData", asked), "NextToken"):
            for result in page.get("MetricDataResults") or ():
                pairs = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
                points.setdefault(result["Id"], []).extend(pairs)
    except (AccessDenied, AwsRefused) as error:
        return Absent(str(error))
    return points


def _reading(metric: Metric, points: Points | Absent, n: int, end: datetime, days: float) -> Measurement:
    if isinstance(points, Absent):
        return points
    found = points.get(f"m{n}", ())
    values = [value for _, value in found]
    if not values:
        return Absent(none_found(metric.name, days))
    # A window that straddles two periods gives two values: sums add, for all else the larger is the safer one.
    value = sum(values) if metric.statistic == "Sum" else max(values)
    service = "Lambda Insights" if metric.namespace == "LambdaInsights" else "CloudWatch"
    daily = tuple(sorted((at.date().isoformat(), value) for at, value in found)) if len(found) > 2 else ()
    # Days that begin before the window are counted whole.
    window = max(float(days), (end - min(at for at, _ in found)).total_seconds() / _DAY_S) if daily else float(days)
    return Measured(value, metric.unit, f"{service} {metric.name} {metric.statistic}", window, 0, daily)

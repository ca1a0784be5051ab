"""What CloudWatch and the REPORT records tell of both sides of a rollout.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#metrics-dimensions
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AwsRefused
from lambda_tailor.evidence.report_line import ReportRecord, parse_report
from lambda_tailor.iam.permission import FUNCTION, LOG_GROUP, QUALIFIED, Action
from lambda_tailor.rollout.batches import Logs
from lambda_tailor.rollout.deciding import Week
from lambda_tailor.rollout.state import Seen, State, Totals, bands_of
from lambda_tailor.settings.setting import Call

READ_ACTIONS = (
    Action("cloudwatch:GetMetricData", because="metrics have no ARN; only data sets of OpenTelemetry do"),
    Action("cloudwatch:DescribeAlarms", because="the alarms of a function are found among all"),
    Action("logs:FilterLogEvents", LOG_GROUP),
    Action("lambda:GetFunction", FUNCTION),
    Action("lambda:GetFunction", QUALIFIED),
    Action("lambda:ListAliases", FUNCTION),
    Action("lambda:GetAlias", FUNCTION),
    Action("lambda:GetAlias", QUALIFIED),
    Action("lambda:ListVersionsByFunction", FUNCTION),
    Action("lambda:GetProvisionedConcurrencyConfig", QUALIFIED),
)
# A look reads no more records than these: ten thousand tell a ratio to two per cent.
PAGES_A_LOOK = 10
_STREAM = re.compile(r"\[(\$LATEST|\d+)\]")
_COUNTS = ("Invocations", "Errors", "Throttles")
_MINUTE = timedelta(minutes=1)
_DAY_MS = 86_400_000
_KINDS = {"timeout": '"Task timed out"', "out-of-memory": '"Runtime.OutOfMemory"'}


@dataclass(frozen=True, slots=True)
class Query:
    """A metric under its dimensions, summed up or as a percentile."""

    metric: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"


def ask(gateway: Gateway, queries: Sequence[Query], start: datetime, end: datetime, period_s: int) -> list[list[float]]:
    """The values of each query between two times.

    Raises AwsRefused where CloudWatch has not all of them, and what Gateway.call raises.
    """
    asked = {
        "MetricDataQueries": [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": query.metric,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions.items()],
                    },
                    "Period": period_s,
                    "Stat": query.statistic,
                },
            }
            for number, query in enumerate(queries)
        ],
        "StartTime": start,
        "EndTime": end,
    }
    found: list[list[float]] = [[] for _ in queries]
    for page in gateway.pages(Call("cloudwatch", "GetMetricData", asked), "NextToken"):
        for result in page.get("MetricDataResults") or ():
            if result.get("StatusCode") in ("InternalError", "Forbidden"):
                raise AwsRefused("CloudWatch could not read the metrics", code=str(result["StatusCode"]))
            found[int(result["Id"][1:])] += [float(value) for value in result.get("Values") or ()]
    return found


def floor_minute(seconds: float) -> datetime:
    """The minute that a time is in: CloudWatch's values are of whole minutes."""
    return datetime.fromtimestamp(seconds - seconds % 60, UTC)


def counted(gateway: Gateway, state: State, now: float) -> tuple[Totals, Totals]:
    """Both versions' counts through the alias, from the minute in which the rollout began."""
    resource = {"FunctionName": state.name, "Resource": f"{state.name}:{state.alias}"}
    queries = [
        Query(metric, {**resource, "ExecutedVersion": str(version)})
        for version in (state.old_version, state.new_version)
        for metric in _COUNTS
    ]
    end = floor_minute(now) + _MINUTE
    values = [round(math.fsum(each)) for each in ask(gateway, queries, floor_minute(state.begun), end, 60)]
    return Totals(*values[:3]), Totals(*values[3:])


def weeks(gateway: Gateway, state: State, now: float) -> tuple[Week, Week]:
    """What happened since the rollout began, and in the same hours a week before: before, since."""
    dimensions = {"FunctionName": state.name}
    if state.alias:
        dimensions["Resource"] = f"{state.name}:{state.alias}"
    # Not the minute in which it began: in that one both were at work.
    start, end = floor_minute(state.begun) + _MINUTE, max(floor_minute(now), floor_minute(state.begun) + 2 * _MINUTE)
    queries = [
        *(Query(metric, dimensions) for metric in _COUNTS),
        *(Query("Duration", dimensions, p) for p in ("p50", "p95")),
    ]
    period = int((end - start).total_seconds())
    found: list[Week] = []
    for back in (timedelta(days=7), timedelta(0)):
        sums = ask(gateway, queries[:3], start - back, end - back, 60)
        # A percentile is of the whole time, not a mean of minutes'. A span over two periods gives two.
        durations = ask(gateway, queries[3:], start - back, end - back, max(60, period - period % 60))
        p50, p95 = (max(values) if values else None for values in durations)
        found.append(Week(Totals(*(round(math.fsum(values)) for values in sums)), p50, p95))
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Load:
    """Counts of the last days, and how many invocations an hour are to be expected."""

    totals: Totals
    per_hour: float


def load_of(gateway: Gateway, dimensions: Sequence[Mapping[str, str]], now: float, days: int = 14) -> list[Load]:
    """The load under each set of dimensions.

    The next hour is likest the last one; where that has none, the mean of the days is expected.
    """
    queries = [Query(metric, each) for each in dimensions for metric in _COUNTS[:2]]
    end = floor_minute(now) + _MINUTE
    values = [round(math.fsum(each)) for each in ask(gateway, queries, end - timedelta(days=days), end, 3600)]
    hour = ask(gateway, queries[::2], end - timedelta(hours=1), end, 60)
    return [
        Load(
            Totals(*values[2 * n : 2 * n + 2]),
            60 * math.fsum(minutes) / len(minutes) if minutes else values[2 * n] / (24 * days),
        )
        for n, minutes in enumerate(hour)
    ]


@dataclass(frozen=True, slots=True)
class Records:
    """What the REPORT records of a span of time told of one version."""

    seen: Seen
    warm: Logs
    init: Logs


def records(gateway: Gateway, state: State, start: float, end: float) -> Mapping[str, Records]:
    """The records by version; a log group that is not there yet has none."""
    asked = {
        "logGroupName": state.log_group,
        "startTime": int(start * 1000),
        "endTime": int(end * 1000) - 1,
        "filterPattern": '"platform.report"' if state.log_format == "JSON" else "REPORT",
    }
    own = state.log_group == f"/aws/lambda/{state.name}"
    found: dict[str, list[ReportRecord]] = {}
    try:
        for page, answer in enumerate(gateway.pages(Call("logs", "FilterLogEvents", asked), "nextToken"), start=1):
            for event in answer.get("events") or ():
                stream = str(event.get("logStreamName", ""))
                version = _STREAM.search(stream)
                # In a log group that functions share, the stream carries the function's name before the version.
                if version is None or not (own or f"/{state.name}[" in stream):
                    continue
                record = parse_report(event["message"])
                if record is not None:
                    found.setdefault(version[1], []).append(record)
            if page >= PAGES_A_LOOK:
                break
    except AwsRefused as error:
        if error.code != "ResourceNotFoundException":
            raise
    return {version: told(each) for version, each in found.items()}


def told(every: Sequence[ReportRecord]) -> Records:
    """The sums of some records."""
    durations = [record.duration_ms for record in every if record.duration_ms is not None]
    seen = Seen(
        runs=len(every),
        billed_ms=math.fsum(record.billed_ms or record.duration_ms or 0.0 for record in every),
        timeouts=sum(record.status == "timeout" for record in every),
        out_of_memory=sum(map(_out_of_memory, every)),
        fullest=max((_filled(record) for record in every), default=0.0),
        bands=bands_of(durations),
    )
    # A new version starts cold: those runs are compared by their INIT, and not with warm ones.
    warm = [record.duration_ms for record in every if record.duration_ms is not None and not record.init_ms]
    inits = [record.init_ms for record in every if record.init_ms]
    return Records(seen, Logs.of(warm), Logs.of(inits))


def _filled(record: ReportRecord) -> float:
    return (record.max_memory_mb or 0) / record.memory_mb if record.memory_mb else 0.0


def _out_of_memory(record: ReportRecord) -> bool:
    """Lambda names it; older records only tell that the process ended, with all of its memory in use."""
    if record.error_type == "Runtime.OutOfMemory":
        return True
    return record.status == "error" and record.error_type == "Runtime.ExitError" and _filled(record) >= 1


def known_kinds(gateway: Gateway, state: State, now: float) -> tuple[str, ...]:
    """The kinds of failure that the old version had in the last day; one page of the log for each."""
    found: list[str] = []
    for kind, pattern in _KINDS.items():
        asked = {
            "logGroupName": state.log_group,
            "startTime": int(now * 1000) - _DAY_MS,
            "endTime": int(now * 1000),
            "filterPattern": pattern,
        }
        try:
            answer = gateway.call(Call("logs", "FilterLogEvents", asked))
        except AwsRefused as error:
            if error.code != "ResourceNotFoundException":
                raise
            continue
        version = state.old_version or "$LATEST"
        if any(f"[{version}]" in str(event.get("logStreamName")) for event in answer.get("events") or ()):
            found.append(kind)
    return tuple(found)


def alarms_on(gateway: Gateway, function: str) -> tuple[str, ...]:
    """The names of the alarms on a function's metrics that are in ALARM."""
    asked = {"StateValue": "ALARM", "AlarmTypes": ["MetricAlarm"]}
    return tuple(
        alarm["AlarmName"]
        for page in gateway.pages(Call("cloudwatch", "DescribeAlarms", asked), "NextToken")
        for alarm in page.get("MetricAlarms") or ()
        if function in _functions(alarm)
    )


def _functions(alarm: Mapping[str, Any]) -> Iterable[str]:
    metrics = [alarm, *((each.get("MetricStat") or {}).get("Metric") or {} for each in alarm.get("Metrics") or ())]
    return [
        str(dimension.get("Value"))
        for metric in metrics
        for dimension in metric.get("Dimensions") or ()
        if dimension.get("Name") == "FunctionName"
    ]

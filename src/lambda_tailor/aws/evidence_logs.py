"""Memory used, billed durations and timeouts, from the REPORT records in functions' logs.

Logs Insights aggregates them, 50 log groups a query; where it does not, a bounded sample is read.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.evidence.percentiles import weighted_mean
from lambda_tailor.iam.permission import LOG_GROUP, Action
from lambda_tailor.model.evidence import AtMemory
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.settings.setting import Call

READ_ACTIONS = (
    Action("logs:StartQuery", LOG_GROUP),
    Action("logs:GetQueryResults", LOG_GROUP),
    Action("logs:FilterLogEvents", LOG_GROUP),
    Action("logs:StopQuery"),
    Action("logs:DescribeLogGroups"),
)
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
GROUPS_A_QUERY = 50
HALVINGS = 3
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_Classes.html
_OF_ANOTHER_CLASS = frozenset({"InvalidParameterException", "InvalidOperationException"})
_STANDARD, NOT_QUERIED = "STANDARD", "DELIVERY"
PATIENCE_S = 120.0
# Days up to which the answer comes by day: an answer has at most ten thousand rows.
BY_DAY_UP_TO = 31
_DAY_MS = 86_400_000
# One row for each log group and memory size. In REPORT records a megabyte is a million bytes.
QUERY = """
filter @type = "REPORT" or type = "platform.report"
| fields coalesce(@memorySize / 1000 / 1000, record.metrics.memorySizeMB) as memory,
    coalesce(@maxMemoryUsed / 1000 / 1000, record.metrics.maxMemoryUsedMB) as used,
    coalesce(@duration, record.metrics.durationMs) as took,
    coalesce(@billedDuration, record.metrics.billedDurationMs) as billed,
    coalesce(@initDuration, record.metrics.initDurationMs) as init
| stats max(used) as mostUsed, avg(took) as meanTook, avg(billed) as meanBilled, avg(init) as meanInit,
    sum(strcontains(@message, "timeout")) as timedOut, count(*) as runs, count(init) as inits,
    min(toMillis(@timestamp)) as first by @log, memory
| limit 10000
""".strip()
# The same, one row for each day too.
QUERY_BY_DAY = QUERY.replace("as init\n", f"as init,\n    floor(toMillis(@timestamp) / {_DAY_MS}) as day\n").replace(
    "by @log, memory", "by @log, memory, day"
)


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """What a function's REPORT records tell: memory in MB, durations in ms, None where none was told.

    ``days`` is how far back the records reach; None where nobody knows. ``memory_by_day`` is the most that was used,
    by day (ISO 8601), where it is known so.
    """

    source: str
    runs: int
    memory_used: float | None
    billed_avg: float | None
    init_avg: float | None
    timeouts: int
    at_memory: tuple[AtMemory, ...] = ()
    days: float | None = None
    memory_by_day: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Logs Insights' answer by log group, and the bytes that it scanned.

    ``gap`` is why groups are left out; ``closed`` are those of a class that nothing can be asked of.
    """

    by_group: Mapping[str, LogEvidence] = field(default_factory=dict)
    scanned_bytes: float = 0.0
    gap: str | None = None
    closed: frozenset[str] = frozenset()


def aggregate(
    gateway: Gateway,
    groups: Sequence[str],
    end: datetime,
    days: int,
    sleep: Callable[[float], None] = time.sleep,
    classes: Mapping[str, str] | None = None,
) -> Aggregates:
    """Ask Logs Insights. Where the first answer is not aggregated, nothing more is asked.

    ``classes`` are those of the groups, as far as they are known already; those of others are read.
    """
    by_class = _by_class(gateway, groups, classes or {})
    closed = frozenset(by_class.pop(NOT_QUERIED, ()))
    batches = [
        alike[n : n + GROUPS_A_QUERY] for alike in by_class.values() for n in range(0, len(alike), GROUPS_A_QUERY)
    ]
    if not batches:
        return Aggregates(closed=closed)
    answers = [_query(gateway, batches[0], end, days, sleep)]
    if answers[0].gap is None and len(batches) > 1:
        with ThreadPoolExecutor(max_workers=4) as threads:
            answers += threads.map(lambda batch: _query(gateway, batch, end, days, sleep), batches[1:])
    return Aggregates(
        {group: found for answer in answers for group, found in answer.by_group.items()},
        sum(answer.scanned_bytes for answer in answers),
        next((answer.gap for answer in answers if answer.gap), None),
        closed,
    )


def _by_class(gateway: Gateway, groups: Sequence[str], known: Mapping[str, str]) -> dict[str, list[str]]:
    """The groups by their class, which no query may mix."""
    classes = dict(known)
    unknown = [group for group in groups if group not in known] if len(groups) > 1 else []
    try:
        for start in range(0, len(unknown), GROUPS_A_QUERY):
            asked = {"logGroupIdentifiers": unknown[start : start + GROUPS_A_QUERY]}
            answer = gateway.call(Call("logs", "DescribeLogGroups", asked))
            for each in answer.get("logGroups") or ():
                classes[each["logGroupName"]] = each.get("logGroupClass") or _STANDARD
    except (AccessDenied, AwsRefused):
        # What is not known is queried together, and halved where AWS refuses it.
        pass
    found: dict[str, list[str]] = {}
    for group in groups:
        found.setdefault(classes.get(group, _STANDARD), []).append(group)
    return found


def _query(
    gateway: Gateway, groups: Sequence[str], end: datetime, days: int, sleep: Callable[[float], None], halved: int = 0
) -> Aggregates:
    asked = {
        "logGroupNames": list(groups),
        "startTime": int((end - timedelta(days=days)).timestamp()),
        "endTime": int(end.timestamp()),
        "queryString": QUERY_BY_DAY if days <= BY_DAY_UP_TO else QUERY,
        "limit": 10_000,
    }
    try:
        answer = _results(gateway, _started(gateway, asked, sleep), sleep)
    except AwsRefused as error:
        if len(groups) > 1 and (
            (error.code == "ResourceNotFoundException" and halved < HALVINGS) or error.code in _OF_ANOTHER_CLASS
        ):
            # One group that is not there fails the whole query: halves leave out only those around it. So does
            # one of the class DELIVERY, which cannot be queried, and one of another class than the others.
            middle = len(groups) // 2
            halves = [
                _query(gateway, part, end, days, sleep, halved + 1) for part in (groups[:middle], groups[middle:])
            ]
            found = {**halves[0].by_group, **halves[1].by_group}
            return Aggregates(found, sum(half.scanned_bytes for half in halves), halves[0].gap or halves[1].gap)
        return Aggregates(gap=None if error.code == "ResourceNotFoundException" else str(error))
    except AccessDenied as error:
        return Aggregates(gap=str(error))
    if isinstance(answer, _GivenUp):
        return Aggregates(gap=answer.because, scanned_bytes=answer.scanned_bytes)
    rows = [{cell["field"]: cell["value"] for cell in row} for row in answer.get("results") or ()]
    if rows and "mostUsed" not in rows[0]:
        return Aggregates(gap="Logs Insights does not aggregate here")
    scanned = float((answer.get("statistics") or {}).get("bytesScanned") or 0)
    return Aggregates(_by_group(rows, end, days), scanned)


def _started(gateway: Gateway, asked: Mapping[str, Any], sleep: Callable[[float], None]) -> str:
    """The query's id. A hundred run at once in an account and region, people's dashboards among them: then wait."""
    waited, pause = 0.0, 1.0
    while True:
        try:
            return str(gateway.call(Call("logs", "StartQuery", asked))["queryId"])
        except AwsRefused as error:
            if error.code != "LimitExceededException" or waited >= PATIENCE_S:
                raise
        sleep(pause)
        waited += pause
        pause = min(16.0, pause * 2)


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """A query that did not complete, and what it has cost all the same."""

    because: str
    scanned_bytes: float


def _results(gateway: Gateway, query_id: str, sleep: Callable[[float], None]) -> Mapping[str, Any] | _GivenUp:
    waited, pause = 0.0, 0.5
    while True:
        answer = gateway.call(Call("logs", "GetQueryResults", {"queryId": query_id}))
        status = answer.get("status")
        if status == "Complete":
            return answer
        running = status in ("Scheduled", "Running")
        if not running or waited >= PATIENCE_S:
            if running:
                _stop(gateway, query_id)
            scanned = float((answer.get("statistics") or {}).get("bytesScanned") or 0)
            return _GivenUp(f"the Logs Insights query ended as {status} after {waited:.0f} s", scanned)
        sleep(pause)
        waited += pause
        pause = min(8.0, pause * 2)


def _stop(gateway: Gateway, query_id: str) -> None:
    """Left running, it would hold one of the hundred places and scan on."""
    try:
        gateway.call(Call("logs", "StopQuery", {"queryId": query_id}))
    except (AccessDenied, AwsRefused):
        return


def _by_group(rows: Sequence[Mapping[str, str]], end: datetime, days: int) -> dict[str, LogEvidence]:
    by_group: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        by_group.setdefault(row["@log"].partition(":")[2] or row["@log"], []).append(row)
    return {group: _whole(rows, end, days) for group, rows in by_group.items()}


def _whole(rows: Sequence[Mapping[str, str]], end: datetime, days: int) -> LogEvidence:
    """The rows of one log group, which are one for each memory size and day, as one."""
    runs = [int(_number(row, "runs") or 0) for row in rows]
    used = [value for row in rows if (value := _number(row, "mostUsed"))]
    first = [value for row in rows if (value := _number(row, "first"))]

    by_size: dict[float, list[Mapping[str, str]]] = {}
    for row in rows:
        if memory := _number(row, "memory"):
            by_size.setdefault(memory, []).append(row)
    sizes = tuple(_size(memory, these) for memory, these in by_size.items())
    return LogEvidence(
        source="Logs Insights over REPORT records",
        runs=sum(runs),
        memory_used=max(used, default=None),
        billed_avg=_weighted(rows, "meanBilled", "runs"),
        init_avg=_weighted(rows, "meanInit", "inits"),
        timeouts=int(sum(_number(row, "timedOut") or 0 for row in rows)),
        at_memory=sizes,
        days=age_days(datetime.fromtimestamp(min(first) / 1000, UTC), end, days) if first else None,
        memory_by_day=_by_day(rows),
    )


def _weighted(rows: Sequence[Mapping[str, str]], name: str, weight: str) -> float | None:
    """The mean of means, each by the number of records that it is of."""
    told = [(value, _number(row, weight) or 1.0) for row in rows if (value := _number(row, name)) is not None]
    return weighted_mean(told)


def _by_day(rows: Sequence[Mapping[str, str]]) -> tuple[tuple[str, float], ...]:
    most: dict[str, float] = {}
    for row in rows:
        day, used = _number(row, "day"), _number(row, "mostUsed")
        if day is not None and used:
            name = datetime.fromtimestamp(day * _DAY_MS / 1000, UTC).date().isoformat()
            most[name] = max(used, most.get(name, 0.0))
    return tuple(sorted(most.items()))


def _size(memory: float, rows: Sequence[Mapping[str, str]]) -> AtMemory:
    runs = sum(int(_number(row, "runs") or 0) for row in rows)
    took, billed = _weighted(rows, "meanTook", "runs") or 0.0, _weighted(rows, "meanBilled", "runs") or 0.0
    used = max(_number(row, "mostUsed") or 0.0 for row in rows)
    return AtMemory(round(memory), runs, took, billed or took, used)


def _number(row: Mapping[str, str], name: str) -> float | None:
    try:
        return float(row[name])
    except (KeyError, ValueError):
        return None


LEVELS_QUERY = """
filter ispresent(level)
| fields strlen(@message) as size
| stats sum(size) as bytes by level
""".strip()


def bytes_by_level(
    gateway: Gateway, group: str, end: datetime, sleep: Callable[[float], None] = time.sleep
) -> Resource:
    """``bytes`` of a JSON group's records by their level, in the newest day before ``end``.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    asked = {
        "logGroupNames": [group],
        "startTime": int((end - timedelta(days=1)).timestamp()),
        "endTime": int(end.timestamp()),
        "queryString": LEVELS_QUERY,
    }
    try:
        answer = _results(gateway, _started(gateway, asked, sleep), sleep)
    except AwsRefused as error:
        return Missing() if error.code == "ResourceNotFoundException" else Unreadable(str(error))
    if isinstance(answer, _GivenUp):
        return Unreadable(answer.because)
    rows = [{cell["field"]: cell["value"] for cell in row} for row in answer.get("results") or ()]
    return Found({"bytes": {str(row.get("level")): _number(row, "bytes") or 0.0 for row in rows}})


def age_days(first: datetime, end: datetime, days: int) -> float:
    """How many days back the records really reach, of those that were asked for."""
    return round(min(max((end - first).total_seconds() / 86_400, 0.01), days), 2)

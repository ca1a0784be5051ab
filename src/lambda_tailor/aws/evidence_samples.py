"""A sample of the newest REPORT records, where Logs Insights is not asked or not allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lambda_tailor.aws.evidence_logs import LogEvidence, age_days
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.evidence.percentiles import weighted_mean
from lambda_tailor.evidence.report_line import ReportRecord, parse_report
from lambda_tailor.model.evidence import Absent, AtMemory
from lambda_tailor.model.function import Function
from lambda_tailor.settings.setting import Call

# The newest window; the two before it have half of that each.
EVENTS_A_WINDOW = 500


PAGES_A_SAMPLE = 3


def sample(gateway: Gateway, function: Function, end: datetime, days: int) -> LogEvidence | Absent:
    """What up to a thousand of a function's newest REPORT records tell; one call, and five where there are many."""
    try:
        told = list(_records(gateway, function, end, days))
    except AwsRefused as error:
        missing = error.code == "ResourceNotFoundException"
        return Absent(f"there is no log group {function.log_group}" if missing else str(error))
    except AccessDenied as error:
        return Absent(str(error))
    if not told:
        return Absent(f"there is no REPORT record of the last {days} days in {function.log_group}")
    records = [each.record for each in told]
    used = [record.max_memory_mb for record in records if record.max_memory_mb]
    return LogEvidence(
        source=f"sample of {len(records)} REPORT records{_mixed(function, told)}",
        runs=len(records),
        memory_used=max(used, default=None),
        billed_avg=_mean([record.billed_ms for record in records]),
        init_avg=_mean([record.init_ms for record in records]),
        timeouts=sum(record.status == "timeout" for record in records),
        at_memory=_sampled_sizes(records),
        days=age_days(min(each.at for each in told), end, days),
        memory_by_day=_peaks(told),
    )


def _peaks(told: Sequence[_Told]) -> tuple[tuple[str, float], ...]:
    """The most memory that the sample tells of, by day, where it is of several; other runs may have used more."""
    peaks: dict[str, float] = {}
    for each in told:
        if each.record.max_memory_mb:
            day = each.at.date().isoformat()
            peaks[day] = max(peaks.get(day, 0.0), float(each.record.max_memory_mb))
    return tuple(sorted(peaks.items())) if len(peaks) > 1 else ()


@dataclass(frozen=True, slots=True)
class _Told:
    """A REPORT record, when it was written, and by which version of the function."""

    record: ReportRecord
    at: datetime
    version: str


def _mixed(function: Function, told: Sequence[_Told]) -> str:
    """How many of the records are of other code than the present one, as far as dates and streams tell."""
    since = deployed(function)
    older = sum(each.at < since for each in told) if since else 0
    said = f", {older} of them older than its last deployment or change ({since:%Y-%m-%d})" if older and since else ""
    versions = sorted({each.version for each in told if each.version})
    return said + (f", of the versions {', '.join(versions)}" if len(versions) > 1 else "")


def _records(gateway: Gateway, function: Function, end: datetime, days: int) -> Iterator[_Told]:
    """The newest records, and where these are not all of them, some from before in two windows more."""
    start = end - timedelta(days=days)
    newest, whole = _window(gateway, function, start, end, EVENTS_A_WINDOW)
    yield from newest
    if whole or not newest:
        return
    third = (min(each.at for each in newest) - start) / 3
    for number in (2, 1):
        yield from _window(gateway, function, start, start + number * third, EVENTS_A_WINDOW // 2)[0]


def _window(
    gateway: Gateway, function: Function, start: datetime, end: datetime, limit: int
) -> tuple[list[_Told], bool]:
    """The newest records between the two, and whether they are all of them."""
    asked = {
        "logGroupName": function.log_group,
        "startTime": int(start.timestamp() * 1000),
        "endTime": int(end.timestamp() * 1000),
        "filterPattern": '"platform.report"' if function.log_format == "JSON" else "REPORT",
        "limit": limit,
        # Else AWS begins with the oldest: at another size, and of other code.
        "startFromHead": False,
    }
    own = function.log_group == f"/aws/lambda/{function.name}"
    found: list[_Told] = []
    for page, answer in enumerate(gateway.pages(Call("logs", "FilterLogEvents", asked), "nextToken"), start=1):
        for event in answer.get("events") or ():
            stream = event.get("logStreamName", "")
            # In a log group that functions share, the stream carries the function's name before the version.
            if own or f"/{function.name}[" in stream:
                record = parse_report(event["message"])
                if record is not None:
                    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC) if "timestamp" in event else end
                    found.append(_Told(record, at, stream.partition("[")[2].partition("]")[0]))
        if found or page >= PAGES_A_SAMPLE:
            return found, not answer.get("nextToken")
    return found, True


def deployed(function: Function) -> datetime | None:
    """When the function was last deployed or changed."""
    try:
        return datetime.strptime(function.last_modified, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


def _sampled_sizes(records: Sequence[ReportRecord]) -> tuple[AtMemory, ...]:
    sizes: list[AtMemory] = []
    for memory in sorted({record.memory_mb for record in records if record.memory_mb}):
        these = [record for record in records if record.memory_mb == memory]
        took = _mean([record.duration_ms for record in these])
        if took is not None:
            billed = _mean([record.billed_ms for record in these])
            used = max((record.max_memory_mb or 0 for record in these), default=0)
            sizes.append(AtMemory(memory, len(these), took, took if billed is None else billed, float(used)))
    return tuple(sizes)


def _mean(values: Sequence[float | None]) -> float | None:
    return weighted_mean([(value, 1.0) for value in values if value is not None])

"""What functions really did, read in as few calls as there can be, within a budget.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lambda_tailor.aws import evidence_logs as logs
from lambda_tailor.aws import evidence_metrics as metrics
from lambda_tailor.aws import evidence_optimizer as optimizer
from lambda_tailor.aws import evidence_samples as samples
from lambda_tailor.aws import evidence_triggers as triggers
from lambda_tailor.aws import traffic
from lambda_tailor.aws.evidence_logs import Aggregates
from lambda_tailor.aws.evidence_metrics import AccountUse
from lambda_tailor.aws.evidence_readings import FROM_LOGS, add_told
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.evidence import Absent, Evidence, Measured, Measurement, Recommendation
from lambda_tailor.model.function import Function

# https://aws.amazon.com/cloudwatch/pricing/, us-east-1, as of 2026-11: metrics asked of GetMetricData, GB scanned.
USD_A_METRIC = Decimal("0.00001")
USD_A_SCANNED_GB = Decimal("0.005")
_BYTES_A_GB = Decimal(10**9)
# As long as CloudWatch keeps hourly values: what runs once a quarter is not idle.
IDLE_WINDOW_DAYS = 455
# So many functions are always worth a look into their logs; of more, one in so many: those that cost most.
SAMPLES, ONE_IN = 20, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """How far to look back, in days, and what for.

    ``readings`` are the names of readings that rules want beyond the metrics that are always read.
    ``budget_usd`` is the most that AWS may charge for the reading; None is no limit. ``deep`` spends
    calls for each function.
    """

    lookback_days: int = 14
    readings: frozenset[str] = frozenset()
    budget_usd: Decimal | None = None
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """Evidence by function ARN, and what its reading cost.

    ``metrics`` were asked of GetMetricData; ``scanned_bytes`` were read by Logs Insights; ``usd`` is
    the price of both. ``notes`` say once what could not be read for anybody. ``account`` is what ran and was
    claimed at once in the whole account and region.
    ``after_discounts`` is the part of a list-price saving that Compute Optimizer leaves after discounts.
    """

    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    metrics: int = 0
    scanned_bytes: float = 0.0
    usd: Decimal = Decimal(0)
    notes: tuple[str, ...] = ()
    account: AccountUse = field(default_factory=AccountUse)
    after_discounts: float | None = None


@dataclass(slots=True)
class _Gathering:
    opened: OpenScope
    options: EvidenceOptions
    end: datetime
    asked: int = 0
    scanned_bytes: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def usd(self) -> Decimal:
        return self.asked * USD_A_METRIC + Decimal(str(self.scanned_bytes)) / _BYTES_A_GB * USD_A_SCANNED_GB

    @property
    def left_usd(self) -> Decimal | None:
        """What of the budget is left; None without one."""
        return None if self.options.budget_usd is None else self.options.budget_usd - self.usd

    def note(self, because: str) -> None:
        if because not in self.notes:
            self.notes.append(because)


Found = dict[str, dict[str, Any]]
Classes = Callable[[], Mapping[str, str]]
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
_CLOSED = "{} is of the class DELIVERY, which nothing can be asked of"


def actions_for(options: EvidenceOptions) -> tuple[Action, ...]:
    """The IAM actions that reading so much takes."""
    wants = options.readings
    return (
        *metrics.READ_ACTIONS,
        *traffic.READ_ACTIONS,
        *(logs.READ_ACTIONS if wants & FROM_LOGS else ()),
        *(optimizer.READ_ACTIONS if "recommendation" in wants else ()),
        *(triggers.READ_ACTIONS if wants & {"triggers", "event_sources"} else ()),
        *(triggers.DEEP_READ_ACTIONS if "triggers" in wants and options.deep else ()),
    )


def gather(
    opened: OpenScope, functions: Sequence[Function], options: EvidenceOptions, classes: Classes = dict
) -> Gathered:
    """Read the evidence. What may not be read is absent, with the reason, and stops nothing.

    ``classes`` gives those of log groups, as far as somebody has listed them; it is asked when they are wanted.
    """
    if not functions:
        return Gathered()
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    wants = options.readings
    if wants & FROM_LOGS:
        # What a log group took in tells that it is there, and what it costs to scan it.
        wants |= {"log_bytes"}
    work = _Gathering(opened, replace(options, readings=wants), end)
    with ThreadPoolExecutor(max_workers=2) as threads:
        advice = (
            threads.submit(optimizer.read_recommendations, opened.gateway, functions)
            if ("recommendation" in wants)
            else None
        )
        sources = (
            threads.submit(triggers.read_sources, opened, functions, queues="triggers" in wants)
            if wants & {"triggers", "event_sources"}
            else None
        )
        found, factor = _metrics(work, functions), None
        if "idle_days" in wants:
            _idle(work, functions, found)
        if wants & FROM_LOGS:
            _logs(work, functions, found, classes)
        if advice is not None:
            _recommended(work, functions, found, advice.result())
            factor = optimizer.after_discounts(advice.result())
        if sources is not None:
            _sources(work, functions, found, sources.result())
    whole = "concurrency_max" in wants and "event_sources" in wants
    account = _account(work) if whole else AccountUse()
    evidence = {arn: _counted(Evidence(**readings)) for arn, readings in found.items()}
    return Gathered(evidence, work.asked, work.scanned_bytes, work.usd, tuple(work.notes), account, factor)


def _sources(work: _Gathering, functions: Sequence[Function], found: Found, sources: triggers.Sources) -> None:
    for arn, polled in sources.items():
        found[arn]["event_sources"] = polled
        if isinstance(polled, Absent):
            work.note(polled.because)
    if "triggers" in work.options.readings:
        known = triggers.read_triggers(work.opened, functions, sources, deep=work.options.deep)
        for arn, seen in known.items():
            found[arn]["triggers"] = seen
            if isinstance(seen, Absent):
                work.note(seen.because)


def _metrics(work: _Gathering, functions: Sequence[Function]) -> Found:
    found: Found = {function.arn: {} for function in functions}
    asked: list[metrics.Asked] = []
    # Where the budget is short, the largest functions are looked at first.
    for function in _largest_first(functions) if work.left_usd is not None else functions:
        mine = metrics.metrics_of(function, work.options.readings)
        if not _affords(work, len(asked) + len(mine)):
            because = f"beyond the evidence budget of ${work.options.budget_usd}"
            found[function.arn] = {name: Absent(because) for name in mine}
            work.note(f"some functions' metrics are {because}")
            continue
        asked += [(function, name, metric) for name, metric in mine.items()]
    _ask(work, [each for each in asked if not each[2].of_runs], found)
    # Many functions of an account are idle, and CloudWatch charges for every metric that is asked.
    quiet = {f.arn: gap for f, _, _ in asked if (gap := _no_runs(work, found[f.arn])) is not None}
    for function, name, metric in asked:
        if metric.of_runs and function.arn in quiet:
            found[function.arn][name] = quiet[function.arn]
    _ask(work, [each for each in asked if each[2].of_runs and each[0].arn not in quiet], found)
    return found


def _ask(work: _Gathering, asked: Sequence[metrics.Asked], found: Found) -> None:
    days = work.options.lookback_days
    # What runs once a month is seen by the metrics that bound it, whatever the window of all else.
    for window in sorted({max(days, metric.least_days) for _, _, metric in asked}):
        part = [each for each in asked if max(days, each[2].least_days) == window]
        for arn, readings in metrics.read_metrics(work.opened.gateway, part, work.end, window, by_day=True).items():
            found[arn] |= readings
    work.asked += len(asked)


def _account(work: _Gathering) -> AccountUse:
    if not _affords(work, len(metrics.OF_THE_ACCOUNT)):
        return AccountUse()
    work.asked += len(metrics.OF_THE_ACCOUNT)
    return metrics.read_account(work.opened.gateway, work.end, work.options.lookback_days)


def _largest_first(functions: Sequence[Function]) -> list[Function]:
    return sorted(functions, key=lambda f: f.memory_mb * f.timeout_s, reverse=True)


def _affords(work: _Gathering, more_metrics: int) -> bool:
    left = work.left_usd
    return left is None or more_metrics * USD_A_METRIC <= left


def _idle(work: _Gathering, functions: Sequence[Function], found: Found) -> None:
    """Look further back for the functions that were not invoked in the window."""
    days = max(IDLE_WINDOW_DAYS, work.options.lookback_days)
    quiet = [f for f in functions if _no_runs(work, found[f.arn]) is not None]
    if not _affords(work, len(quiet)):
        work.note(f"how long functions are idle is beyond the evidence budget of ${work.options.budget_usd}")
        return
    for arn, reading in metrics.read_idle_days(work.opened.gateway, quiet, work.end, days).items():
        found[arn]["idle_days"] = reading
    work.asked += len(quiet)


def _no_runs(work: _Gathering, readings: Mapping[str, Measurement]) -> Absent | None:
    """CloudWatch's answer where it knows of no invocation, which is not the same as no answer."""
    invocations = readings.get("invocations")
    none = metrics.none_found("Invocations", work.options.lookback_days)
    return invocations if isinstance(invocations, Absent) and invocations.because == none else None


def _logs(work: _Gathering, functions: Sequence[Function], found: Found, classes: Classes) -> None:
    days = work.options.lookback_days
    # A function that was not invoked has written no REPORT record, and perhaps has no log group.
    busy = [f for f in functions if isinstance(found[f.arn].get("invocations"), Measured)]
    own = [f for f in busy if f.log_group == f"/aws/lambda/{f.name}"]
    affordable = _affordable(work, [f for f in own if isinstance(found[f.arn].get("log_bytes"), Measured)], found)
    answer = logs.aggregate(work.opened.gateway, [f.log_group for f in affordable], work.end, days, classes=classes())
    work.scanned_bytes += answer.scanned_bytes
    known = {f.arn: answer.by_group[f.log_group] for f in affordable if f.log_group in answer.by_group}
    closed = [f for f in busy if f.log_group in answer.closed]
    for function in closed:
        add_told(function, found[function.arn], Absent(_CLOSED.format(function.log_group)), days)
    rest = [f for f in busy if f.arn not in known and f not in closed]
    rest = sorted(rest, key=lambda f: _spends(f, found[f.arn]), reverse=True)
    most = len(rest) if work.options.deep else max(SAMPLES, len(functions) // ONE_IN)
    with ThreadPoolExecutor(max_workers=4) as threads:
        sampled = list(threads.map(lambda f: samples.sample(work.opened.gateway, f, work.end, days), rest[:most]))
    for function, told in zip(rest[:most], sampled, strict=True):
        add_told(function, found[function.arn], told, days)
    for function in rest[most:]:
        add_told(function, found[function.arn], Absent(_not_sampled(answer, most)), days)
    if len(rest) > most:
        work.note(_not_sampled(answer, most))
    for function in affordable:
        if function.arn in known:
            add_told(function, found[function.arn], known[function.arn], days)


def _not_sampled(answer: Aggregates, most: int) -> str:
    gap = answer.gap or "Logs Insights was not asked or knows no REPORT record"
    return f"{gap}; logs are sampled of the {most} functions that cost most, of all with --deep"


def _affordable(work: _Gathering, functions: Sequence[Function], found: Found) -> list[Function]:
    """The functions, all with known ``log_bytes``, whose logs the rest of the budget lets Logs Insights scan."""
    left = work.left_usd
    if left is None:
        return list(functions)
    chosen: list[Function] = []
    for function in sorted(functions, key=lambda f: _spends(f, found[f.arn]), reverse=True):
        price = Decimal(str(found[function.arn]["log_bytes"].value)) / _BYTES_A_GB * USD_A_SCANNED_GB
        if price <= left:
            left -= price
            chosen.append(function)
    return chosen


def _spends(function: Function, readings: Mapping[str, Any]) -> float:
    """GB-seconds in the window, in thousandths; what was not measured counts as nothing."""
    runs, took = readings.get("invocations"), readings.get("duration_avg")
    if not isinstance(runs, Measured) or not isinstance(took, Measured):
        return 0.0
    return function.memory_mb * runs.value * took.value


def _recommended(
    work: _Gathering,
    functions: Sequence[Function],
    found: Found,
    advice: Mapping[str, Recommendation | Absent] | Absent,
) -> None:
    if isinstance(advice, Absent):
        work.note(advice.because)
        for function in functions:
            found[function.arn]["recommendation"] = advice
        return
    silent = Absent("Compute Optimizer says nothing of it")
    for function in functions:
        found[function.arn]["recommendation"] = advice.get(function.arn, silent)


def _counted(evidence: Evidence) -> Evidence:
    """Every metric with its sample count, which is the number of invocations."""
    invocations = evidence.invocations
    samples = int(invocations.value) if isinstance(invocations, Measured) else 0
    counted: dict[str, Any] = {
        name: replace(value, samples=samples)
        for name in (*metrics.ALWAYS, *metrics.ON_DEMAND, *metrics.INSIGHTS)
        if isinstance(value := getattr(evidence, name), Measured) and not value.samples
    }
    return replace(evidence, **counted)

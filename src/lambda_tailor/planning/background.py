"""What a report shows beside a function's changes: what it costs now, and its load by day. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from lambda_tailor.model.evidence import Absent, Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd, PlannedFunction, Series
from lambda_tailor.model.usage import SECONDS_A_MONTH, Usage, stored_log_gb
from lambda_tailor.money.bill import bill
from lambda_tailor.money.prices import Prices, Unpriced, prices_for
from lambda_tailor.planning.scope import PlannedScope, ScopeData
from lambda_tailor.planning.worth import load_of, logged_gb, usage_today
from lambda_tailor.policy.document import Assumptions

_FOUR_PLACES = Decimal("0.0001")


def with_background(planned: PlannedScope, data: ScopeData, assumptions: Assumptions) -> PlannedScope:
    """The part of a plan with the background of every function that something is done about."""
    prices = prices_for(data.region)
    functions = {function.arn: function for function in data.functions}
    return replace(
        planned,
        functions=[
            _with_background(f, functions[f.arn], data.evidence_of(functions[f.arn]), assumptions, prices)
            if any(change.pending or change.blocked is not None for change in f.changes)
            else f
            for f in planned.functions
        ],
    )


def _with_background(
    planned: PlannedFunction,
    function: Function,
    evidence: Evidence,
    assumptions: Assumptions,
    prices: Prices | Unpriced,
) -> PlannedFunction:
    cost = None if isinstance(prices, Unpriced) else _cost(planned, function, evidence, assumptions, prices)
    return replace(planned, monthly_cost_usd=planned.monthly_cost_usd or cost, series=tuple(_series(evidence)))


def _cost(
    planned: PlannedFunction, function: Function, evidence: Evidence, assumptions: Assumptions, prices: Prices
) -> MonthlyUsd:
    """Compute, requests, logs and the provisioned concurrency that is looked at: USD a month, without free tier."""
    load = load_of(function, evidence, assumptions)
    usage = usage_today(function, evidence, load) + _stored(planned, evidence) + _provisioned(planned, function)
    usd = bill(usage, prices, free_tier=False).quantize(_FOUR_PLACES)
    return MonthlyUsd(usd, usd)


def _stored(planned: PlannedFunction, evidence: Evidence) -> Usage:
    """The logs that are kept, where it is known how much is logged and how long it is kept."""
    known = [c.before for c in planned.changes if c.setting == "retention_days"]
    known += [k.value for k in planned.kept if k.setting == "retention_days"]
    gb = logged_gb(evidence)
    if gb is None or not known:
        return Usage()
    return Usage(log_gb_month=stored_log_gb(gb, known[0] if isinstance(known[0], int) else None))


def _provisioned(planned: PlannedFunction, function: Function) -> Usage:
    """The provisioned concurrency that a rule looked at; of a scalable target the least of it."""
    counts: list[object] = []
    for change in planned.changes:
        if change.kind == "change" and change.setting.startswith("provisioned_concurrency"):
            counts.append(change.before)
        elif change.setting.startswith("scalable_target") and isinstance(change.before, Mapping):
            counts.append(change.before.get("min"))
    executions = sum(count for count in counts if isinstance(count, int))
    gb_s = Decimal(executions) * SECONDS_A_MONTH * Decimal(function.memory_mb) / 1024
    arm = function.architecture == "arm64"
    return Usage(provisioned_gb_s_arm=gb_s) if arm else Usage(provisioned_gb_s=gb_s)


def _series(evidence: Evidence) -> Iterator[Series]:
    """Invocations and memory by day; where only those are known, why the memory is not."""
    invocations, memory = evidence.invocations, evidence.memory_used
    if isinstance(invocations, Measured) and len(invocations.daily) > 1:
        yield _by_day("invocations", dict(invocations.daily))
        if isinstance(memory, Absent):
            yield Series(name="memory_used", first_day="", values=(), because=memory.because)
        elif len(memory.daily) < 2:
            source = memory.source.partition(",")[0]
            yield Series(name="memory_used", first_day="", values=(), because=f"the {source} is not of several days")
    if isinstance(memory, Measured) and len(memory.daily) > 1:
        yield replace(_by_day("memory_used", dict(memory.daily)), sampled=memory.source.startswith("sample"))


def _by_day(name: Literal["invocations", "memory_used"], known: dict[str, float]) -> Series:
    """One value for each day from the first that is known to the last; a day without invocations has none of them."""
    first, last = (date.fromisoformat(end) for end in (min(known), max(known)))
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    missing = 0.0 if name == "invocations" else None
    return Series(name=name, first_day=days[0], values=tuple(known.get(day, missing) for day in days))

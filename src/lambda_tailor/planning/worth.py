"""What each proposed change saves or adds in a month, from measured load or the stated assumption. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.usage import (
    DAYS_A_MONTH,
    QUANTITIES,
    ZERO,
    Load,
    Pair,
    Profile,
    Scenario,
    Usage,
    compute_usage,
    log_retention_usage,
    stored_log_gb,
    tracing_usage,
)
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.money.bill import Prices, Unpriced, attribute_ranges, prices_for, runaway_day_usd
from lambda_tailor.planning.planner import ScopeData, Value, Worth
from lambda_tailor.policy.policy import Assumptions

# Settings whose change is a change of what compute costs.
_PROFILE = frozenset(field.name for field in fields(Profile))
_FOUR_PLACES = Decimal("0.0001")
_BYTES_A_GB = Decimal(1024**3)

Valued = Sequence[tuple[Function, Evidence, Proposed]]


def load_of(function: Function, evidence: Evidence, assumptions: Assumptions) -> Load:
    """A month's load as measured; what was not measured is assumed."""
    invocations, duration = evidence.invocations, evidence.billed_avg
    if not isinstance(duration, Measured):
        duration = evidence.duration_avg
    if isinstance(invocations, Measured) and isinstance(duration, Measured):
        a_month = _a_month(invocations)
        return Load(a_month, Decimal(str(duration.value)), function.memory_mb, assumed=False)
    return Load(
        Decimal(assumptions.invocations_per_month), Decimal(assumptions.duration_ms), function.memory_mb, assumed=True
    )


def _a_month(counted: Measured) -> Decimal:
    return Decimal(str(counted.value)) / Decimal(str(counted.window_days)) * DAYS_A_MONTH


def price_notes(regions: Iterable[str]) -> tuple[str, ...]:
    """Where each region's prices come from and how old they are, or that there are none."""
    notes: list[str] = []
    for region in dict.fromkeys(regions):
        prices = prices_for(region)
        notes += [f"{region}: {prices.because}"] if isinstance(prices, Unpriced) else prices.notes
    return tuple(dict.fromkeys(notes))


def worth(assumptions: Assumptions, reading: ScopeData, *, free_tier: bool | None = None) -> Worth:
    """Values the proposed changes of one account and region together, since tiers are the account's.

    ``free_tier`` overrides the assumption: an account has one, whatever the number of its regions.
    """
    free = assumptions.free_tier if free_tier is None else free_tier

    def value(proposed: Valued) -> Sequence[Value]:
        prices = prices_for(reading.region)
        if isinstance(prices, Unpriced):
            return [Value(says="no price is known for the region") for _ in proposed]
        work = _Account(reading, assumptions, prices, proposed)
        saved = attribute_ranges(work.before(), work.changes(), prices, free_tier=free)
        exposed = (work.exposure(function, change) for function, _, change in proposed)
        return [Value(_rounded(usd), says) for usd, says in zip(saved, exposed, strict=True)]

    return value


# Most changes are worth nothing by themselves, and a fleet has many.
_WORTHLESS = MonthlyUsd()


def _rounded(usd: MonthlyUsd) -> MonthlyUsd:
    return usd.quantize(_FOUR_PLACES) if usd.low or usd.high else _WORTHLESS


class _Account:
    """One account and region: its functions' loads and profiles, as the changes find them one after the other."""

    def __init__(self, reading: ScopeData, assumptions: Assumptions, prices: Prices, proposed: Valued) -> None:
        self.prices = prices
        self.proposed = proposed
        self.functions = reading.functions
        self.evidence = {f.arn: reading.evidence_of(f) for f in reading.functions}
        self.loads = {f.arn: load_of(f, self.evidence[f.arn], assumptions) for f in reading.functions}
        self.profiles = {f.arn: Profile(f.memory_mb, f.architecture, f.ephemeral_mb) for f in reading.functions}
        self.kept_before = {f.arn: _days(c.before) for f, _, c in proposed if c.setting == "retention_days"}

    def before(self) -> Pair:
        """The month's usage as it is, if every function is bound by CPU, and if none is."""
        stored = (stored_log_gb(self._ingested(arn) or Decimal(0), days) for arn, days in self.kept_before.items())
        logged = Usage(log_gb_month=sum(stored, Decimal(0)))
        fixed = _done_away_with(change for _, _, change in self.proposed) + logged
        most = least = fixed
        for function in self.functions:
            traced = self._traces(function.arn) if function.tracing == "Active" else (ZERO, ZERO)
            cpu, io = self._compute(function.arn, self.profiles[function.arn])
            most, least = most + cpu + traced[0], least + io + traced[1]
        return most, least

    def changes(self) -> Iterator[Pair]:
        """What each change adds to the usage, in both worlds; to be taken once, since each goes by those before it."""
        return (self._change(function.arn, change) for function, _, change in self.proposed)

    def _change(self, arn: str, change: Proposed) -> Pair:
        cpu = io = change.adds
        if change.setting in _PROFILE:
            before = self.profiles[arn]
            changed: dict[str, Any] = {change.setting: change.after}
            after = replace(before, **changed)
            self.profiles[arn] = after
            had, has = self._compute(arn, before), self._compute(arn, after)
            return cpu + has[0] - had[0], io + has[1] - had[1]
        if (adds := _BY_SETTING.get(change.setting)) is not None:
            more = adds(self, arn, change)
            return cpu + more[0], io + more[1]
        return cpu, io

    def _compute(self, arn: str, profile: Profile) -> Pair:
        def usage(scenario: Scenario) -> Usage:
            return compute_usage(profile, self.loads[arn], scenario)

        return usage("cpu-bound"), usage("io-bound")

    def _traces(self, arn: str) -> Pair:
        return tracing_usage(self.loads[arn])

    def tracing(self, arn: str, change: Proposed) -> Pair:
        """Traces begin, or end."""
        most, least = self._traces(arn)
        return (most, least) if change.after == "Active" else (-most, -least)

    def retention(self, arn: str, change: Proposed) -> Pair:
        """Stored logs, where it is known how much the function logs."""
        ingested = self._ingested(arn)
        if ingested is None:
            return ZERO, ZERO
        usage = log_retention_usage(ingested, _days(change.before), _days(change.after))
        return usage, usage

    def _ingested(self, arn: str) -> Decimal | None:
        logged = self.evidence[arn].log_bytes
        return _a_month(logged) / _BYTES_A_GB if isinstance(logged, Measured) else None

    def exposure(self, function: Function, change: Proposed) -> str:
        """What a change removes that is on no month's bill."""
        if change.setting != "timeout_s" or not isinstance(change.before, int) or not isinstance(change.after, int):
            return ""
        load = self.loads[function.arn]
        profile = Profile(function.memory_mb, function.architecture, function.ephemeral_mb)
        before, after = (runaway_day_usd(profile, load, s, self.prices) for s in (change.before, change.after))
        if before < _CENT:
            return ""
        assumed = "at the assumed load" if load.assumed else "at the measured load"
        return f"a day on which every run hangs costs ${after:,.2f} instead of ${before:,.2f} {assumed}"


_CENT = Decimal("0.01")
# What these change costs by the load, in (CPU-bound, I/O-bound) worlds.
_BY_SETTING: Mapping[str, Callable[[_Account, str, Proposed], Pair]] = {
    "tracing": _Account.tracing,
    "retention_days": _Account.retention,
}


def _days(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _done_away_with(changes: Iterable[Proposed]) -> Usage:
    """What changes do away with beside compute, which has to be in the account's usage before."""
    gone = dict.fromkeys(QUANTITIES, Decimal(0))
    for change in changes:
        if change.adds is not ZERO:
            for name in QUANTITIES:
                gone[name] += max(-getattr(change.adds, name), Decimal(0))
    return Usage(**gone)

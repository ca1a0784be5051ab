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
    Usage,
    compute_usage,
    log_retention_usage,
    stored_log_gb,
    tracing_usage,
)
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.money.bill import LABELS, Prices, Unpriced, attribute_ranges, bill, prices_for, runaway_day_usd
from lambda_tailor.planning.planner import Value, Worth
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.document import Assumptions

# Settings whose change is a change of what compute costs.
_PROFILE = frozenset(field.name for field in fields(Profile))
_FOUR_PLACES = Decimal("0.0001")
_BYTES_A_GB = Decimal(1024**3)
_ROUNDED_UP_MS = 1.0

Valued = Sequence[tuple[Function, Evidence, Proposed]]


def load_of(function: Function, evidence: Evidence, assumptions: Assumptions) -> Load:
    """A month's load as measured; what was not measured is assumed.

    The duration is without INIT, which logs tell of: what runs were billed beyond what they took.
    """
    invocations, duration = evidence.invocations, evidence.duration_avg
    if not isinstance(duration, Measured):
        duration = evidence.billed_avg
    if isinstance(invocations, Measured) and isinstance(duration, Measured):
        a_month, took = _a_month(invocations), Decimal(str(duration.value))
        return Load(a_month, took, function.memory_mb, assumed=False, init_ms=_init_ms(evidence))
    return Load(
        Decimal(assumptions.invocations_per_month), Decimal(assumptions.duration_ms), function.memory_mb, assumed=True
    )


def _init_ms(evidence: Evidence) -> Decimal:
    """What INIT adds to a run on average, in ms; 0 where no log tells of it."""
    runs = sum(size.invocations for size in evidence.at_memory)
    if not runs or not isinstance(evidence.init_avg, Measured):
        return Decimal(0)
    beyond = sum(size.invocations * (size.billed_ms - size.duration_ms) for size in evidence.at_memory) / runs
    # Billed durations are rounded up to the millisecond, which is no INIT.
    return Decimal(str(round(max(0.0, beyond - _ROUNDED_UP_MS), 3)))


def _a_month(counted: Measured) -> Decimal:
    return Decimal(str(counted.value)) / Decimal(str(counted.window_days)) * DAYS_A_MONTH


def logged_gb(evidence: Evidence) -> Decimal | None:
    """What the function logs in a month, in GB; None where nobody knows."""
    logged = evidence.log_bytes
    return _a_month(logged) / _BYTES_A_GB if isinstance(logged, Measured) else None


def usage_today(function: Function, evidence: Evidence, load: Load) -> Usage:
    """What the function uses in a month as it is: compute, requests and what it logs, whoever calls it."""
    # At the size that it has both worlds cost the same.
    compute = compute_usage(_profile(function), load, "io-bound")
    return compute + Usage(log_gb_ingested=logged_gb(evidence) or Decimal(0))


def _profile(function: Function) -> Profile:
    return Profile(function.memory_mb, function.architecture, function.ephemeral_mb)


def price_notes(regions: Iterable[str]) -> tuple[str, ...]:
    """Where each region's prices come from and how old they are, or that there are none."""
    notes: list[str] = []
    for region in dict.fromkeys(regions):
        prices = prices_for(region)
        notes += [f"{region}: {prices.because}"] if isinstance(prices, Unpriced) else prices.notes
    return tuple(dict.fromkeys(notes))


def discount_notes(factors: Mapping[str, float | None]) -> tuple[str, ...]:
    """What discounts do to the compute part of a saving, by region as far as Compute Optimizer says; one line else.

    https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html
    """
    known = {region: factor for region, factor in factors.items() if factor is not None}
    if known:
        return tuple(
            f"{region}: after this account's discounts Compute Optimizer leaves {100 * factor:.0f} % of a saving"
            for region, factor in known.items()
        )
    return (
        "a Savings Plan covers Lambda last, so the compute part of a saving may be worth nothing until its term ends",
    )


def worth(assumptions: Assumptions, reading: ScopeData, *, free_tier: bool | None = None) -> Worth:
    """Values the proposed changes of one account and region together, since tiers are the account's.

    ``free_tier`` overrides the assumption: an account has one, whatever the number of its regions.
    """
    free = assumptions.free_tier if free_tier is None else free_tier

    def value(proposed: Valued) -> Sequence[Value]:
        prices = prices_for(reading.region)
        if isinstance(prices, Unpriced):
            return [Value(says="no price is known for the region", priced=False) for _ in proposed]
        work = _Account(reading, assumptions, prices, proposed)
        saved = attribute_ranges(work.before(), work.changes(), prices, free_tier=free)
        if not any(function.reach < 1 for function, _, _ in proposed):
            return [work.value(f, change, usd) for (f, _, change), usd in zip(proposed, saved, strict=True)]
        # What it would be worth to callers whom a change of $LATEST does not reach before they are moved.
        all_callers = _Account(reading, assumptions, prices, proposed, everywhere=True)
        moved = attribute_ranges(all_callers.before(), all_callers.changes(), prices, free_tier=free)
        return [
            work.value(function, change, usd, _rounded(once_moved))
            for (function, _, change), usd, once_moved in zip(proposed, saved, moved, strict=True)
        ]

    return value


# Most changes are worth nothing by themselves, and a fleet has many.
_WORTHLESS = MonthlyUsd()


def _rounded(usd: MonthlyUsd) -> MonthlyUsd:
    return usd.quantize(_FOUR_PLACES) if usd.low or usd.high else _WORTHLESS


class _Account:
    """One account and region: its functions' loads and profiles, as the changes find them one after the other.

    ``everywhere`` takes all callers to be reached, whatever version they call.
    """

    def __init__(
        self,
        reading: ScopeData,
        assumptions: Assumptions,
        prices: Prices,
        proposed: Valued,
        *,
        everywhere: bool = False,
    ) -> None:
        self.everywhere = everywhere
        self.prices = prices
        self.proposed = proposed
        self.functions = reading.functions
        self.evidence = {f.arn: reading.evidence_of(f) for f in reading.functions}
        # Only what was stated is priced without measured load: nobody asked what a derived change assumes.
        stated = {f.arn for f, _, c in proposed if not c.derived}
        self.worlds = {f.arn: self._worlds(f, assumptions, assume=f.arn in stated) for f in reading.functions}
        self.profiles = {f.arn: _profile(f) for f in reading.functions}
        self.bills = {f.arn: self._bill(f) for f in {function.arn: function for function, _, _ in proposed}.values()}
        self.kept_before = {f.arn: _days(c.before) for f, _, c in proposed if c.setting == "retention_days"}

    def _worlds(self, function: Function, assumptions: Assumptions, *, assume: bool) -> tuple[Load, Load]:
        """The load that a change of the configuration reaches, where it saves the least and where it saves most."""
        load = load_of(function, self.evidence[function.arn], assumptions)
        if function.managed_instances or (load.assumed and not assume):
            # Managed instances are billed by instance.
            load = replace(load, invocations_per_month=Decimal(0))
        elif not self.everywhere and (reach := function.reach) < 1:
            load = replace(load, invocations_per_month=load.invocations_per_month * Decimal(str(reach)))
        return load, load

    def _bill(self, function: Function) -> Decimal | None:
        """What the function costs a month by itself, whoever is reached; None where its load is not known."""
        evidence = self.evidence[function.arn]
        load = load_of(function, evidence, Assumptions())
        if load.assumed:
            return None
        return bill(usage_today(function, evidence, load), self.prices, free_tier=False)

    def value(
        self, function: Function, change: Proposed, usd: MonthlyUsd, once_moved: MonthlyUsd | None = None
    ) -> Value:
        """A change's money with what is to be said of it; ``once_moved`` is what it would be for all callers."""
        load = self.worlds[function.arn][0]
        reached = change.setting not in _OF_LATEST or function.reach > 0
        by_load = change.setting in _PROFILE or change.setting in _BY_SETTING
        says = [self.exposure(function, change)]
        if not reached:
            says.append("no caller is reached: the saving is not counted")
            if once_moved is not None and once_moved.high >= _CENT:
                says.append(f"{_usd(once_moved.low)} to {_usd(once_moved.high)} a month once they are moved")
        elif by_load and load.assumed and change.derived and change.setting != "retention_days":
            says.append("not priced: no load was measured")
        says += [f"{name} not priced here" for name in self._unpriced(change)]
        return Value(
            _rounded(usd),
            "; ".join(filter(None, says)),
            assumed=load.assumed and by_load and not change.derived and bool(usd.low or usd.high),
            counted=reached,
            priced=not (by_load and load.assumed and change.derived) and not self._unweighable(function, change),
            bill_usd=self.bills[function.arn],
            once_moved_usd=once_moved if change.setting in _OF_LATEST else None,
        )

    def _unpriced(self, change: Proposed) -> list[str]:
        """What a change adds or does away with that has no price in this region."""
        if change.adds is ZERO:
            return []
        return [LABELS[name] for name in QUANTITIES if name not in self.prices.tiers and getattr(change.adds, name)]

    def _unweighable(self, function: Function, change: Proposed) -> bool:
        """Whether a retention's worth is not known, since nobody knows how much is logged."""
        return change.setting == "retention_days" and self._ingested(function.arn) is None

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
            had = self._compute(arn, before)
            if change.setting == "memory_mb" and change.slowdown is not None:
                self.worlds[arn] = _slowed(self.worlds[arn], after.memory_mb, change.slowdown)
            has = self._compute(arn, after)
            return cpu + has[0] - had[0], io + has[1] - had[1]
        if (adds := _BY_SETTING.get(change.setting)) is not None:
            more = adds(self, arn, change)
            return cpu + more[0], io + more[1]
        return cpu, io

    def _compute(self, arn: str, profile: Profile) -> Pair:
        most, least = self.worlds[arn]
        return compute_usage(profile, most, "cpu-bound"), compute_usage(profile, least, "io-bound")

    def _traces(self, arn: str) -> Pair:
        return tracing_usage(self.worlds[arn][0])

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
        return logged_gb(self.evidence[arn])

    def exposure(self, function: Function, change: Proposed) -> str:
        """What a change removes that is on no month's bill."""
        if change.setting != "timeout_s" or not isinstance(change.before, int) or not isinstance(change.after, int):
            return ""
        load = self.worlds[function.arn][0]
        profile = _profile(function)
        before, after = (runaway_day_usd(profile, load, s, self.prices) for s in (change.before, change.after))
        if before < _CENT:
            return ""
        if load.assumed and change.derived:
            return ""
        assumed = "at the assumed load" if load.assumed else "at the measured load"
        return f"a day on which every run hangs costs ${after:,.2f} instead of ${before:,.2f} {assumed}"


def _slowed(worlds: tuple[Load, Load], memory_mb: int, slowdown: tuple[float, float]) -> tuple[Load, Load]:
    """The loads at another size whose range of durations is known."""
    fastest, slowest = (Decimal(str(factor)) for factor in slowdown)
    most, least = worlds
    return (
        replace(most, duration_ms=most.duration_ms * slowest, at_memory_mb=memory_mb),
        replace(least, duration_ms=least.duration_ms * fastest, at_memory_mb=memory_mb),
    )


_CENT = Decimal("0.01")
# What a change of $LATEST brings only to those who call that.
_OF_LATEST = frozenset({*_PROFILE, "timeout_s", "tracing"})
# What these change costs by the load, in (CPU-bound, I/O-bound) worlds.
_BY_SETTING: Mapping[str, Callable[[_Account, str, Proposed], Pair]] = {
    "tracing": _Account.tracing,
    "retention_days": _Account.retention,
}


def _usd(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


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

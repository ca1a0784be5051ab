"""Whether a run's promise held: windows of the same length before and after it, compared. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from lambda_tailor.model.evidence import Measured, Measurement
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.realized import RealizedFunction, Window
from lambda_tailor.model.run import Outcome, Result
from lambda_tailor.model.usage import Load, Profile, Scenario, compute_usage
from lambda_tailor.money.bill import Prices, Unpriced, bill, prices_for

MILLION = Decimal(1_000_000)
# Fewer invocations in a window say nothing of a percentile or of an error rate.
LEAST_INVOCATIONS = 20
_FOUR_PLACES = Decimal("0.0001")
_PROFILE = ("memory_mb", "architecture", "ephemeral_mb")


@dataclass(frozen=True, slots=True)
class Profiles:
    """What compute was billed by before the run and after it."""

    before: Profile
    after: Profile


def profiles_of(function: Function, applied: list[Outcome]) -> Profiles:
    """From the function as it is now, with what the run changed undone for the time before."""
    now = Profile(function.memory_mb, function.architecture, function.ephemeral_mb)
    changed = {o.setting: o for o in applied if o.setting in _PROFILE and o.outcome is Result.APPLIED}
    had: dict[str, Any] = {setting: outcome.before for setting, outcome in changed.items()}
    has: dict[str, Any] = {setting: outcome.after for setting, outcome in changed.items()}
    return Profiles(replace(now, **had), replace(now, **has))


def compare(
    function: Function, profiles: Profiles, before: Window, after: Window, *, hours: float, worse_percent: float
) -> RealizedFunction:
    """What the run brought for one function; ``hours`` is the length of either window."""
    prices = prices_for(function.region)
    few = _too_few(before, "before") or _too_few(after, "after")
    shown = RealizedFunction(
        account_id=function.account_id,
        region=function.region,
        function=function.name,
        before=before,
        after=after,
        per_million_usd=None,
        saved_usd=None,
        promised_usd=None,
        held=None,
        because=few or (prices.because if isinstance(prices, Unpriced) else ""),
    )
    if few:
        return shown
    worse = _worse(before, after, worse_percent)
    if isinstance(prices, Unpriced):
        return replace(shown, worse=worse)
    had = _per_million(profiles.before, _load(before, profiles.before), "io-bound", prices)
    has = _per_million(profiles.after, _load(after, profiles.after), "io-bound", prices)
    a_month = _value(after.invocations) * Decimal(str(730 / hours)) / MILLION
    saved = ((had - has) * a_month).quantize(_FOUR_PLACES)
    promised = MonthlyUsd.between(
        *((had - _promise(profiles, before, scenario, prices)) * a_month for scenario in _SCENARIOS)
    ).quantize(_FOUR_PLACES)
    held = saved >= promised.low
    return replace(
        shown,
        per_million_usd=(had.quantize(_FOUR_PLACES), has.quantize(_FOUR_PLACES)),
        saved_usd=saved,
        promised_usd=promised,
        held=held,
        because="" if held else "the runs after it cost more than the plan's careful figure",
        worse=worse,
    )


_SCENARIOS: tuple[Scenario, Scenario] = ("cpu-bound", "io-bound")


def _promise(profiles: Profiles, before: Window, scenario: Scenario, prices: Prices) -> Decimal:
    return _per_million(profiles.after, _load(before, profiles.before), scenario, prices)


def _load(window: Window, profile: Profile) -> Load:
    return Load(MILLION, _value(window.duration_avg), profile.memory_mb, assumed=False)


def _per_million(profile: Profile, load: Load, scenario: Scenario, prices: Prices) -> Decimal:
    return bill(compute_usage(profile, load, scenario), prices, free_tier=False)


def _value(reading: Measurement) -> Decimal:
    return Decimal(str(reading.value)) if isinstance(reading, Measured) else Decimal(0)


def _too_few(window: Window, when: str) -> str:
    runs = window.invocations
    if not isinstance(runs, Measured):
        return f"{when} the run: {runs.because}"
    if runs.value < LEAST_INVOCATIONS:
        return f"only {runs.value:.0f} invocations {when} the run, {LEAST_INVOCATIONS} are needed"
    return "" if isinstance(window.duration_avg, Measured) else f"{when} the run: {window.duration_avg.because}"


def _worse(before: Window, after: Window, percent: float) -> tuple[str, ...]:
    said: list[str] = []
    for name, had, has in (
        ("p50 duration", before.duration_p50, after.duration_p50),
        ("p95 duration", before.duration_p95, after.duration_p95),
    ):
        if isinstance(had, Measured) and isinstance(has, Measured) and has.value > had.value * (1 + percent / 100):
            said.append(f"{name} went from {had.value:,.0f} ms to {has.value:,.0f} ms")
    rate_before, rate_after = error_rate(before), error_rate(after)
    # One more failure in a hundred beyond the threshold: a rate that doubles from nearly nothing is noise.
    if rate_before is not None and rate_after is not None and rate_after > rate_before * (1 + percent / 100) + 1:
        said.append(f"the error rate went from {rate_before:.2f} % to {rate_after:.2f} %")
    return tuple(said)


def error_rate(window: Window) -> float | None:
    """Errors per hundred invocations; None where the invocations are not known."""
    if not isinstance(window.invocations, Measured) or not window.invocations.value:
        return None
    return 100 * float(_value(window.errors)) / window.invocations.value

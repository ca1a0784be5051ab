"""What each proposed change saves or adds in a month, from measured load or the stated assumption. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.money import Prices, Unpriced, attribute, prices_for
from lambda_tailor.planner import Reading, Worth
from lambda_tailor.policy import Assumptions
from lambda_tailor.usage import QUANTITIES, ZERO, Load, Profile, Scenario, Usage, compute_usage

DAYS_A_MONTH = Decimal("30.4375")
# Settings whose change is a change of what compute costs.
_PROFILE = frozenset(field.name for field in fields(Profile))
_FOUR_PLACES = Decimal("0.0001")

Valued = Sequence[tuple[Function, Evidence, Proposed]]


def load_of(function: Function, evidence: Evidence, assumptions: Assumptions) -> Load:
    """A month's load as measured; what was not measured is assumed."""
    invocations, duration = evidence.invocations, evidence.billed_avg
    if not isinstance(duration, Measured):
        duration = evidence.duration_avg
    if isinstance(invocations, Measured) and isinstance(duration, Measured):
        a_month = Decimal(invocations.value) / Decimal(invocations.window_days) * DAYS_A_MONTH
        return Load(a_month, Decimal(str(duration.value)), function.memory_mb, assumed=False)
    return Load(
        Decimal(assumptions.invocations_per_month), Decimal(assumptions.duration_ms), function.memory_mb, assumed=True
    )


def worth(assumptions: Assumptions, reading: Reading) -> Worth:
    """Values the proposed changes of one account and region together, since tiers are the account's."""

    def value(proposed: Valued) -> Sequence[MonthlyUsd]:
        prices = prices_for(reading.region)
        if isinstance(prices, Unpriced):
            return [MonthlyUsd() for _ in proposed]
        cpu = _scenario("cpu-bound", proposed, reading, assumptions, prices)
        io = _scenario("io-bound", proposed, reading, assumptions, prices)
        return [MonthlyUsd(min(pair), max(pair)) for pair in zip(cpu, io, strict=True)]

    return value


def _scenario(
    scenario: Scenario, proposed: Valued, reading: Reading, assumptions: Assumptions, prices: Prices
) -> Sequence[Decimal]:
    """What each change saves if every function behaves like that."""
    loads = {f.arn: load_of(f, reading.evidence_of(f), assumptions) for f in reading.functions}
    profiles = {f.arn: Profile(f.memory_mb, f.architecture, f.ephemeral_mb) for f in reading.functions}
    account = sum((compute_usage(profiles[arn], loads[arn], scenario) for arn in profiles), ZERO)
    account += _done_away_with(change for _function, _evidence, change in proposed)
    changes: list[Usage] = []
    for function, _evidence, change in proposed:
        usage = change.adds
        if change.setting in _PROFILE:
            before, load = profiles[function.arn], loads[function.arn]
            changed: dict[str, Any] = {change.setting: change.after}
            after = replace(before, **changed)
            profiles[function.arn] = after
            usage += compute_usage(after, load, scenario) - compute_usage(before, load, scenario)
        changes.append(usage)
    savings = attribute(account, changes, prices, free_tier=assumptions.free_tier)
    return [saving.quantize(_FOUR_PLACES) for saving in savings]


def _done_away_with(changes: Iterable[Proposed]) -> Usage:
    """What changes do away with beside compute, which has to be in the account's usage before."""
    gone = dict.fromkeys(QUANTITIES, Decimal(0))
    for change in changes:
        if change.adds is not ZERO:
            for name in QUANTITIES:
                gone[name] += max(-getattr(change.adds, name), Decimal(0))
    return Usage(**gone)

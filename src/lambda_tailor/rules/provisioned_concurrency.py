"""Provisioned concurrency: executions that are kept warm and paid for, used or not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field, JsonValue

from lambda_tailor.model.evidence import Evidence, Measured, Quote
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.usage import SECONDS_A_MONTH, Usage
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.money.prices import Unpriced, prices_for
from lambda_tailor.rules.rule import Options, Rule, always
from lambda_tailor.settings.scalable_capacity import SHOWN_AS

SETTING = "provisioned_concurrency"
# 0.0000041667 / (0.0000166667 - 0.0000097222), and the same on arm64: https://aws.amazon.com/lambda/pricing/
# In other regions provisioned executions cost more, and on demand the same.
BREAK_EVEN_PERCENT = 60


class ProvisionedConcurrencyOptions(Options):
    """How much room is left above what was used."""

    headroom_percent: float = Field(default=30, ge=0, le=400, description="Room above the most that were in use.")


def lookups(function: Function, _options: ProvisionedConcurrencyOptions) -> Iterable[Lookup]:
    """What is provisioned for its versions and aliases."""
    return (Lookup("provisioned", function.name),)


def more_lookups(function: Function, _evidence: Evidence, _options: ProvisionedConcurrencyOptions) -> Iterable[Lookup]:
    """Who owns the number, where there is one, and how much of it each version or alias used."""
    match function.resource("provisioned", function.name):
        case Found(state) if isinstance(bought := state["provisioned"], Mapping):
            used = [Lookup("provisioned-use", f"{function.name}:{qualifier}") for qualifier in bought]
            return (Lookup("scalable-target", function.name), *used)
    return ()


def judge(function: Function, evidence: Evidence, options: ProvisionedConcurrencyOptions) -> Sequence[Verdict]:
    """Propose to buy what was in use and no more; what nobody saw in use is reported."""
    match function.resource("provisioned", function.name):
        case Unreadable(because):
            return (Kept(SETTING, None, f"whether any is provisioned is not known: {because}"),)
        case Missing():
            return (Kept(SETTING, 0, "none is provisioned"),)
        case Found(state):
            bought = state["provisioned"]
            assert isinstance(bought, Mapping)
            return [
                _judge_one(function, evidence, options, qualifier, count, alone=len(bought) == 1)
                for qualifier, count in sorted(bought.items())
                if isinstance(count, int)
            ]


def _judge_one(
    function: Function,
    evidence: Evidence,
    options: ProvisionedConcurrencyOptions,
    qualifier: str,
    count: int,
    *,
    alone: bool,
) -> Verdict:
    setting, quotes = f"{SETTING}.{qualifier}", evidence.quote("provisioned_max")
    peak = _peak(function, evidence, qualifier, alone=alone)
    if peak is None:
        note = f"{count} executions are provisioned for {qualifier}, and how many are in use is not known"
        return Finding(setting, count, f"{note}{_a_month(function, count)}", Risk.MEDIUM)
    # None: the configuration goes altogether.
    wanted = math.ceil(peak * (1 + options.headroom_percent / 100)) or None
    if wanted is not None and wanted >= count:
        return Kept(setting, count, f"at most {peak:.0f} were in use", quotes)
    used = f"{100 * peak / count:.0f} %"
    seen = f"at most {peak:.0f} of {count} were in use ({used})" if peak else f"none of {count} was in use in two weeks"
    reason = f"{seen}; {_break_even(function)}"
    if (target := _target(function, qualifier)) is not None:
        return _of_target(function, qualifier, count, wanted, target, reason, quotes)
    step = Transition(Key("provisioned-concurrency", f"{function.name}:{qualifier}"), "provisioned", count, wanted)
    saves = _saves(function, count - (wanted or 0))
    return Proposed(setting, count, wanted, reason, (step,), Risk.MEDIUM, quotes, saves)


def _saves(function: Function, fewer: int) -> Usage:
    """A month of so many executions less."""
    gb_s = Decimal(fewer) * SECONDS_A_MONTH * Decimal(function.memory_mb) / 1024
    arm = function.architecture == "arm64"
    return Usage(provisioned_gb_s_arm=-gb_s) if arm else Usage(provisioned_gb_s=-gb_s)


def _of_target(
    function: Function,
    qualifier: str,
    count: int,
    wanted: int | None,
    target: _Target,
    reason: str,
    quotes: tuple[Quote, ...],
) -> Verdict:
    """The least of what Application Auto Scaling owns: it would put back what is set on the function itself."""
    setting, where = f"{SHOWN_AS}.{qualifier}", f"{function.name}:{qualifier}"
    owned = f"Application Auto Scaling owns the number ({target.least} to {target.most})"
    if target.scheduled:
        note = f"{reason}; {owned}, and scheduled actions set it: lower it in these, or the next one puts it back"
        return Finding(setting, count, note, Risk.MEDIUM, quotes)
    if wanted is None:
        note = (
            f"{reason}; {owned}, and target tracking never scales in where no event tells it to: deregister its target "
            f"function:{where} and take the executions away"
        )
        return Finding(setting, count, note, Risk.MEDIUM, quotes)
    now: dict[str, JsonValue] = {"min": target.least, "max": target.most}
    if wanted >= target.least:
        note = f"{reason}; {owned}, and none of its policies brings the number down to {wanted}: look at these"
        return Finding(setting, count, note, Risk.MEDIUM, quotes)
    after: dict[str, JsonValue] = {**now, "min": wanted}
    step = Transition(Key("scalable-capacity", where), "capacity", now, after)
    told = f"{reason}; {owned} and would put back what is set on the function, so the least of its target goes down"
    saves = _saves(function, min(count, target.least) - wanted)
    return Proposed(setting, now, after, told, (step,), Risk.MEDIUM, quotes, saves)


def _peak(function: Function, evidence: Evidence, qualifier: str, *, alone: bool) -> float | None:
    """The most that were in use for the version or alias; the function's figure stands for the only one."""
    match function.resource("provisioned-use", f"{function.name}:{qualifier}"):
        case Found(state) if isinstance(peak := state.get("peak"), int | float):
            return float(peak)
        case Missing():
            # CloudWatch was asked and has no data point: nothing was ever served by them.
            return 0.0
    whole = evidence.provisioned_max
    return whole.value if alone and isinstance(whole, Measured) else None


def _a_month(function: Function, executions: int) -> str:
    """What so many executions cost in a month, where prices are known."""
    prices = prices_for(function.region)
    meter = "provisioned_gb_s_arm" if function.architecture == "arm64" else "provisioned_gb_s"
    if isinstance(prices, Unpriced) or not prices.tiers.get(meter):
        return ""
    gb_s = Decimal(executions) * SECONDS_A_MONTH * Decimal(function.memory_mb) / 1024
    return f"; they cost ${gb_s * prices.tiers[meter][0].usd:,.2f} a month"


@dataclass(frozen=True, slots=True)
class _Target:
    """Between how many executions the number is scaled, and whether by the clock."""

    least: int
    most: int
    scheduled: bool


def _break_even(function: Function) -> str:
    """From which share in use on they cost less than on demand, by the region's prices where all three are known."""
    prices = prices_for(function.region)
    arm = "_arm" if function.architecture == "arm64" else ""
    names = (f"provisioned_gb_s{arm}", f"provisioned_duration_gb_s{arm}", "gb_s_arm" if arm else "gb_s_x86")
    known = {} if isinstance(prices, Unpriced) else prices.tiers
    percent = Decimal(BREAK_EVEN_PERCENT)
    if all(known.get(name) for name in names):
        ready, duration, on_demand = (known[name][0].usd for name in names)
        percent = 100 * ready / (on_demand - duration) if on_demand > duration else Decimal(100)
    if percent >= 100:
        return "in this region they cost more than on demand however much they are used: they only spare cold starts"
    return f"below {percent:.0f} % they cost more than on demand"


def _target(function: Function, qualifier: str) -> _Target | None:
    """What scales the number; None where nobody does, as far as is known."""
    found = function.resource("scalable-target", function.name)
    state = found.state if isinstance(found, Found) else {}
    targets, scheduled = state.get("targets"), state.get("scheduled")
    ends = targets.get(qualifier) if isinstance(targets, Mapping) else None
    if isinstance(ends, list) and len(ends) == 2 and isinstance(ends[0], int) and isinstance(ends[1], int):
        return _Target(ends[0], ends[1], isinstance(scheduled, list) and qualifier in scheduled)
    return None


RULE = Rule(
    id="provisioned-concurrency",
    title="Provisioned concurrency that is used",
    why="Provisioned executions are paid for around the clock, whether an event comes or not.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html",
    options=ProvisionedConcurrencyOptions,
    judge=judge,
    writes=always("provisioned-concurrency", "scalable-capacity"),
    lookups=lookups,
    more_lookups=more_lookups,
    surprise="The metrics exist by version and alias; the function's own figure mixes them. What is provisioned for a "
    "function that nobody invokes is paid for around the clock and is in no error, alarm or invocation.",
    evidence=("provisioned_max",),
    order=130,
)

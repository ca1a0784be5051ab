"""Which derived changes are worth it: a saving has to be worth the change, an addition to be small beside the bill.

All of it holds for what a rule derives, or where the policy says ``weighed``; what a policy states is never
left out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lambda_tailor.model.evidence import Absent, Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.verdict import Kept, Proposed
from lambda_tailor.policy.policy import Policy

# What such a change does beside saving money is nothing that anybody would miss.
_ONLY_SAVES = frozenset(
    {"memory", "ephemeral-storage", "provisioned-concurrency", "architecture", "log-class", "log-retention"}
)
# A group's logs are worth little each, and the retention is one decision for all of them, in every account and region:
# those are weighed when all of a plan is known (together.py).
_TOGETHER = frozenset({"log-retention"})
# How CloudWatch's answer begins where it knows of no invocation, which is not the same as no answer.
IDLE = "CloudWatch has no Invocations"
# Without load such a change costs nothing today, and whatever the load is tomorrow.
_COSTS_BY_LOAD = frozenset({"tracing"})
_NOTHING = Decimal(0)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A proposed change as it is weighed. ``bill_usd`` is what its function costs a month; None if unknown."""

    function: Function
    evidence: Evidence
    rule: str
    verdict: Proposed
    monthly_usd: MonthlyUsd
    bill_usd: Decimal | None
    priced: bool = True

    @property
    def only_saves(self) -> bool:
        """Whether money is all that the change is for. More memory is wanted for other reasons."""
        before, after = self.verdict.before, self.verdict.after
        if self.rule == "memory" and isinstance(before, int) and isinstance(after, int) and after > before:
            return False
        return self.rule in _ONLY_SAVES

    @property
    def repairs(self) -> bool:
        """Whether runs fail without it, whatever it costs: memory that is nearly full."""
        return self.rule == "memory" and not self.only_saves

    @property
    def idle(self) -> bool:
        """Whether CloudWatch knows of no invocation in the window."""
        invocations = self.evidence.invocations
        return isinstance(invocations, Absent) and invocations.because.startswith(IDLE)


# What the one who asks left out by an option.
HIGHER_RISK = "of a higher risk than was asked for (--risk)"
SAVES_LESS = "of functions that save less than was asked for (--min-saving)"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Changes that were left out for one reason: how many, and what they would have brought or cost together."""

    because: str
    changes: int = 0
    monthly_usd: MonthlyUsd = field(default_factory=MonthlyUsd)


def weigh(policy: Policy, proposed: Sequence[Weighed]) -> Mapping[int, Kept]:
    """Which of these are not worth it, by their place, each as what is said instead."""
    found: dict[int, Kept] = {}
    for number, each in enumerate(proposed):
        because = _because(policy, each) if each.verdict.derived else None
        if because is not None:
            found[number] = Kept(each.verdict.setting, each.verdict.before, because, each.verdict.evidence)
    return found


def weighed_later(each: Weighed) -> bool:
    """Whether it is weighed with all others of its rule, over the whole plan."""
    return each.rule in _TOGETHER and bool(each.verdict.derived) and each.priced


def _because(policy: Policy, each: Weighed) -> str | None:
    if each.rule in _TOGETHER:
        return None
    low, high = each.monthly_usd.low, each.monthly_usd.high
    least = policy.min_monthly_usd
    if each.only_saves and each.priced and least > 0:
        return too_little(policy, high) if high < least else None
    adds = -low
    if each.repairs or (adds < _CENT and each.rule not in _COSTS_BY_LOAD):
        return None
    if each.idle:
        return FOR_NOBODY
    if adds < _CENT:
        return None
    most = policy.max_added_percent
    if each.bill_usd is not None and adds > each.bill_usd * Decimal(str(most)) / 100:
        share = f"it costs ${each.bill_usd:.2f}, and this adds ${adds:.2f} a month"
        return f"{OVER_MOST} ({share}, over {most:g} %)"
    return None


UNDER_LEAST = "it saves too little"
FOR_NOBODY = "nobody invokes it: nothing that costs is added"
OVER_MOST = "it adds too much to what the function costs"


def too_little(policy: Policy, usd: Decimal) -> str:
    """What is said of a saving of so much."""
    return f"{UNDER_LEAST} (${max(usd, _NOTHING):.2f} a month at most, under ${policy.min_monthly_usd:.2f})"


def left_out(kept: Iterable[tuple[Kept, MonthlyUsd]]) -> tuple[LeftOut, ...]:
    """What was left out, summed up by reason."""
    sums: dict[str, LeftOut] = {}
    for each, usd in kept:
        reason = next(r for r in (UNDER_LEAST, FOR_NOBODY, OVER_MOST) if each.because.startswith(r))
        so_far = sums.get(reason, LeftOut(reason))
        sums[reason] = LeftOut(reason, so_far.changes + 1, so_far.monthly_usd + usd)
    return tuple(sums.values())


def add_up(parts: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """The same over several accounts and regions."""
    sums: dict[str, LeftOut] = {}
    for part in parts:
        so_far = sums.get(part.because, LeftOut(part.because))
        sums[part.because] = LeftOut(part.because, so_far.changes + part.changes, so_far.monthly_usd + part.monthly_usd)
    return tuple(sums.values())


def sentences(policy: Policy, parts: Iterable[LeftOut]) -> tuple[str, ...]:
    """One line for each reason, with count and sum."""
    return tuple(_sentence(policy, each) for each in add_up(parts))


def _sentence(policy: Policy, each: LeftOut) -> str:
    changes = "1 change" if each.changes == 1 else f"{each.changes} changes"
    usd = each.monthly_usd
    if each.because == UNDER_LEAST:
        saving = f"${max(usd.low, _NOTHING):.2f} to ${max(usd.high, _NOTHING):.2f} a month together"
        return f"Left out: {changes} that would save {saving}, under ${policy.min_monthly_usd:.2f} (min_monthly_usd)."
    cost = f"would add ${-usd.low:.2f} a month together"
    if each.because == FOR_NOBODY:
        return f"Left out: {changes} that would cost something, for functions that nobody invokes."
    if each.because in (HIGHER_RISK, SAVES_LESS):
        return f"Left out: {changes} {each.because}."
    over = f"over {policy.max_added_percent:g} % of what their functions cost (max_added_percent)"
    return f"Left out: {changes} that {cost}, {over}."

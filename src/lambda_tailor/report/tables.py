"""A plan added up by account, region, rule and function, for every report alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import Change, MonthlyUsd, Plan, PlannedFunction
from lambda_tailor.model.verdict import Risk

GRAVE = {Risk.HIGH: 0, Risk.MEDIUM: 1, Risk.LOW: 2, Risk.NONE: 3}


@dataclass(frozen=True, slots=True)
class Total:
    """What a group of changes comes to: US dollars a month saved, from low to high, net of what it adds."""

    name: str
    changes: int
    blocked: int
    monthly: MonthlyUsd


@dataclass(frozen=True, slots=True)
class Row:
    """One change with the function that it belongs to."""

    function: PlannedFunction
    change: Change

    @property
    def status(self) -> str:
        """``pending``, ``blocked`` or ``finding``."""
        if self.change.kind == "finding":
            return "finding"
        return "pending" if self.change.blocked is None else "blocked"


def rows(plan: Plan) -> list[Row]:
    """Every change, blocked and finding of a plan, in the plan's order."""
    return [Row(function, change) for function in plan.functions for change in function.changes]


def first_to_read(plan: Plan) -> list[Row]:
    """What wants a human's eye: what is blocked, then what is risky, the gravest first."""
    blocked = [row for row in rows(plan) if row.status == "blocked"]
    risky = [row for row in rows(plan) if row.status == "pending" and GRAVE[row.change.risk] <= GRAVE[Risk.MEDIUM]]
    return blocked + sorted(risky, key=lambda row: GRAVE[row.change.risk])


def totals(plan: Plan, name: Callable[[Row], str]) -> list[Total]:
    """The plan's changes by whatever ``name`` says, the greatest saving first."""
    groups: dict[str, list[Row]] = {}
    for row in rows(plan):
        groups.setdefault(name(row), []).append(row)
    found = [_total(key, group) for key, group in groups.items()]
    return sorted(found, key=lambda total: (-total.monthly.high, total.name))


def _total(name: str, group: Iterable[Row]) -> Total:
    pending = blocked = 0
    monthly = MonthlyUsd(Decimal(0), Decimal(0))
    for row in group:
        blocked += row.status == "blocked"
        if row.status == "pending":
            pending += 1
            monthly += row.change.monthly_usd
    return Total(name, pending, blocked, monthly)


def by_account(row: Row) -> str:
    """The account's id."""
    return row.function.account_id


def by_region(row: Row) -> str:
    """The region's code."""
    return row.function.region


def by_rule(row: Row) -> str:
    """The rule's id."""
    return row.change.rule


def by_function(row: Row) -> str:
    """The function's name."""
    return row.function.name


def function_of(plan: Plan) -> Callable[[Row], str]:
    """The function's name, and where it is if the plan has more than one account and region."""
    if len({(function.account_id, function.region) for function in plan.functions}) < 2:
        return by_function
    return lambda row: f"{row.function.name} ({row.function.account_id}, {row.function.region})"

"""A plan in a few figures, the same in every report: what it saves net, how sure that is, what is at stake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd, Plan, PlannedFunction
from lambda_tailor.model.verdict import Risk
from lambda_tailor.money.prices import Unpriced, prices_for
from lambda_tailor.report.tables import Row
from lambda_tailor.report.texts import count

NOTHING = MonthlyUsd()
RISKY = (Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A plan's figures; money in US dollars a month.

    ``net`` is what it saves less what it adds, and is ``measured`` and ``assumed`` together.
    ``cost_now`` is what the functions cost today, or None where that is not known of all that change.
    ``unpriced`` are the regions without prices, whose money is left out.
    """

    net: MonthlyUsd
    measured: MonthlyUsd
    assumed: MonthlyUsd
    measured_functions: int
    assumed_functions: int
    saves: MonthlyUsd
    adds: MonthlyUsd
    cost_now: MonthlyUsd | None
    functions: int
    changed_functions: int
    changes: int
    by_risk: dict[Risk, int]
    at_stake: MonthlyUsd
    blocked: int
    not_saved: MonthlyUsd
    findings: int
    unpriced: tuple[str, ...]

    @property
    def at_risk(self) -> int:
        """Changes of medium or high risk."""
        return sum(self.by_risk[risk] for risk in RISKY)


def figures_of(plan: Plan) -> Figures:
    """The plan's figures, from its changes."""
    every = [Row(function, change) for function in plan.functions for change in function.changes]
    pending = [row for row in every if row.status == "pending"]
    blocked = [row for row in every if row.status == "blocked"]
    counted = [row for row in pending if row.change.counted]
    assumed = [row for row in counted if row.change.assumed]
    measured = [row for row in counted if not row.change.assumed]
    return Figures(
        net=money(counted),
        measured=money(measured),
        assumed=money(assumed),
        measured_functions=len(_with_money(measured)),
        assumed_functions=len(_with_money(assumed)),
        saves=positive(counted),
        adds=-negative(counted),
        cost_now=_cost(plan),
        functions=len(plan.functions),
        changed_functions=len({row.function.arn for row in pending}),
        changes=len(pending),
        by_risk={risk: sum(row.change.risk is risk for row in pending) for risk in Risk},
        at_stake=positive(row for row in counted if row.change.risk in RISKY),
        blocked=len(blocked),
        not_saved=positive(blocked),
        findings=sum(row.status == "finding" for row in every),
        unpriced=tuple(
            region for region in sorted({f.region for f in plan.functions}) if isinstance(prices_for(region), Unpriced)
        ),
    )


def money(rows: Iterable[Row]) -> MonthlyUsd:
    """What the rows save together, net."""
    return sum((row.change.monthly_usd for row in rows), NOTHING)


def positive(rows: Iterable[Row]) -> MonthlyUsd:
    """What those of the rows save that save."""
    nothing = Decimal(0)
    ranges = [row.change.monthly_usd for row in rows if row.change.monthly_usd.high > 0]
    return sum((MonthlyUsd(max(r.low, nothing), r.high) for r in ranges), NOTHING)


def negative(rows: Iterable[Row]) -> MonthlyUsd:
    """What those of the rows cost that cost, as amounts below zero."""
    nothing = Decimal(0)
    ranges = [row.change.monthly_usd for row in rows if row.change.monthly_usd.low < 0]
    return sum((MonthlyUsd(r.low, min(r.high, nothing)) for r in ranges), NOTHING)


def net_of(function: PlannedFunction) -> MonthlyUsd:
    """What a function's changes save, less what they add; what reaches no traffic is not counted."""
    return sum((c.monthly_usd for c in function.changes if c.pending and c.counted), NOTHING)


def is_assumed(function: PlannedFunction) -> bool:
    """Whether a function's money rests on the stated assumption."""
    return any(c.assumed for c in function.changes if c.pending and c.monthly_usd != NOTHING)


def by_money(functions: Iterable[PlannedFunction]) -> list[PlannedFunction]:
    """The functions, most money first, and what costs last."""
    return sorted(functions, key=lambda f: (-(net := net_of(f)).high, -net.low, f.name, f.arn))


def _with_money(rows: Iterable[Row]) -> set[str]:
    return {row.function.arn for row in rows if row.change.monthly_usd != NOTHING}


def _cost(plan: Plan) -> MonthlyUsd | None:
    changed = [f for f in plan.functions if any(c.pending for c in f.changes)]
    known = [f.monthly_cost_usd for f in changed if f.monthly_cost_usd is not None]
    return sum(known, NOTHING) if known and len(known) == len(changed) else None


def days_of_load(plan: Plan) -> str:
    """How many days of invocations the figures rest on; of any evidence where those were not asked for."""
    quotes = [quote for function in plan.functions for change in function.changes for quote in change.evidence]
    days = {quote.window_days for quote in quotes if quote.name == "invocations"}
    days = days or {quote.window_days for quote in quotes}
    return count(round(max(days)), "day") if days and max(days) >= 1 else ""

"""How much of a plan is shown, and in what order: the same in the terminal, in Markdown and in CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from lambda_tailor.model.plan import Plan, PlannedFunction
from lambda_tailor.report.figures import net_of
from lambda_tailor.report.tables import GRAVE, Row

GroupBy = Literal["rule", "function", "account"]
Sort = Literal["money", "risk", "name"]
# Up to so many functions, every change is shown; of more, so many functions.
FEW, TOP = 10, 10


@dataclass(frozen=True, slots=True)
class View:
    """What to show: ``group_by`` None is by rule for many functions and by function for few.

    ``top`` is how many functions or groups are shown, None for the usual; ``full`` shows every change.
    """

    group_by: GroupBy | None = None
    sort: Sort = "money"
    top: int | None = None
    full: bool = False

    def in_full(self, plan: Plan) -> bool:
        """Whether every change of every function is shown, however many there are."""
        few = sum(bool(shown(f)) for f in plan.functions) <= FEW
        return self.full or (self.group_by is None and few) or self.group_by == "function"


DEFAULT = View()


def shown(function: PlannedFunction) -> bool:
    """Whether there is anything to be said of a function."""
    return bool(function.changes or function.notes)


def ordered(functions: Sequence[PlannedFunction], sort: Sort) -> list[PlannedFunction]:
    """The functions in the order asked for; by money where other things are alike."""

    def key(function: PlannedFunction) -> tuple[int, Decimal, Decimal, str, str]:
        net, blocked = net_of(function), any(c.blocked is not None for c in function.changes)
        worst = min((GRAVE[c.risk] for c in function.changes if c.pending), default=len(GRAVE))
        first = {"money": 0, "risk": -1 if blocked else worst, "name": 0}[sort]
        zero = Decimal(0)
        money = (zero, zero) if sort == "name" else (-net.high, -net.low)
        return first, *money, function.name, function.arn

    return sorted(functions, key=key)


def ordered_rows(plan: Plan, sort: Sort = "money") -> list[Row]:
    """Every change, the functions in that order, what is least important last: findings, then what is worth nothing."""
    functions = [f for f in ordered(plan.functions, sort) if f.changes]
    weight = {"pending": 0, "blocked": 1, "finding": 2}
    made = [Row(function, change) for function in functions for change in function.changes]
    rank = {function.arn: n for n, function in enumerate(functions)}
    return sorted(made, key=lambda r: (rank[r.function.arn], weight[r.status], -r.change.monthly_usd.high))

"""Promised and realized, side by side: a verdict in words, and where both stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.realized import RealizedFunction
from lambda_tailor.report.figures import NOTHING
from lambda_tailor.report.page.charts import Promise, Scale, promise, scale
from lambda_tailor.report.texts import (
    brief_range,
    clean,
)

TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A function's row: its name, what was promised, what was realized, the verdict and its tone, and its place."""

    name: str
    promised: str
    realized: str
    verdict: str
    tone: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class KeptBar:
    """The hero's bar: the promise from its low to its high end, and the mark of what was realized."""

    promise: Promise
    label: str
    mark: str
    low: str
    high: str


def verdict_of(saved: Decimal, promised: MonthlyUsd) -> str:
    """In words, whether a promise was kept."""
    room = max((promised.high - promised.low) * TOLERANCE, abs(promised.high) * TOLERANCE)
    if saved < promised.low - room:
        return "less than promised"
    return "more than promised" if saved > promised.high + room else "as promised"


def kept_bar(promised: MonthlyUsd, saved: Decimal) -> KeptBar:
    axis = scale(float(min(promised.low, saved)), float(max(promised.high, saved)), room=1.1)
    low, high = (
        brief_range(MonthlyUsd(promised.low, promised.low)),
        brief_range(MonthlyUsd(promised.high, promised.high)),
    )
    told = brief_range(MonthlyUsd(saved, saved))
    label = f"Realized {told}, promised {brief_range(promised)}"
    return KeptBar(promise(axis, promised, saved), label, f"realized {told}", low, high)


def axis_of(rows: Sequence[RealizedFunction]) -> Scale:
    ends = [
        end for r in rows for end in ((r.promised_usd or NOTHING).low, (r.promised_usd or NOTHING).high, r.saved_usd)
    ]
    known = [float(end) for end in ends if end is not None]
    return scale(min(known), max(known), room=1.05)


def promise_row(row: RealizedFunction, axis: Scale) -> PromiseRow:
    promised, saved = row.promised_usd or NOTHING, row.saved_usd or Decimal(0)
    verdict = verdict_of(saved, promised)
    if row.worse:
        verdict = "slower or failing more" if verdict == "as promised" else f"{verdict}, and worse"
    tone = "" if verdict in ("as promised", "more than promised") else "amb"
    return PromiseRow(
        clean(row.function),
        f"promised {brief_range(promised)}",
        brief_range(MonthlyUsd(saved, saved)),
        verdict,
        tone,
        promise(axis, promised, saved),
    )

"""What blocked changes would save if nothing were in their way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.verdict import Blocked, Proposed
from lambda_tailor.planning.judging import Judgement
from lambda_tailor.planning.scope import ScopeData

if TYPE_CHECKING:
    from lambda_tailor.planning.planner import Worth

# What is worth something by the load alone; of others a rule says what they add, and of a blocked one it does not.
_BY_LOAD = frozenset({"memory_mb", "ephemeral_mb", "architecture", "retention_days"})
_NOTHING, _CENT = Decimal(0), Decimal("0.01")


def not_saved(judged: Sequence[Judgement], reading: ScopeData, worth: Worth) -> Mapping[int, MonthlyUsd]:
    """What each blocked change would save in a month by measured load, by its place; those that save something.

    The blocked ones of a function are valued one after the other, as if the others of the plan were not made.
    """
    found = [
        (n, item.function, Proposed(v.setting, v.before, v.after, "", v.transitions, derived=True))
        for n, item in enumerate(judged)
        if isinstance(v := item.verdict, Blocked) and v.setting in _BY_LOAD
    ]
    if not found:
        return {}
    values = worth([(function, reading.evidence_of(function), change) for _, function, change in found])
    return {
        n: MonthlyUsd(max(value.monthly_usd.low, _NOTHING), value.monthly_usd.high)
        for (n, _, _), value in zip(found, values, strict=True)
        if value.counted and value.monthly_usd.high >= _CENT
    }

"""What is decided once for a whole plan: changes that are worth little each, over every account and region. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from lambda_tailor.model.plan import Change, ChangeRef, Kept, MonthlyUsd, PlannedFunction
from lambda_tailor.planning.narrowing import operations_of
from lambda_tailor.planning.scope import PlannedScope
from lambda_tailor.planning.weighing import UNDER_LEAST, LeftOut, too_little
from lambda_tailor.policy.policy import Policy


def weighed_together(policy: Policy, parts: Sequence[PlannedScope]) -> Sequence[PlannedScope]:
    """The parts without the changes of a rule that are worth too little over all of the plan (``min_monthly_usd``)."""
    asked = {ref for part in parts for ref in part.together}
    changes = [(ChangeRef(f.arn, c.rule, c.setting), c) for part in parts for f in part.functions for c in f.changes]
    worth: dict[str, Decimal] = {}
    for ref, change in changes:
        if ref in asked and change.pending:
            worth[ref.rule] = worth.get(ref.rule, Decimal(0)) + change.monthly_usd.high
    small = {rule: usd for rule, usd in worth.items() if usd < policy.min_monthly_usd}
    gone = {ref for ref in asked if ref.rule in small}
    if not gone:
        return parts
    because = {rule: too_little(policy, usd) for rule, usd in small.items()}
    return [_without(part, gone, because) for part in parts]


def _without(part: PlannedScope, gone: Collection[ChangeRef], because: dict[str, str]) -> PlannedScope:
    lost = [change for f in part.functions for change in f.changes if _of(f, change) in gone and change.pending]
    if not lost:
        return part
    functions = [_function(function, part, gone, because) for function in part.functions]
    left = {_of(f, change) for f in functions for change in f.changes if change.pending}
    many, usd = len(lost), sum((change.monthly_usd for change in lost), MonthlyUsd())
    return replace(
        part, functions=functions, operations=operations_of(part.operations, left),
        left_out=(*part.left_out, LeftOut(UNDER_LEAST, many, usd)),
    )  # fmt: skip


def _of(function: PlannedFunction, change: Change) -> ChangeRef:
    return ChangeRef(function.arn, change.rule, change.setting)


def _function(
    function: PlannedFunction, part: PlannedScope, gone: Collection[ChangeRef], because: dict[str, str]
) -> PlannedFunction:
    lost = [change for change in function.changes if change.pending and _of(function, change) in gone]
    if not lost:
        return function
    kept = [Kept(change.rule, change.setting, change.before, because[change.rule]) for change in lost]
    changes = tuple(change for change in function.changes if change not in lost)
    notes = part.together[_of(function, lost[-1])]
    return replace(function, changes=changes, kept=(*function.kept, *kept), notes=notes)

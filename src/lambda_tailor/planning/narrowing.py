"""A plan with fewer changes: up to a risk, or of functions that save enough. What is left out is not done. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from lambda_tailor.model.plan import Change, ChangeRef, Operation, PlannedFunction
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning.weighing import HIGHER_RISK, SAVES_LESS, LeftOut

_RANK = {Risk.NONE: 0, Risk.LOW: 1, Risk.MEDIUM: 2, Risk.HIGH: 3}


def narrowed(
    functions: Sequence[PlannedFunction],
    operations: Sequence[Operation],
    *,
    max_risk: Risk | None = None,
    min_saving_usd: Decimal | None = None,
) -> tuple[tuple[PlannedFunction, ...], tuple[Operation, ...]]:
    """The functions and operations without changes that are too risky, or of functions that save too little.

    ``min_saving_usd`` is what a function has to save a month, net, at its high end. Blocked changes and findings
    stay: they are what is known.
    """
    kept = tuple(_function(function, max_risk, min_saving_usd) for function in functions)
    if all(new is old for new, old in zip(kept, functions, strict=True)):
        return tuple(functions), tuple(operations)
    refs = {ChangeRef(f.arn, c.rule, c.setting) for f in kept for c in f.changes if c.pending}
    return kept, operations_of(operations, refs)


def left_out(
    before: Sequence[PlannedFunction], after: Sequence[PlannedFunction], max_risk: Risk | None
) -> tuple[LeftOut, ...]:
    """How many changes are not in the narrowed plan, and for which of the two reasons."""
    kept = {ChangeRef(f.arn, c.rule, c.setting) for f in after for c in f.changes}
    gone = [c for f in before for c in f.changes if ChangeRef(f.arn, c.rule, c.setting) not in kept]
    risky = sum(max_risk is not None and _RANK[c.risk] > _RANK[max_risk] for c in gone)
    counts = {HIGHER_RISK: risky, SAVES_LESS: len(gone) - risky}
    return tuple(LeftOut(because, count) for because, count in counts.items() if count)


def _function(function: PlannedFunction, max_risk: Risk | None, least: Decimal | None) -> PlannedFunction:
    most = _RANK[Risk.HIGH if max_risk is None else max_risk]
    changes = tuple(c for c in function.changes if not c.pending or _RANK[c.risk] <= most)
    if least is not None and _net(changes) < least:
        changes = tuple(change for change in changes if not change.pending)
    return function if len(changes) == len(function.changes) else replace(function, changes=changes)


def _net(changes: Sequence[Change]) -> Decimal:
    return sum((c.monthly_usd.high for c in changes if c.pending and c.counted), Decimal(0))


def operations_of(operations: Sequence[Operation], refs: Collection[ChangeRef]) -> tuple[Operation, ...]:
    """The operations with the fields that some kept change wants, and no others."""
    kept: dict[str, Operation] = {}
    for operation in operations:
        wanted = {name: tuple(r for r in each if r in refs) for name, each in operation.changes.items()}
        fields = frozenset(name for name, each in wanted.items() if each)
        if fields:
            kept[operation.id] = replace(
                operation.only(fields),
                changes={name: each for name, each in wanted.items() if each},
                requires={name: ids for name, ids in operation.requires.items() if name in fields},
            )
    return tuple(_without_gone(operation, kept.keys()) for operation in kept.values())


def _without_gone(operation: Operation, there: Collection[str]) -> Operation:
    """The operation without waiting for what is no longer done."""
    follows = tuple(o for o in operation.follows if o in there)
    requires = {n: kept for n, ids in operation.requires.items() if (kept := tuple(o for o in ids if o in there))}
    return replace(operation, follows=follows, requires=requires)

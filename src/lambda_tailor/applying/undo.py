"""A plan made from the journal that puts back what a run changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_tailor.documents import plan_hash
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan, PlannedFunction
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.run import Status
from lambda_tailor.planning.estimate import estimate
from lambda_tailor.planning.summing import roles_needed, summarize
from lambda_tailor.settings import all_settings

AS_IT_WAS = "put back as it was"


def undo_plan(record: RunRecord, created_at: str, only: frozenset[str] | None = None) -> Plan:
    """The plan that undoes a run, or what of it is ``only`` these functions' (ARNs).

    Its written operations, swapped and in the opposite order.

    What the journal says was there goes back. What was only intended was never sent, and is no part of it.
    """
    # Of a run that was put back, nothing is left.
    steps = {} if record.status is Status.ROLLED_BACK else record.steps
    written = [o for o in record.plan.operations if _written(steps.get(o.id)) and (only is None or o.function in only)]
    ids = {operation.id: f"undo-{operation.id}" for operation in written}
    operations = tuple(_inverse(o, record.steps[o.id], written, ids) for o in reversed(written))
    undone = {ref for o in written for name, refs in o.changes.items() if name in steps[o.id].was for ref in refs}
    notes = {ref: note for o in written for ref, note in _inexact(o, record.steps[o.id]).items()}
    functions = tuple(_swapped(function, undone, notes) for function in record.plan.functions)
    functions = tuple(function for function in functions if function.changes)
    plan = Plan(
        plan_id="",
        created_at=created_at,
        policy=f"undo of {record.run_id}",
        assumptions={},
        functions=functions,
        operations=operations,
        summary=summarize(functions),
        estimate=estimate(operations, DEFAULT_SHARE),
        roles=roles_needed(record.plan.roles, operations),
    )
    return replace(plan, plan_id=plan_hash(plan))


def _written(step: StepRecord | None) -> bool:
    return step is not None and step.written


def _inverse(operation: Operation, step: StepRecord, written: list[Operation], ids: Mapping[str, str]) -> Operation:
    # What needed this one is undone first and has to succeed: a queue is deleted once it is detached.
    first = tuple(ids[o.id] for o in written if any(operation.id in needed for needed in o.requires.values()))
    earlier = tuple(ids[o.id] for o in written if operation.id in o.follows)
    return replace(
        operation,
        id=ids[operation.id],
        before=dict(step.wrote),
        after=dict(step.was),
        requires=dict.fromkeys(step.was, first) if first else {},
        follows=earlier,
        changes={name: refs for name, refs in operation.changes.items() if name in step.was},
        revision_id=None,
    )


def _inexact(operation: Operation, step: StepRecord) -> Mapping[ChangeRef, str]:
    setting = all_settings().get(operation.key.kind)
    note = setting.inexact_undo(step.was, step.wrote) if setting else None
    return {ref: note for refs in operation.changes.values() for ref in refs} if note else {}


def _swapped(function: PlannedFunction, undone: set[ChangeRef], notes: Mapping[ChangeRef, str]) -> PlannedFunction:
    changes: list[Change] = []
    for change in function.changes:
        ref = ChangeRef(function.arn, change.rule, change.setting)
        if ref in undone:
            usd = -change.monthly_usd
            reason = notes.get(ref, AS_IT_WAS)
            changes.append(
                replace(change, before=change.after, after=change.before, reason=reason, evidence=(), monthly_usd=usd)
            )
    return replace(function, changes=tuple(changes), kept=(), notes=())

"""Whether a plan's operations are exactly those that follow from the changes it shows. Pure.

A plan is a file, and a journal is a database that others write too: what would be written is held against what
the reader is shown, by kind, resource and value, before anybody is asked and anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pydantic import JsonValue

from lambda_tailor import arns
from lambda_tailor.errors import JournalError, PlanFileError
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan, PlannedFunction
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.secret import FINGERPRINT, PRESENT, REFERENCE, SEALED, token
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.shown import Shown, same

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,140}", re.ASCII)
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_Changes = Mapping[ChangeRef, tuple[PlannedFunction, Change]]


def check_operations(plan: Plan, *, undoing: bool = False) -> None:
    """Refuse a plan that would do anything but what it shows, or not all of it.

    ``undoing`` tells that the plan puts back what a run changed: it may also remove what that run made.
    Raises PlanFileError.
    """
    because = disagreement(plan, undoing=undoing, turned=undoing)
    if because is not None and undoing:
        # What puts back a rollback has the direction of the run that was rolled back.
        because = disagreement(plan, undoing=True)
    if because is not None:
        raise PlanFileError(f"The plan does not do what it shows: {because}. Nothing was changed; make the plan again.")


def disagreement(plan: Plan, *, undoing: bool = False, turned: bool = False) -> str | None:
    """The first thing in which operations are not what the changes say, or None; ``turned``: both go backwards."""
    return next(_disagreements(plan, undoing, turned), None)


def _disagreements(plan: Plan, undoing: bool, turned: bool) -> Iterator[str]:
    functions = {function.arn: function for function in plan.functions}
    if len(functions) != len(plan.functions):
        yield "it shows a function twice"
    changes: dict[ChangeRef, tuple[PlannedFunction, Change]] = {}
    for function, change in plan.pending():
        ref = ChangeRef(function.arn, change.rule, change.setting)
        if ref in changes:
            yield f"it shows {change.setting} of {function.name} twice"
        changes[ref] = function, change
    yield from _strangers(plan)
    done: set[ChangeRef] = set()
    ids: set[str] = set()
    keys: set[tuple[str, str, str, str]] = set()
    for operation in plan.operations:
        where = (operation.account_id, operation.region, operation.key.kind, operation.key.resource)
        if operation.id in ids or where in keys:
            yield f"it does {_title(operation)} twice"
        if not operation.waits_for <= ids:
            yield f"{_title(operation)} waits for what does not come before it"
        ids.add(operation.id)
        keys.add(where)
        yield from _operation(operation, functions, changes, undoing, turned)
        if undoing or not all_settings()[operation.key.kind].prepares:
            done.update(ref for refs in operation.changes.values() for ref in refs)
    # Of what was left out of a run, nothing is to be undone.
    for ref in set() if undoing else changes.keys() - done:
        yield f"it shows {ref.setting} of {ref.function.rpartition(':')[2]}, and would not do it"


def _strangers(plan: Plan) -> Iterator[str]:
    """Functions that are not what they are called, and roles of other accounts than those with something to do."""
    for function in plan.functions:
        if not any(change.pending for change in function.changes):
            continue
        wanted = ["lambda", function.region, function.account_id, "function", function.name]
        known = _ACCOUNT.fullmatch(function.account_id) and _REGION.fullmatch(function.region)
        if not (known and _NAME.fullmatch(function.name) and function.arn.split(":")[2:] == wanted):
            yield f"{function.name} is not the function of {function.arn}"
    accounts = {operation.account_id for operation in plan.operations}
    for account, role in plan.roles.items():
        if not _ROLE.fullmatch(role) or arns.part(role, 4) != account or account not in accounts:
            yield f"{role} is no role of an account that it changes"


def _operation(
    operation: Operation, functions: Mapping[str, PlannedFunction], changes: _Changes, undoing: bool, turned: bool
) -> Iterator[str]:
    function = functions.get(operation.function)
    setting = all_settings().get(operation.key.kind)
    if function is None or (operation.account_id, operation.region) != (function.account_id, function.region):
        yield f"{_title(operation)} is of no function that it shows"
        return
    if setting is None:
        yield f"there is no kind of setting {operation.key.kind}"
        return
    if operation.revision_id not in (None, function.revision_id):
        yield f"{_title(operation)} is for another revision of {function.name}"
    fields = operation.after.keys()
    if not (fields and fields == operation.before.keys() == operation.changes.keys()):
        yield f"{_title(operation)} has fields that follow from no change"
    if not operation.requires.keys() <= fields:
        yield f"{_title(operation)} waits with fields that it has not"
    for field, refs in operation.changes.items():
        shown = [_shown(operation, field, changes.get(ref), undoing, turned) for ref in refs]
        if not shown or not all(each is not None and setting.follows(each) for each in shown):
            yield f"{_title(operation)} ({field}) does not follow from a change that it shows"


def _shown(
    operation: Operation, field: str, known: tuple[PlannedFunction, Change] | None, undoing: bool, turned: bool
) -> Shown | None:
    if known is None:
        return None
    function, change = known
    if (function.account_id, function.region) != (operation.account_id, operation.region):
        return None
    before, after = operation.before.get(field), operation.after.get(field)
    if turned:
        change = replace(change, before=change.after, after=change.before)
        before, after = after, before
    return Shown(
        function=function, change=change, resource=operation.key.resource, field=field, before=before, after=after,
        undoing=undoing,
    )  # fmt: skip


def _title(operation: Operation) -> str:
    setting = all_settings().get(operation.key.kind)
    return f"{setting.title if setting else operation.key.kind} {operation.key.resource}"


def check_run(record: RunRecord) -> None:
    """Refuse a run of the journal whose plan or steps are not what is shown of them.

    Raises PlanFileError, JournalError.
    """
    check_operations(record.plan, undoing=record.of_run is not None)
    check_steps(record)


def check_steps(record: RunRecord) -> None:
    """Refuse a journal whose steps are not those of the run's own plan: what was there is what the plan had seen.

    Raises JournalError.
    """
    operations = {operation.id: operation for operation in record.plan.operations}
    for step in record.steps.values():
        operation = operations.get(step.operation_id)
        because = "is of no operation of its plan" if operation is None else _strange(step, operation)
        if because is not None:
            raise JournalError(
                f"Step {step.operation_id} of run {record.run_id} {because}: somebody changed the journal. Nothing was "
                "changed; restore the journal first."
            )


def _strange(step: StepRecord, operation: Operation) -> str | None:
    if step.was.keys() != step.wrote.keys() or not step.was.keys() <= operation.after.keys():
        return "has other fields than its operation"
    for field, was in step.was.items():
        if not _stands_for(was, operation.before.get(field), (SEALED,)):
            return f"says that {field} was not what its plan had seen"
        if not _stands_for(step.wrote[field], operation.after[field], (FINGERPRINT,)):
            return f"says that {field} became not what its plan shows"
    return None


def _stands_for(noted: JsonValue, planned: JsonValue, kinds: tuple[str, ...]) -> bool:
    """Whether a step's value is the operation's, of which the journal keeps secrets sealed or fingerprinted."""
    secret = any(token(planned, kind) is not None for kind in (PRESENT, REFERENCE, FINGERPRINT, SEALED))
    if secret:
        return any(token(noted, kind) is not None for kind in kinds)
    return same(noted, planned)

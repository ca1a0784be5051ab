"""What a plan or a run wants the source to say."""

from __future__ import annotations

from dataclasses import replace

from lambda_tailor.model.owner import STACK_TOOLS
from lambda_tailor.model.plan import Change, Operation, Plan, PlannedFunction
from lambda_tailor.model.run import Result, Run
from lambda_tailor.writeback.model import Wanted

# A change that failed or was put back is not to be in the source; what was so already is, or it is noticed.
_DONE = (Result.APPLIED, Result.UNCHANGED)


def of_plan(plan: Plan) -> list[Wanted]:
    """Every change that the plan would make."""
    operations = _by_change(plan)
    return [_wanted(function, change, operations, applied=False) for function, change in plan.pending()]


def of_run(plan: Plan, run: Run) -> list[Wanted]:
    """Every change of the plan that is in AWS after the run."""
    done = {
        (o.account_id, o.region, o.function, o.rule, o.setting) for o in run.outcomes if o.outcome in _DONE
    }  # fmt: skip
    operations = _by_change(plan)
    return [
        _wanted(function, change, operations, applied=True)
        for function, change in plan.pending()
        if (function.account_id, function.region, function.name, change.rule, change.setting) in done
    ]


def _by_change(plan: Plan) -> dict[tuple[str, str, str], list[Operation]]:
    found: dict[tuple[str, str, str], list[Operation]] = {}
    for operation in plan.operations:
        for refs in operation.changes.values():
            for ref in refs:
                found.setdefault((ref.function, ref.rule, ref.setting), []).append(operation)
    return found


def _wanted(
    function: PlannedFunction, change: Change, operations: dict[tuple[str, str, str], list[Operation]], *, applied: bool
) -> Wanted:
    wanted = Wanted(
        arn=function.arn,
        account_id=function.account_id,
        region=function.region,
        function=function.name,
        rule=change.rule,
        setting=change.setting,
        before=change.before,
        after=change.after,
        owner=function.owner,
        stack=function.deployed_as.get("stack") or _stack(function.owner),
        logical_id=function.deployed_as.get("logical_id"),
    )
    for operation in operations.get((function.arn, change.rule, change.setting), []):
        wanted = _around(wanted, operation, applied=applied)
    if wanted.log_group and wanted.group_exists is None:
        wanted = replace(wanted, group_exists=True)
    return wanted


def _stack(owner: str | None) -> str | None:
    """The stack in an owner such as ``sam:shop``."""
    tool, _, name = (owner or "").partition(":")
    return name if tool in STACK_TOOLS and name else None


def _around(wanted: Wanted, operation: Operation, *, applied: bool) -> Wanted:
    """What the change's operations tell of the resources around the function."""
    match operation.key.kind:
        case "log-retention":
            return replace(wanted, log_group=operation.key.resource)
        case "log-group":
            # The plan makes the group: it is there once the plan was applied.
            return replace(wanted, group_exists=applied)
        case "queue":
            return replace(wanted, makes=operation.key.resource)
    return wanted

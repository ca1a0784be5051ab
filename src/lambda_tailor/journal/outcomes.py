"""What became of each change, derived from the plan and the journal's steps. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lambda_tailor.model.plan import Change, ChangeRef, Kept, Operation, PlannedFunction
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.rollout import Rollout, RolloutStatus
from lambda_tailor.model.run import Outcome, Result, Run, RunSummary, Status

# The gravest of a change's operations tells what became of the change.
_GRAVITY = (Result.FAILED, Result.BLOCKED, Result.APPLIED, Result.ROLLED_BACK, Result.UNCHANGED)
NOT_REACHED = "not reached: the run was interrupted"


def run_of(record: RunRecord) -> Run:
    """A run with the outcome of each change."""
    outcomes = tuple(_outcomes(record))
    return Run(
        run_id=record.run_id,
        plan_id=record.plan.plan_id,
        status=record.status,
        started_at=record.started_at,
        finished_at=record.finished_at,
        user=record.user,
        of_run=record.of_run,
        outcomes=outcomes,
        summary=summarize(outcomes),
        rollouts=record.rollouts,
        api_calls=dict(record.api_calls),
    )


def summarize(outcomes: Iterable[Outcome]) -> RunSummary:
    """How many changes ended how."""
    counted = Counter(outcome.outcome for outcome in outcomes)
    return RunSummary(
        applied=counted[Result.APPLIED],
        unchanged=counted[Result.UNCHANGED],
        blocked=counted[Result.BLOCKED],
        failed=counted[Result.FAILED],
        rolled_back=counted[Result.ROLLED_BACK],
    )


def status_of(record: RunRecord) -> Status:
    """Where the run stands when every operation has been tried."""
    if len(record.steps) < len(record.plan.operations) or any(s.result is None for s in record.steps.values()):
        return Status.INTERRUPTED
    return Status.FAILED if any(s.result is Result.FAILED for s in record.steps.values()) else Status.SUCCEEDED


def _outcomes(record: RunRecord) -> Iterable[Outcome]:
    by_change: dict[ChangeRef, list[Operation]] = {}
    gone_back = {rollout.arn: rollout.because for rollout in record.rollouts if _went_back(rollout)}
    for operation in record.plan.operations:
        for ref in {ref for refs in operation.changes.values() for ref in refs}:
            by_change.setdefault(ref, []).append(operation)
    for function in record.plan.functions:
        yield from (_kept(function, kept) for kept in function.kept)
        for change in function.changes:
            if change.kind == "finding":
                continue
            operations = by_change.get(ChangeRef(function.arn, change.rule, change.setting), [])
            outcome = _outcome(record, function, change, operations)
            back = gone_back.get(function.arn)
            if back is not None and outcome.outcome in (Result.APPLIED, Result.UNCHANGED):
                outcome = replace(outcome, outcome=Result.ROLLED_BACK, detail=back)
            yield outcome


def _went_back(rollout: Rollout) -> bool:
    """Whether its changes are undone: not where another hand has what was rolled out, which is left alone."""
    left_alone = bool(rollout.looks) and rollout.looks[-1].decision == "left-alone"
    return rollout.status in (RolloutStatus.ROLLED_BACK, RolloutStatus.INCONCLUSIVE) and not left_alone


def _kept(function: PlannedFunction, kept: Kept) -> Outcome:
    return Outcome(
        function=function.name,
        region=function.region,
        account_id=function.account_id,
        rule=kept.rule,
        setting=kept.setting,
        before=kept.value,
        after=kept.value,
        outcome=Result.UNCHANGED,
        detail=kept.because,
    )


def _outcome(record: RunRecord, function: PlannedFunction, change: Change, operations: Sequence[Operation]) -> Outcome:
    if change.blocked is not None:
        result, detail = Result.BLOCKED, change.blocked
    else:
        ref = ChangeRef(function.arn, change.rule, change.setting)
        result, detail = _gravest(ref, operations, record.steps)
        if result in (Result.APPLIED, Result.UNCHANGED) and record.of_run is not None:
            # What AWS cannot put back is told again when it is over.
            result, detail = Result.ROLLED_BACK, detail or change.reason
    return Outcome(
        function=function.name,
        region=function.region,
        account_id=function.account_id,
        rule=change.rule,
        setting=change.setting,
        before=change.before,
        after=change.after,
        outcome=result,
        detail=detail,
    )


def _gravest(ref: ChangeRef, operations: Sequence[Operation], steps: Mapping[str, StepRecord]) -> tuple[Result, str]:
    ended: list[tuple[Result, str]] = []
    for operation in operations:
        step = steps.get(operation.id)
        if step is None or step.result is None:
            ended.append((Result.FAILED, NOT_REACHED))
        elif step.left:
            ended.append(_of_part(ref, operation, step))
        else:
            ended.append((step.result, step.detail))
    return min(ended, key=lambda end: _GRAVITY.index(end[0]), default=(Result.FAILED, NOT_REACHED))


def _of_part(ref: ChangeRef, operation: Operation, step: StepRecord) -> tuple[Result, str]:
    """What became of one change of an operation of which fields were left."""
    fields = [name for name, refs in operation.changes.items() if ref in refs]
    because = [step.left[name] for name in fields if name in step.left]
    if because:
        return Result.FAILED, "; ".join(dict.fromkeys(because))
    return (Result.APPLIED if set(fields) & set(step.wrote) else Result.UNCHANGED), ""

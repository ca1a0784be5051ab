"""What became of a plan's changes in a run, for every report alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lambda_tailor.model.plan import Change, Plan, PlannedFunction
from lambda_tailor.model.run import Outcome, Result, Run, Status

# How the detail of a change begins that the run never came to.
NOT_REACHED = "not reached"


class End(StrEnum):
    """How a change ended, as people tell it apart; the gravest first."""

    FAILED = "failed"
    NOT_REACHED = "not reached"
    GONE_BACK = "gone back"
    BLOCKED = "blocked"
    IN_PLACE = "applied"
    PUT_BACK = "put back"
    UNCHANGED = "as it was"


@dataclass(frozen=True, slots=True)
class Ending:
    """One change of a plan, how it ended, and what was said."""

    function: PlannedFunction
    change: Change
    end: End
    detail: str


_RESULTS: Mapping[Result, End] = {
    Result.APPLIED: End.IN_PLACE,
    Result.UNCHANGED: End.UNCHANGED,
    Result.BLOCKED: End.BLOCKED,
    Result.FAILED: End.FAILED,
    Result.ROLLED_BACK: End.GONE_BACK,
}


def end_of(outcome: Outcome, run: Run) -> End:
    """How an outcome is told: never reached is not failed, and what a rollback put back is not gone back."""
    if outcome.outcome is Result.FAILED and outcome.detail.startswith(NOT_REACHED):
        return End.NOT_REACHED
    if outcome.outcome is Result.ROLLED_BACK and run.of_run is not None:
        return End.PUT_BACK
    if outcome.outcome is Result.APPLIED and run.status is Status.ROLLED_BACK:
        return End.PUT_BACK
    return _RESULTS[outcome.outcome]


def endings(plan: Plan, run: Run) -> list[Ending]:
    """Every change of the plan with its end, in the plan's order; findings and what was kept have none."""
    by_change = {(o.account_id, o.region, o.function, o.rule, o.setting): o for o in run.outcomes}
    found = []
    for function in plan.functions:
        for change in function.changes:
            outcome = by_change.get((function.account_id, function.region, function.name, change.rule, change.setting))
            if change.kind == "finding":
                continue
            if outcome is None:
                end, detail = (End.BLOCKED, change.blocked) if change.blocked else (End.NOT_REACHED, "")
            else:
                end, detail = end_of(outcome, run), outcome.detail
            found.append(Ending(function, change, end, detail or ""))
    return found

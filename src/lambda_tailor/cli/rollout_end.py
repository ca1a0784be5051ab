"""How a run with rollouts ended, as the program's exit code."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.model.rollout import RolloutStatus
from lambda_tailor.model.run import Run

STILL_RUNNING = 2


def exit_code(run: Run, otherwise: int, stops: Sequence[str]) -> int:
    """0 where all were promoted, 1 where one went back or was stopped, 2 where one still runs."""
    statuses = {rollout.status for rollout in run.rollouts}
    if not stops and len(run.rollouts) > 1 and run.rollouts[0].status is RolloutStatus.PROMOTED and _one_ladder(run):
        # A ladder ends at the first rung that is worse: what was promoted before it stays.
        return STILL_RUNNING if RolloutStatus.RUNNING in statuses else 0
    if stops or (run.of_run is None and statuses & {RolloutStatus.ROLLED_BACK, RolloutStatus.INCONCLUSIVE}):
        return 1
    return STILL_RUNNING if RolloutStatus.RUNNING in statuses else otherwise


def _one_ladder(run: Run) -> bool:
    """Whether all rollouts are rungs of one function."""
    return len({rollout.arn for rollout in run.rollouts}) == 1

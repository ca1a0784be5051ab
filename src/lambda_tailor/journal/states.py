"""Where a run may go from where it stands: one state machine, drawn in docs/runs.md. Pure.

What cannot be done is refused in a sentence that says what can.
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.errors import BadInput
from lambda_tailor.journal.leases import Held
from lambda_tailor.model.run import RunOverview, Status

_S = Status
# From each state to the next; a run begins as running.
TRANSITIONS: frozenset[tuple[Status, Status]] = frozenset(
    {
        (_S.RUNNING, _S.RUNNING),  # its process died without a word, and it is taken up again
        (_S.RUNNING, _S.SUCCEEDED), (_S.RUNNING, _S.FAILED), (_S.RUNNING, _S.INTERRUPTED),
        (_S.INTERRUPTED, _S.RUNNING), (_S.FAILED, _S.RUNNING), (_S.SUCCEEDED, _S.RUNNING),  # resumed
        (_S.RUNNING, _S.ROLLED_BACK), (_S.INTERRUPTED, _S.ROLLED_BACK), (_S.FAILED, _S.ROLLED_BACK),
        (_S.SUCCEEDED, _S.ROLLED_BACK),  # put back
        # What put it back was itself put back: it stands again as it did.
        (_S.ROLLED_BACK, _S.SUCCEEDED), (_S.ROLLED_BACK, _S.FAILED), (_S.ROLLED_BACK, _S.INTERRUPTED),
    }
)  # fmt: skip


def check_resume(run: RunOverview, runs: Sequence[RunOverview], at_work: Held | None) -> None:
    """Whether a run may be gone on with; ``runs`` are all of the journal, oldest first.

    Raises BadInput.
    """
    check_go_on(run, runs, at_work)
    half = next((each for each in reversed(runs) if each.of_run == run.run_id and _touched(each)), None)
    if half is not None:
        way = f"finish that with 'lambda-tailor rollback {run.run_id}'"
        raise BadInput(f"{run.run_id} is put back in part, by {half.run_id}: {way}.")


def check_go_on(run: RunOverview, runs: Sequence[RunOverview], at_work: Held | None) -> None:
    """Whether a run's rollouts may be gone on with, of which some may have gone back by themselves.

    Raises BadInput.
    """
    _check_free(run, at_work)
    if run.status is Status.ROLLED_BACK:
        raise BadInput(f"{run.run_id} was put back{_by(run, runs)}: make a new plan to apply it again.")
    _check_newest(run, runs)


def check_rollback(run: RunOverview, runs: Sequence[RunOverview], at_work: Held | None) -> RunOverview | None:
    """Whether a run may be put back; the run that did it, where nothing is left to put back.

    Raises BadInput.
    """
    _check_free(run, at_work)
    if run.status is Status.ROLLED_BACK:
        done = [each for each in runs if each.of_run == run.run_id and each.status is Status.SUCCEEDED]
        return done[-1] if done else run
    _check_newest(run, runs)
    return None


def _check_free(run: RunOverview, at_work: Held | None) -> None:
    if at_work is not None:
        raise BadInput(f"{run.run_id} is at work, by {at_work.who} on {at_work.host}: wait for it, or stop it first.")


def _check_newest(run: RunOverview, runs: Sequence[RunOverview]) -> None:
    """A rollback after which the same run was put back again says nothing any more."""
    if run.of_run is None:
        return
    newer = [each for each in runs if each.of_run == run.of_run][-1]
    if newer.run_id != run.run_id:
        raise BadInput(f"{run.of_run} was put back again after {run.run_id}, by {newer.run_id}: take that one.")


def _touched(run: RunOverview) -> bool:
    """Whether a rollback may have put back a part, and was neither finished nor put back itself."""
    in_part = run.status is Status.FAILED and run.summary.rolled_back > 0
    return in_part or run.status in (Status.RUNNING, Status.INTERRUPTED)


def _by(run: RunOverview, runs: Sequence[RunOverview]) -> str:
    done = [each.run_id for each in runs if each.of_run == run.run_id and each.status is Status.SUCCEEDED]
    return f" by {done[-1]}" if done else ""

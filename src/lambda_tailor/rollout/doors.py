"""Guarded runs from outside: begun, gone on with, put back, and with ``--descend`` followed by the next rung."""

from __future__ import annotations

from dataclasses import replace

from lambda_tailor.applying.keys import prove_key
from lambda_tailor.applying.runner import Runner
from lambda_tailor.clock import now
from lambda_tailor.journal import states
from lambda_tailor.model.rollout import Rollout, RolloutStatus, Watcher
from lambda_tailor.model.run import Run, Status
from lambda_tailor.rollout.descending import next_rung_of
from lambda_tailor.rollout.guarded import GuardedRuns
from lambda_tailor.rollout.keeping import Unwatched, loaded
from lambda_tailor.rollout.preparing import Prepared, prepare
from lambda_tailor.settings.setting import Call


def start(runner: Runner, prepared: Prepared, *, saved: bool, watcher: Watcher | None = None) -> Run:
    """Apply a plan and roll it out, to the end or for one look."""
    guarded = GuardedRuns(runner=runner, watcher=watcher or Unwatched())
    return _descended(guarded, guarded.start(prepared, saved=saved))


def roll_back(runner: Runner, run_id: str, watcher: Watcher | None = None) -> Run:
    """Put a run back, rollouts first; what of them is left as it is, ``watcher`` is told.

    Raises BadInput where the run is at work, or was put back again since; KeyRefused; and what Runner.rollback raises.
    """
    guarded = GuardedRuns(runner=runner, watcher=watcher or Unwatched())
    record = runner.known(run_id)
    if record.rollouts and _may_be_put_back(runner, record.run_id):
        prove_key(runner.journal, runner.vault, trust=runner.trust_journal)
        for because in guarded.roll_back(record.run_id):
            guarded.watcher.stopped(f"Left: {because}.")
    put_back = runner.rollback(record.run_id)
    if record.rollouts and runner.journal.status(record.run_id) is Status.RUNNING:
        # Its rollouts are over, and not all of the rest went back.
        runner.journal.mark(record.run_id, Status.FAILED)
    return put_back


def _may_be_put_back(runner: Runner, run_id: str) -> bool:
    """Asked before an alias is moved. False where nothing is left to put back; raises BadInput."""
    runs = runner.journal.runs()
    run = next(each for each in runs if each.run_id == run_id)
    return states.check_rollback(run, runs, runner.journal.at_work(run_id)) is None


def resume(runner: Runner, run_id: str, watcher: Watcher | None = None) -> Run:
    """Finish a run: its rollouts where it has open ones, else what it was cut off in.

    Raises BadInput where there is nothing to go on with.
    """
    record = runner.known(run_id)
    if any(rollout.status is RolloutStatus.RUNNING for rollout in record.rollouts):
        runner.check_go_on(record.run_id)
        guarded = GuardedRuns(runner=runner, watcher=watcher or Unwatched())
        return _descended(guarded, guarded.go_on(record.run_id))
    return runner.resume(record.run_id)


def _descended(guarded: GuardedRuns, run: Run) -> Run:
    """The last run, with the rollouts of every rung that was taken from this one on."""
    taken, last, waiting = list(run.rollouts), run, [(run.run_id, rollout) for rollout in run.rollouts]
    while waiting and not guarded.runner.stop.is_set():
        run_id, rollout = waiting.pop()
        prepared = _next(guarded, run_id, rollout)
        if prepared is not None and prepared.guarded:
            last = guarded.start(prepared, saved=False)
            taken += last.rollouts
            waiting += [(last.run_id, each) for each in last.rollouts]
    return replace(last, rollouts=tuple(taken))


def _next(guarded: GuardedRuns, run_id: str, rollout: Rollout) -> Prepared | None:
    """The next rung below a promoted rollout, read and ready; None where it is not asked for or there is none."""
    runner = guarded.runner
    state = loaded(runner.journal.rollouts(run_id)[rollout.arn].state)
    if not state.options.descend or rollout.status is not RolloutStatus.PROMOTED:
        return None
    opened = guarded.scope(state)
    latest = opened.gateway.call(Call("lambda", "GetFunction", {"FunctionName": state.name}))["Configuration"]
    plan = runner.journal.run(run_id).plan
    rung = next_rung_of(plan, rollout, state.seen[1].fullest, latest["RevisionId"], now())
    if rung is None:
        return None
    options = replace(state.options, allowed_slowdown=rung.allowed_slowdown)
    return prepare(rung.plan, runner.connection, options, runner.journal.unfinished_rollouts())

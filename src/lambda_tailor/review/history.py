"""All runs of a journal looked back on: what each promised with what it put in place, and what was measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from lambda_tailor.model.history import History, PastRun
from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.run import Result, Run, Status

_NOTHING = MonthlyUsd()


def history_of(runs: Sequence[tuple[Plan, Run]], realized: Mapping[str, Realized], at: str) -> History:
    """The history of runs, oldest first, as seen ``at``; ``realized`` has what was measured, by run."""
    put_back: Mapping[str | None, str] = {run.of_run: run.started_at for _, run in runs if run.of_run is not None}
    return History(at=at, runs=tuple(_past(plan, run, realized.get(run.run_id), put_back) for plan, run in runs))


def in_effect(runs: Sequence[tuple[Plan, Run]]) -> list[Run]:
    """The runs that changed something which nobody put back."""
    gone = {run.of_run for _, run in runs if run.of_run is not None and run.status is Status.SUCCEEDED}
    own = (run for _, run in runs if run.of_run is None and run.finished_at is not None)
    return [run for run in own if run.summary.applied and run.run_id not in gone]


def _past(plan: Plan, run: Run, realized: Realized | None, put_back: Mapping[str | None, str]) -> PastRun:
    done = Result.ROLLED_BACK if run.of_run is not None else Result.APPLIED
    made = [o for o in run.outcomes if o.outcome is done]
    judged, saved = _judged(realized)
    return PastRun(
        run_id=run.run_id,
        started_at=run.started_at,
        user=run.user,
        status=run.status,
        of_run=run.of_run,
        functions=len({(o.account_id, o.region, o.function) for o in made}),
        changes=len(made),
        failed=run.summary.failed,
        promised_usd=_NOTHING if run.of_run is not None else _promised(plan, run),
        judged_usd=judged,
        realized_usd=saved,
        # A rollback that failed in part has left what it could not put back.
        until=put_back.get(run.run_id) if run.status is Status.ROLLED_BACK else None,
    )


def _promised(plan: Plan, run: Run) -> MonthlyUsd:
    """The net of what the run put in place."""
    made = {
        (o.account_id, o.region, o.function, o.rule, o.setting) for o in run.outcomes if o.outcome is Result.APPLIED
    }
    worth = (
        change.monthly_usd
        for function, change in plan.pending()
        if change.counted and (function.account_id, function.region, function.name, change.rule, change.setting) in made
    )
    return sum(worth, _NOTHING)


def _judged(realized: Realized | None) -> tuple[MonthlyUsd | None, Decimal | None]:
    """What was promised and what was realized, of the functions that could be judged."""
    if realized is None:
        return None, None
    known = [f for f in realized.functions if f.saved_usd is not None and f.promised_usd is not None]
    if not known:
        return None, None
    promised = sum((f.promised_usd for f in known if f.promised_usd is not None), _NOTHING)
    return promised, sum((f.saved_usd for f in known if f.saved_usd is not None), Decimal(0))

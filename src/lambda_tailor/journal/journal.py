"""What is written down before AWS is touched: runs, their plans, and every step with what was there.

SQLite by default, any database that SQLAlchemy speaks to by URL. Every write is committed, and with
SQLite synced to disk, before the method returns; but for ``settle``, which rides along with the next
one, since how a step ended can be read from AWS again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter, packed, unpacked
from lambda_tailor.errors import JournalError, PlanFileError, RunNotFound
from lambda_tailor.journal import leases, rollouts
from lambda_tailor.journal.database import open_engine, without_password
from lambda_tailor.journal.group_commit import GroupCommit
from lambda_tailor.journal.leases import Held, Holder
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.journal.tables import RUNS, STEPS
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.rollout import Rollout
from lambda_tailor.model.run import Result, RunOverview, RunSummary, Status


class Journal:
    """The journal at a database URL. Every method raises JournalError where the database fails."""

    def __init__(self, url: str) -> None:
        self.place = without_password(url)
        with self._explained():
            self._engine = open_engine(url)
        self._writes = GroupCommit(self._engine.execution_options(writes=True))

    def close(self) -> None:
        """Write what is left, and let go of the database."""
        self._writes.close()
        self._engine.dispose()

    def begin(self, run_id: str, plan: Plan, *, user: str, of_run: str | None = None) -> RunRecord:
        """Write down that a run begins, with its whole plan; the record of it."""
        started = now()
        row = {
            "run_id": run_id, "plan_id": plan.plan_id, "of_run": of_run, "status": Status.RUNNING,
            "started_at": started, "user": user, "plan": packed(plan), "api_calls": "{}",
        }  # fmt: skip
        self._write(lambda connection: connection.execute(RUNS.insert(), row))
        return RunRecord(
            run_id=run_id, plan=plan, of_run=of_run, status=Status.RUNNING, started_at=started, finished_at=None,
            user=user, api_calls={}, steps={},
        )  # fmt: skip

    def intend(
        self, run_id: str, operation_id: str, call: str, was: Mapping[str, JsonValue], wrote: Mapping[str, JsonValue]
    ) -> None:
        """Write down what is about to be written, and what is there now.

        Said again for the same operation, the first account of a field stands.
        """
        row = {
            "run_id": run_id, "operation_id": operation_id, "call": call, "was": json.dumps(was),
            "wrote": json.dumps(wrote), "detail": "", "intended_at": now(),
        }  # fmt: skip

        def work(connection: sa.Connection) -> None:
            known = connection.execute(_STEP, {"run": run_id, "operation": operation_id}).mappings().first()
            if known is None:
                connection.execute(STEPS.insert(), row)
                return
            merged = {
                "was": json.dumps({**was, **json.loads(known["was"])}),
                "wrote": json.dumps({**wrote, **json.loads(known["wrote"])}),
            }
            this = {"run": run_id, "operation": operation_id}
            connection.execute(_CHANGED, {**this, "call": call, "result": None, **merged})

        self._write(work)

    def settle(self, run_id: str, operation_id: str, result: Result, detail: str) -> None:
        """Write down how an operation ended, whether it was intended or never came to that."""
        ended = {"result": result, "detail": detail, "settled_at": now()}

        def work(connection: sa.Connection) -> None:
            this = {"run": run_id, "operation": operation_id}
            if connection.execute(_SETTLED, {**this, **ended}).rowcount == 0:
                row = {"run_id": run_id, "operation_id": operation_id, "call": "", "was": "{}", "wrote": "{}", **ended}
                connection.execute(STEPS.insert(), {**row, "intended_at": now()})

        with self._explained():
            self._writes.later(work)

    def count(self, run_id: str, api_calls: Mapping[str, int]) -> None:
        """Write down the requests that were sent; they add to those of earlier attempts and other sites."""
        this = RUNS.c.run_id == run_id

        def work(connection: sa.Connection) -> None:
            known = sa.select(RUNS.c.api_calls).where(this).with_for_update()
            before = json.loads(connection.execute(known).scalar_one())
            calls = {name: before.get(name, 0) + api_calls.get(name, 0) for name in sorted({*before, *api_calls})}
            connection.execute(RUNS.update().where(this).values(api_calls=json.dumps(calls)))

        self._write(work)

    def finish(self, run_id: str, status: Status) -> None:
        """Write down how the run ended."""
        ended = RUNS.update().where(RUNS.c.run_id == run_id).values(status=status, finished_at=now())
        self._write(lambda connection: connection.execute(ended))

    def hold(self, holder: Holder, functions: Sequence[str]) -> Mapping[str, Held]:
        """Lease the functions (ARNs) for a run; those that another run works on are not, and are returned."""
        found: dict[str, Held] = {}
        self._write(lambda connection: found.update(leases.take(connection, holder, functions)))
        return found

    def renew(self, holder: Holder) -> None:
        """Hold on to the leases."""
        self._write(lambda connection: leases.renew(connection, holder))

    def release(self, holder: Holder) -> None:
        """Let go of the leases."""
        self._write(lambda connection: leases.release(connection, holder))

    def mark(self, run_id: str, status: Status) -> None:
        """Change the run's status. One that runs again is no longer summed up."""
        changed: dict[str, Any] = {"status": status}
        if status is Status.RUNNING:
            changed["summary"] = None
        self._write(lambda c: c.execute(RUNS.update().where(RUNS.c.run_id == run_id).values(changed)))

    def sum_up(self, run_id: str, summary: RunSummary) -> None:
        """Write down how many changes of a run that is over ended how."""
        known = adapter(RunSummary).dump_json(summary).decode()
        self._write(lambda c: c.execute(RUNS.update().where(RUNS.c.run_id == run_id).values(summary=known)))

    def status(self, run_id: str) -> Status:
        """Where a run stands."""
        with self._reading() as connection:
            return Status(connection.execute(sa.select(RUNS.c.status).where(RUNS.c.run_id == run_id)).scalar_one())

    def advanced(self, record: RunRecord) -> RunRecord:
        """The same run as the journal knows it now; its plan, which is large and never changes, is not read again."""
        columns = (RUNS.c.run_id, RUNS.c.status, RUNS.c.finished_at, RUNS.c.api_calls)
        with self._reading() as connection:
            row = connection.execute(sa.select(*columns).where(RUNS.c.run_id == record.run_id)).mappings().one()
            with self._checked(record.run_id):
                return replace(
                    record,
                    status=Status(row["status"]),
                    finished_at=row["finished_at"],
                    api_calls=json.loads(row["api_calls"]),
                    steps=_steps(connection, record.run_id),
                    rollouts=tuple(each.shown for each in rollouts.read(connection, record.run_id).values()),
                )

    def run(self, run_id: str) -> RunRecord:
        """One run. ``latest`` is the last one that applied something, other than a rollback.

        Raises RunNotFound.
        """
        with self._reading() as connection:
            touched = sa.exists().where(STEPS.c.run_id == RUNS.c.run_id, STEPS.c.call != "")
            newest = RUNS.c.started_at.desc(), RUNS.c.run_id.desc()
            wanted = sa.select(RUNS).where(touched, RUNS.c.of_run.is_(None)).order_by(*newest).limit(1)
            if run_id != "latest":
                wanted = sa.select(RUNS).where(RUNS.c.run_id == run_id)
            row = connection.execute(wanted).mappings().first()
            if row is None and run_id == "latest":
                raise RunNotFound(
                    f"The journal {self.place} has no run that changed anything: see 'lambda-tailor runs'."
                )
            if row is None:
                raise RunNotFound(f"The journal {self.place} knows no run {run_id}: see 'lambda-tailor runs'.")
            return self._record(connection, row)

    def runs(self) -> Sequence[RunOverview]:
        """Every run without its outcomes, oldest first. Plans, which are large, are read only of runs cut short."""
        columns = [column for column in RUNS.c if column is not RUNS.c.plan]
        with self._reading() as connection:
            rows = connection.execute(sa.select(*columns).order_by(RUNS.c.started_at, RUNS.c.run_id)).mappings().all()
        return [self._overview(row) for row in rows]

    def _overview(self, row: Any) -> RunOverview:
        run_id = row["run_id"]
        with self._checked(run_id):
            summary = json.loads(row["summary"]) if row["summary"] else run_of(self.run(run_id)).summary
            overview: RunOverview = adapter(RunOverview).validate_python(
                {
                    **{name: row[name] for name in (*_SAME, "plan_id")},
                    "api_calls": json.loads(row["api_calls"]),
                    "summary": summary,
                }
            )
        return overview

    def _record(self, connection: sa.Connection, row: Any) -> RunRecord:
        with self._checked(row["run_id"]):
            record: RunRecord = adapter(RunRecord).validate_python(
                {
                    **{name: row[name] for name in _SAME},
                    "plan": unpacked(row["plan"], f"the journal's plan of run {row['run_id']}"),
                    "api_calls": json.loads(row["api_calls"]),
                    "steps": _steps(connection, row["run_id"]),
                    "rollouts": tuple(each.shown for each in rollouts.read(connection, row["run_id"]).values()),
                }
            )
        return record

    def save_rollout(self, run_id: str, row: rollouts.RolloutRow, before: str | None) -> None:
        """Write a rollout down; ``before`` is the state that was read, None where it is new.

        Raises FunctionHeld where another process has written since.
        """
        self._write(lambda connection: rollouts.write(connection, run_id, row, before))

    def rollouts(self, run_id: str) -> Mapping[str, rollouts.RolloutRow]:
        """The rollouts of a run by function ARN."""
        with self._reading() as connection, self._checked(run_id):
            return rollouts.read(connection, run_id)

    def unfinished_rollouts(self) -> Sequence[tuple[str, Rollout]]:
        """Rollouts that nobody has ended, with their runs."""
        with self._reading() as connection, self._checked("that rolls out"):
            return rollouts.unfinished(connection)

    @contextmanager
    def _checked(self, run_id: str) -> Iterator[None]:
        """Whatever a database holds is checked like a file: somebody may have been at it."""
        try:
            yield
        except (ValueError, KeyError, TypeError, RecursionError, PlanFileError) as error:
            raise JournalError(f"The journal {self.place} is damaged at run {run_id}: restore it first.") from error

    def _write(self, work: Callable[[sa.Connection], object]) -> None:
        with self._explained():
            self._writes.written(work)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        # What was handed over is in the answer.
        self._write(lambda _connection: None)
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            cause = " ".join(str(getattr(error, "orig", None) or error).split())
            raise JournalError(
                f"The journal {self.place} cannot be used ({cause}): nothing more is written to AWS."
            ) from error


_THIS = sa.and_(STEPS.c.run_id == sa.bindparam("run"), STEPS.c.operation_id == sa.bindparam("operation"))
# Made once: a run of a fleet uses them tens of thousands of times.
_STEP = sa.select(STEPS).where(_THIS)
_CHANGED = STEPS.update().where(_THIS).values({n: sa.bindparam(n) for n in ("call", "result", "was", "wrote")})
_SETTLED = STEPS.update().where(_THIS).values({n: sa.bindparam(n) for n in ("result", "detail", "settled_at")})


def _steps(connection: sa.Connection, run_id: str) -> dict[str, StepRecord]:
    rows = connection.execute(sa.select(STEPS).where(STEPS.c.run_id == run_id)).mappings()
    return {row["operation_id"]: _step_record(row) for row in rows}


def _step_record(row: Any) -> StepRecord:
    record: StepRecord = adapter(StepRecord).validate_python(
        {
            **{name: row[name] for name in ("operation_id", "call", "detail")},
            "was": json.loads(row["was"]),
            "wrote": json.loads(row["wrote"]),
            "result": row["result"] or None,
        }
    )
    return record


_SAME = ("run_id", "of_run", "status", "started_at", "finished_at", "user")

"""What is written down before AWS is touched: runs, their plans, and every step with what was there.

SQLite by default, any database that SQLAlchemy speaks to by URL. Every write is committed, and with
SQLite synced to disk, before the method returns; but for ``settle``, which rides along with the next
one, since how a step ended can be read from AWS again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter, packed, unpacked
from lambda_tailor.errors import RunNotFound
from lambda_tailor.journal import leases, numbering, processes, signatures, steps, tallies
from lambda_tailor.journal import rollouts as rollout_rows
from lambda_tailor.journal.leases import Held, Holder
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.journal.signed_rows import signature
from lambda_tailor.journal.standing import explained, lease_lost, rollout_held, standing
from lambda_tailor.journal.tables import LEASES, RUNS, STEPS
from lambda_tailor.journal.team_key import JournalKey, TeamKey
from lambda_tailor.journal.tune_journal import TuneJournal
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.record import RunRecord, Sending
from lambda_tailor.model.rollout import UnfinishedRollout
from lambda_tailor.model.run import Ended, RunOverview, RunSummary, Status, StepState


class Journal(TuneJournal):
    """The journal at a database URL. Every method raises JournalError where the database fails."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        # What this process has sent and not settled yet.
        self._sent: dict[tuple[str, str], steps.Sent] = {}

    def written_with(self) -> Sequence[JournalKey]:
        """The keys that the journal is written with, the newest first."""
        with self._reading() as connection:
            return signatures.keys(connection)

    def adopt(self, key: TeamKey) -> None:
        """Write down that the journal is written with that key from now on, and sign with it."""
        self._write(lambda connection: signatures.adopt(connection, key))
        self.sign_with(key)

    def any_sealed(self) -> str | None:
        """Some sealed value, by which a key can be proven; None where there is none."""
        with self._reading() as connection:
            return signatures.any_sealed(connection)

    def begin(
        self,
        run_id: str,
        plan: Plan,
        *,
        user: str,
        of_run: str | None = None,
        rollouts: Sequence[RolloutRow] = (),
        trust: bool = False,
    ) -> RunRecord:
        """Write down that a run begins, with its whole plan and its rollouts; the record of it.

        ``trust`` vouches for how many runs there are although somebody may have changed that.
        """
        started = now()
        row: dict[str, Any] = {
            "run_id": run_id, "plan_id": plan.plan_id, "of_run": of_run, "status": Status.RUNNING,
            "started_at": started, "user": user, "plan": packed(plan), "api_calls": "{}",
        }  # fmt: skip
        row["standing"] = signatures.standing(self._key, run_id, Status.RUNNING)

        def work(connection: sa.Connection) -> None:
            numbered = {**row, "seq": numbering.next_number(connection, self._key, trust=trust)}
            signed = signature(self._key, signatures.NUMBERED_RUN, signatures.NUMBERED, numbered)
            told = {**numbered, "epoch": 0, "worker": processes.here(), "signature": signed}
            connection.execute(RUNS.insert(), told)
            tallies.begin(connection, run_id, self._key)
            for rollout in rollouts:
                rollout_rows.write(connection, run_id, rollout, None, self._key)

        self._write(work)
        return RunRecord(
            run_id=run_id, plan=plan, of_run=of_run, status=Status.RUNNING, started_at=started, finished_at=None,
            user=user, api_calls={}, steps={}, rollouts=tuple(each.shown for each in rollouts),
        )  # fmt: skip

    def intend(self, run_id: str, operation_ids: Sequence[str]) -> None:
        """Write down, with the next write, what will be tried: nothing of it was done yet."""
        with explained(self.place):
            self._writes.later(lambda connection: steps.intend(connection, run_id, operation_ids))

    def sent(self, run_id: str, operation_id: str, sending: Sending) -> None:
        """Write down what is sent to AWS in the next moment, and what is there now.

        Raises LeaseLost where the holder no longer has the function: then it must not be sent.
        """
        row = self._written(lambda connection: steps.send(connection, run_id, operation_id, sending, self._key))
        if row is None:
            raise lease_lost(sending.function)
        self._sent[run_id, operation_id] = row

    def unsent(self, run_id: str, operation_id: str, fields: Sequence[str], token: int) -> None:
        """What was written down as sent of these fields was not, for certain."""
        self._sent.pop((run_id, operation_id), None)
        self._write(lambda connection: steps.unsend(connection, run_id, operation_id, fields, token, self._key))

    def still_held(self, holder: Holder, function: str) -> None:
        """Raises LeaseLost where the holder no longer has the function."""
        if self._written(lambda connection: leases.token(connection, holder.id, function)) is None:
            raise lease_lost(function)

    def settle(self, run_id: str, operation_id: str, ended: Ended, token: int = 0) -> None:
        """Write down how an operation ended; of one that another process has sent since, nothing is written.

        ``token`` is the fencing token under which it was tried.
        """
        sent = self._sent.pop((run_id, operation_id), None)
        with explained(self.place):
            self._writes.later(
                lambda connection: steps.settle(connection, run_id, operation_id, ended, token, self._key, sent)
            )

    def count(self, run_id: str, api_calls: Mapping[str, int]) -> None:
        """Write down the requests that were sent; they add to those of earlier attempts and other sites."""
        this = RUNS.c.run_id == run_id

        def work(connection: sa.Connection) -> None:
            known = sa.select(RUNS.c.api_calls).where(this).with_for_update()
            before = json.loads(connection.execute(known).scalar_one())
            calls = {name: before.get(name, 0) + api_calls.get(name, 0) for name in sorted({*before, *api_calls})}
            connection.execute(RUNS.update().where(this).values(api_calls=json.dumps(calls)))

        self._write(work)

    def take_up(self, run_id: str) -> int:
        """Write down that the run goes on from here; the number under which it may be finished."""
        again = sa.func.coalesce(RUNS.c.epoch, 0) + 1
        taken = RUNS.update().where(RUNS.c.run_id == run_id)
        stands = self._standing(run_id, Status.RUNNING)
        values = {**stands, "summary": None, "epoch": again, "worker": processes.here()}

        def work(connection: sa.Connection) -> int:
            connection.execute(taken.values(values))
            epoch: int = connection.execute(sa.select(RUNS.c.epoch).where(RUNS.c.run_id == run_id)).scalar_one()
            return epoch

        return self._written(work)

    def finish(self, run_id: str, status: Status, epoch: int | None = None) -> None:
        """Write down how the run ended, unless another process has taken it up since."""
        mine = sa.and_(RUNS.c.run_id == run_id, sa.true() if epoch is None else RUNS.c.epoch == epoch)
        ended = RUNS.update().where(mine).values(**self._standing(run_id, status), finished_at=now())
        self._write(lambda connection: connection.execute(ended))

    def hold(self, holder: Holder, functions: Sequence[str]) -> Mapping[str, Held]:
        """Lease the functions (ARNs) for a run; those that another run works on are not, and are returned."""
        with self._checked(holder.run_id):
            return self._written(lambda connection: leases.take(connection, holder, functions, self._key))

    def renew(self, holder: Holder) -> int:
        """Hold on to the leases; how many they are."""
        return self._written(lambda connection: leases.renew(connection, holder))

    def token(self, holder: Holder) -> int:
        """The holder's newest fencing token; 0 where it holds nothing."""
        newest = sa.select(sa.func.max(LEASES.c.token)).where(LEASES.c.holder == holder.id)
        with self._reading() as connection:
            return connection.execute(newest).scalar_one() or 0

    def at_work(self, run_id: str) -> Held | None:
        """The lease of a process that works on the run now; None where none does, as far as can be known from here."""
        with self._reading() as connection, self._checked(run_id):
            return leases.of_run(connection, run_id)

    def release(self, holder: Holder) -> None:
        """Let go of the leases."""
        self._write(lambda connection: leases.release(connection, holder))

    def mark(self, run_id: str, status: Status) -> None:
        """Change the run's status. One that runs again is no longer summed up."""
        changed: dict[str, Any] = {
            **self._standing(run_id, status),
            **({"summary": None} if status is Status.RUNNING else {}),
        }
        self._write(lambda c: c.execute(RUNS.update().where(RUNS.c.run_id == run_id).values(changed)))

    def _standing(self, run_id: str, status: Status) -> dict[str, Any]:
        return {"status": status, "standing": signatures.standing(self._key, run_id, status)}

    def sum_up(self, run_id: str, summary: RunSummary) -> None:
        """Write down how many changes of a run that is over ended how."""
        known = adapter(RunSummary).dump_json(summary).decode()
        self._write(lambda c: c.execute(RUNS.update().where(RUNS.c.run_id == run_id).values(summary=known)))

    def status(self, run_id: str) -> Status:
        """Where a run stands."""
        with self._reading() as connection:
            return Status(connection.execute(sa.select(RUNS.c.status).where(RUNS.c.run_id == run_id)).scalar_one())

    def advanced(self, record: RunRecord, *, its_steps: bool = True) -> RunRecord:
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
                    rollouts=tuple(each.shown for each in rollout_rows.read(connection, record.run_id).values()),
                    steps=steps.of_run(connection, record.run_id) if its_steps else record.steps,
                )

    def run(self, run_id: str) -> RunRecord:
        """One run. ``latest`` is the last one that applied something, other than a rollback.

        Raises RunNotFound.
        """
        with self._reading() as connection:
            written = sa.or_(STEPS.c.state.is_(None), STEPS.c.state != StepState.INTENDED)
            touched = sa.exists().where(STEPS.c.run_id == RUNS.c.run_id, STEPS.c.call != "", written)
            wanted = sa.select(RUNS).where(touched, RUNS.c.of_run.is_(None)).order_by(RUNS.c.seq.desc()).limit(1)
            if run_id != "latest":
                wanted = sa.select(RUNS).where(RUNS.c.run_id == run_id)
            row = connection.execute(wanted).mappings().first()
            if row is None:
                none = "has no run that changed anything" if run_id == "latest" else f"knows no run {run_id}"
                raise RunNotFound(f"The journal {self.place} {none}: see 'lambda-tailor runs'.")
            return self._record(connection, row)

    def runs(self) -> Sequence[RunOverview]:
        """Every run without its outcomes, oldest first. Plans, which are large, are read only of runs cut short."""
        columns = [column for column in RUNS.c if column is not RUNS.c.plan]
        with self._reading() as connection, self._checked("that is listed"):
            rows = connection.execute(sa.select(*columns).order_by(RUNS.c.seq)).mappings().all()
            stands = {row["run_id"]: standing(connection, row) for row in rows}
        return [self._overview({**row, "status": stands[row["run_id"]]}) for row in rows]

    def strange(self) -> Sequence[str]:
        """What is wrong with the runs as a whole, in sentences: such as that one of them is gone."""
        with self._reading() as connection, self._checked("that is counted"):
            return tuple(numbering.strange(connection, self._key))

    def later(self, run_id: str) -> Sequence[str]:
        """Why the run may not be the latest, in sentences."""
        with self._reading() as connection, self._checked(run_id):
            return tuple(numbering.after(connection, self._key, run_id))

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
                    "status": standing(connection, row),
                    "plan": unpacked(row["plan"], f"the journal's plan of run {row['run_id']}"),
                    "api_calls": json.loads(row["api_calls"]),
                    "rollouts": tuple(each.shown for each in rollout_rows.read(connection, row["run_id"]).values()),
                    "steps": steps.of_run(connection, row["run_id"]),
                    "unverified": signatures.unverified(connection, self._key, row),
                }
            )
        return record

    def save_rollout(self, run_id: str, row: RolloutRow, before: str | None) -> None:
        """Write a rollout down; ``before`` is the state that was read, None where it is new.

        Raises FunctionHeld where another process has written since.
        """
        if not self._written(lambda connection: rollout_rows.write(connection, run_id, row, before, self._key)):
            # Not raised in the transaction, which others' writes share, and whose failure is final.
            raise rollout_held(row.shown.function, run_id)

    def rollouts(self, run_id: str) -> Mapping[str, RolloutRow]:
        """The rollouts of a run by function ARN."""
        with self._reading() as connection, self._checked(run_id):
            return rollout_rows.read(connection, run_id)

    def unfinished_rollouts(self) -> Sequence[UnfinishedRollout]:
        """Rollouts that nobody has ended."""
        with self._reading() as connection, self._checked("that rolls out"):
            return rollout_rows.unfinished(connection)


_SAME = ("run_id", "of_run", "status", "started_at", "finished_at", "user")

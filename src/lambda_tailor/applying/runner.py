"""Runs: a plan carried out with a journal, undone, or finished after it was cut off."""

from __future__ import annotations

import getpass
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace

from lambda_tailor.applying import lineage
from lambda_tailor.applying.freshness import check_age, stale_functions, stale_operations, to_check
from lambda_tailor.applying.keys import opening_key, prove_key, require_known, verify_with, without_unopenable
from lambda_tailor.applying.lineage import Lineage
from lambda_tailor.applying.scope_run import (
    LOOKED_EVERY_S,
    RunContext,
    ScopeDone,
    ScopeRun,
    carry_out,
    carry_out_remotely,
    mark_of,
)
from lambda_tailor.applying.undo import undo_plan
from lambda_tailor.aws.accounts import UNREACHABLE, Scope, unreached
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scheduler import side_by_side
from lambda_tailor.aws.scopes import check_account, open_scope
from lambda_tailor.clock import now
from lambda_tailor.documents import plan_hash
from lambda_tailor.errors import BadInput, CredentialsError, FunctionHeld, JournalError, LeaseLost, StalePlan
from lambda_tailor.journal import states
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.outcomes import run_of, status_of
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.journal.signing import require_signed
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.progress import NullObserver, Observer
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.run import Run, RunOverview, Status
from lambda_tailor.planning.agreement import check_operations, check_run
from lambda_tailor.planning.options import MAX_AGE_H
from lambda_tailor.planning.summing import check_caps


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Carries plans out, with a journal. ``stop`` set from outside interrupts after the calls in flight.

    ``scheduler`` is the address of a Dask scheduler whose workers do it, or None for threads here.
    """

    connection: Connection
    journal: Journal
    vault: Vault
    observer: Observer = field(default_factory=NullObserver)
    stop: threading.Event = field(default_factory=threading.Event)
    scheduler: str | None = None
    kms_key: str | None = None
    trust_plan: bool = False
    trust_journal: bool = False
    max_age_h: float = MAX_AGE_H

    def apply(self, plan: Plan, rollouts: Sequence[RolloutRow] = ()) -> Run:
        """Apply a plan that was just made; ``rollouts`` of it are written down as it begins.

        Raises LimitExceeded, JournalError, and whatever ends a run half-way (CredentialsError,
        EndpointUnreachable): what was begun stays in the journal to be resumed or rolled back.
        """
        check_operations(plan)
        check_caps(plan)
        return self._start(plan, None, rollouts)

    def apply_saved(self, plan: Plan, rollouts: Sequence[RolloutRow] = ()) -> Run:
        """Apply a plan that was saved earlier; ``trust_plan`` takes one that the team's key does not vouch for.

        Raises PlanFileError where it is not signed or does not do what it shows, and StalePlan where an account is
        another or a function changed since, before anything is written.
        """
        require_signed(plan, self.vault, trust=self.trust_plan)
        check_operations(plan)
        check_caps(plan)
        check_age(plan, now(), self.max_age_h)
        stale, lost = self._stale(plan, lambda _arn: False)
        if plan.operations and len(stale_operations(plan.operations, stale)) == len(plan.operations):
            raise StalePlan(f"{next(iter(stale.values()))}: make the plan again. Nothing was changed.")
        return self._start(plan, None, rollouts, {**stale, **lost})

    def _stale(self, plan: Plan, written: Callable[[str], bool]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The functions that are gone or others by now, and those of accounts that cannot be reached, among several.

        The revision is compared where nothing was ``written``. What could not be looked at is not written either.
        """
        stale: dict[str, str] = {}
        lost: dict[str, str] = {}
        connection = self._workers_connection()
        with side_by_side(self.scheduler) as executor:
            checks = [
                (scope, asked, executor.submit(stale_functions, connection, scope, asked))
                for (account, region), asked in to_check(plan, written).items()
                for scope in [Scope(region, plan.roles.get(account), account)]
            ]
            for scope, asked, check in checks:
                try:
                    stale |= check.result()
                except UNREACHABLE as error:
                    if len(checks) == 1:
                        raise
                    lost |= dict.fromkeys((each.planned.arn for each in asked), unreached(scope, error))
        return stale, lost

    def _workers_connection(self) -> Connection:
        """How those who do the work reach AWS: with credentials of their own, where they are on other machines."""
        return self.connection if self.scheduler is None else replace(self.connection, profile=None)

    def rollback(self, run_id: str, only: frozenset[str] | None = None) -> Run:
        """Put back exactly what a run changed, or only what of it is these functions' (ARNs).

        Can be interrupted, and repeated; where nothing is left to put back, it is the run that did so before.
        Raises BadInput where the run is at work, or was put back again since.
        """
        record = self.known(run_id)
        runs = self.journal.runs()
        done = states.check_rollback(_of(record.run_id, runs), runs, self.journal.at_work(record.run_id))
        if done is not None:
            return run_of(self.journal.run(done.run_id))
        plan = self.undoing(record, only)
        stale, lost = self._stale(plan, lambda _arn: True)
        run = self._start(plan, record.run_id, stale={**stale, **lost})
        if run.status is Status.SUCCEEDED and only is None:
            self._was_put_back(record)
        return run

    def resume(self, run_id: str) -> Run:
        """Finish a run that was interrupted, or try again what failed in it.

        Raises BadInput where there is nothing to go on with: see ``journal/states.py``.
        """
        record = self.known(run_id)
        self.check_resume(record.run_id)
        prove_key(self.journal, self.vault, trust=self.trust_journal)
        _, calls = self._check_account(record.plan)
        self.journal.count(record.run_id, calls)
        self.observer.began(record.run_id, record.plan.operations)
        run = self._execute(record, self._stale_now(record))
        if record.of_run is not None and run.status is Status.SUCCEEDED:
            self._was_put_back(self.journal.run(record.of_run))
        return run

    def check_resume(self, run_id: str) -> None:
        """Raises BadInput where the run cannot be gone on with."""
        runs = self.journal.runs()
        states.check_resume(_of(run_id, runs), runs, self.journal.at_work(run_id))

    def check_go_on(self, run_id: str) -> None:
        """Raises BadInput where the run's rollouts cannot be gone on with."""
        runs = self.journal.runs()
        states.check_go_on(_of(run_id, runs), runs, self.journal.at_work(run_id))

    def _was_put_back(self, record: RunRecord) -> None:
        """The run is rolled back; if it was a rollback itself, what it had put back stands again, and so on."""
        for place, run_id in enumerate(lineage.upwards(record.run_id, lineage.parents(self.journal.runs()))):
            stands = status_of(self.journal.run(run_id)) if place % 2 else Status.ROLLED_BACK
            self.journal.mark(run_id, stands)

    def _stale_now(self, record: RunRecord) -> Mapping[str, str]:
        """Of a run that goes on: what it changed itself has another revision by now, and so has what it puts back."""
        written = {o.function for o in record.plan.operations if (s := record.steps.get(o.id)) is not None and s.call}
        stale, lost = self._stale(record.plan, lambda arn: record.of_run is not None or arn in written)
        return {**stale, **lost}

    def known(self, run_id: str) -> RunRecord:
        """A run of the journal that does, and did, what it shows.

        Raises RunNotFound, and JournalError or PlanFileError where somebody changed it.
        """
        verify_with(self.journal, self.vault)
        record = self.journal.run(run_id)
        require_known(self.journal, run_id, record, trust=self.trust_journal)
        check_run(record)
        return record

    def undoing(self, record: RunRecord, only: frozenset[str] | None = None) -> Plan:
        """What puts a run back, without the values that the key here cannot open."""
        plan = without_unopenable(undo_plan(record, now(), only), opening_key(self.journal, self.vault))
        check_operations(plan, undoing=True)
        # A run that is gone from the journal may have changed the same things since.
        plan = replace(plan, notes=(*plan.notes, *self.journal.strange()))
        return replace(plan, plan_id=plan_hash(plan))

    def _start(
        self,
        plan: Plan,
        of_run: str | None,
        rollouts: Sequence[RolloutRow] = (),
        stale: Mapping[str, str] | None = None,
    ) -> Run:
        run_id = f"run-{now()[:19].replace(':', '').replace('-', '')}-{uuid.uuid4().hex[:6]}"
        if of_run is None:
            self._check_rollouts(plan)
        prove_key(self.journal, self.vault, trust=self.trust_journal)
        user, calls = self._check_account(plan)
        record = self.journal.begin(run_id, plan, user=user, of_run=of_run, rollouts=rollouts, trust=self.trust_journal)
        self.journal.count(run_id, calls)
        self.observer.began(run_id, plan.operations)
        return self._execute(record, stale or {})

    def _check_rollouts(self, plan: Plan) -> None:
        """Raises FunctionHeld where a function of the plan is being rolled out."""
        changed = {operation.function for operation in plan.operations}
        held = next((each for each in self.journal.unfinished_rollouts() if each.arn in changed), None)
        if held is not None:
            raise FunctionHeld(
                f"{held.run_id} is rolling {held.function} out: end that first, with 'lambda-tailor resume "
                f"{held.run_id}' or 'lambda-tailor rollback {held.run_id}'."
            )

    def _check_account(self, plan: Plan) -> tuple[str, Mapping[str, int]]:
        """Who asks, as an ARN, and the requests that it took to know; nobody where there is nothing to do.

        Raises StalePlan where the plan is of an account that neither the credentials nor a role are of.
        """
        if not plan.operations:
            return "", {}
        try:
            opened = open_scope(self.connection, Scope(plan.operations[0].region))
        except CredentialsError:
            if self.scheduler is None:
                raise
            # The workers have credentials of their own, and check the account themselves.
            return f"{getpass.getuser()}@{socket.gethostname()}", {}
        strange = next((o for o in plan.operations if o.account_id not in plan.roles), None)
        if strange is not None:
            check_account(opened, strange.account_id)
        return opened.caller_arn, opened.gateway.calls

    def _execute(self, record: RunRecord, stale: Mapping[str, str]) -> Run:
        epoch = self.journal.take_up(record.run_id)
        undone = lineage.of(self.journal, record.of_run) if record.of_run is not None else None
        status = Status.INTERRUPTED
        try:
            with side_by_side(self.scheduler) as executor:
                self._side_by_side(record, executor, undone, stale)
            record = self.journal.advanced(record)
            status = status_of(record)
        finally:
            self.journal.finish(record.run_id, status, epoch)
        run = run_of(self.journal.advanced(record, its_steps=False))
        self.journal.sum_up(run.run_id, run.summary)
        return run

    def _side_by_side(
        self,
        record: RunRecord,
        executor: Executor,
        undone: Lineage | None,
        stale: Mapping[str, str],
    ) -> None:
        """Every account and region has quotas of its own. What ends one of them is raised when all are over."""
        began = dict(self._begun(record, executor, undone, stale))
        errors: list[BaseException] = []
        waiting: set[Future[ScopeDone]] = set(began)
        told = False
        while waiting:
            over, waiting = wait(waiting, timeout=LOOKED_EVERY_S, return_when=FIRST_COMPLETED)
            for future in over:
                error = future.exception()
                if error is not None:
                    errors.append(error)
                    if not isinstance(error, JournalError | LeaseLost):
                        continue
                    # Without the journal, or the lease, nothing more may be written.
                    self.stop.set()
                elif self.scheduler is not None:
                    self._tell(began[future], future.result())
            if self.stop.is_set() and self.scheduler is not None and not told:
                self.journal.mark(record.run_id, Status.INTERRUPTED)
                told = True
        if errors:
            raise errors[0]

    def _begun(
        self,
        record: RunRecord,
        executor: Executor,
        undone: Lineage | None,
        stale: Mapping[str, str],
    ) -> Iterator[tuple[Future[ScopeDone], Sequence[Operation]]]:
        scopes = _by_scope(record.plan)
        work = ScopeRun(
            run_id=record.run_id,
            scope=Scope(""),
            # CloudTrail of another account tells which run it was.
            connection=replace(self._workers_connection(), session_name=f"lambda-tailor-{record.run_id}"[:64]),
            who=record.user,
            several=len(scopes) > 1,
            stale=stale_operations(record.plan.operations, stale),
        )
        if self.scheduler is not None:
            work = replace(
                work,
                vault_mark=mark_of(self.vault),
                kms_key=self.kms_key,
                trust_journal=self.trust_journal,
            )
            for scope, operations in scopes:
                yield executor.submit(carry_out_remotely, replace(work, scope=scope)), operations
            return
        context = RunContext(
            journal=self.journal, vault=self.vault, stop=self.stop, observe=self.observer.ended, undone=undone
        )
        for scope, operations in scopes:
            yield executor.submit(carry_out, replace(work, scope=scope), context, operations, record.steps), operations

    def _tell(self, operations: Sequence[Operation], done: ScopeDone) -> None:
        for operation in operations:
            if operation.id in done.ended:
                self.observer.ended(operation, done.ended[operation.id])


def _of(run_id: str, runs: Sequence[RunOverview]) -> RunOverview:
    return next(run for run in runs if run.run_id == run_id)


def check_journal_for(scheduler: str | None, url: str) -> None:
    """Refuse a journal that the workers of a cluster could not share.

    Raises BadInput.
    """
    if scheduler is not None and not url.startswith("postgresql"):
        raise BadInput(
            "--scheduler needs a journal that every worker reaches: set LAMBDA_TAILOR_JOURNAL, here and on the "
            "workers, to a PostgreSQL URL (postgresql://…)."
        )


def _by_scope(plan: Plan) -> list[tuple[Scope, Sequence[Operation]]]:
    """The plan's operations by account and region, in the plan's order."""
    found: dict[tuple[str, str], list[Operation]] = {}
    for operation in plan.operations:
        found.setdefault((operation.account_id, operation.region), []).append(operation)
    roles: Mapping[str, str] = plan.roles
    return [(Scope(region, roles.get(account), account), operations) for (account, region), operations in found.items()]

"""Runs: a plan carried out with a journal, undone, or finished after it was cut off."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lambda_tailor.apply_operation import Applier
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.aws.lookups import look_up
from lambda_tailor.aws.sites import Site, calls_of, open_sites
from lambda_tailor.clock import now
from lambda_tailor.errors import AccessDenied, AwsRefused, JournalError, StalePlan
from lambda_tailor.executor import Executor
from lambda_tailor.journal import Journal
from lambda_tailor.leases import RENEWED_EVERY_S, Held, Holder
from lambda_tailor.model.function import Found, Missing, Unreadable, source_need
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.run import Run, Status
from lambda_tailor.model.secret import Secret
from lambda_tailor.outcomes import run_of, status_of
from lambda_tailor.planner import check_caps
from lambda_tailor.stand_ins import StandIns
from lambda_tailor.undo import undo_plan
from lambda_tailor.vault import Vault
from lambda_tailor.watching import Observer, Silence

# Accounts and regions worked on at the same time.
SITES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Carries plans out, with a journal. ``stop`` set from outside interrupts after the calls in flight."""

    connection: Connection
    journal: Journal
    vault: Vault
    observer: Observer = field(default_factory=Silence)
    stop: threading.Event = field(default_factory=threading.Event)

    def apply(self, plan: Plan) -> Run:
        """Apply a plan that was just made.

        Raises LimitExceeded, JournalError, and whatever ends a run half-way (CredentialsError,
        EndpointUnreachable): what was begun stays in the journal to be resumed or rolled back.
        """
        check_caps(plan)
        return self._start(plan, None)

    def apply_saved(self, plan: Plan) -> Run:
        """Apply a plan that was saved earlier.

        Raises StalePlan, before anything is written, where an account is another or a function changed since.
        """
        check_caps(plan)
        for site, operations in self._by_site(plan):
            _check_fresh(site, operations)
        return self._start(plan, None)

    def rollback(self, run_id: str) -> Run:
        """Put back exactly what a run changed. Can be repeated, and interrupted."""
        record = self.journal.run(run_id)
        run = self._start(undo_plan(record, now()), record.run_id)
        if run.status is Status.SUCCEEDED:
            self.journal.mark(record.run_id, Status.ROLLED_BACK)
        return run

    def resume(self, run_id: str) -> Run:
        """Finish a run that was interrupted, or try again what failed in it."""
        record = self.journal.run(run_id)
        self.observer.began(record.run_id, len(record.plan.operations))
        run = self._execute(record)
        if record.of_run is not None and run.status is Status.SUCCEEDED:
            self.journal.mark(record.of_run, Status.ROLLED_BACK)
        return run

    def _start(self, plan: Plan, of_run: str | None) -> Run:
        run_id = f"run-{now()[:19].replace(':', '').replace('-', '')}-{uuid.uuid4().hex[:6]}"
        sites = self._by_site(plan)
        user = sites[0][0].caller_arn if sites else ""
        self.journal.begin(run_id, plan, user=user, of_run=of_run)
        self.observer.began(run_id, len(plan.operations))
        return self._execute(self.journal.run(run_id), sites)

    def _execute(self, record: RunRecord, sites: Sequence[tuple[Site, list[Operation]]] | None = None) -> Run:
        sites = self._by_site(record.plan) if sites is None else sites
        self.journal.mark(record.run_id, Status.RUNNING)
        status = Status.INTERRUPTED
        try:
            with self._leases(record) as held:
                self._side_by_side(record, sites, held)
            status = status_of(self.journal.run(record.run_id))
        finally:
            self.journal.finish(record.run_id, status, calls_of([site for site, _ in sites]))
        return run_of(self.journal.run(record.run_id))

    def _side_by_side(
        self, record: RunRecord, sites: Sequence[tuple[Site, list[Operation]]], held: Mapping[str, Held]
    ) -> None:
        """Every account and region has quotas of its own. What ends one of them stops the others and is raised."""
        with ThreadPoolExecutor(max_workers=max(1, min(SITES_AT_ONCE, len(sites)))) as threads:
            began = [
                threads.submit(self._executor(record.run_id, site, held).execute, operations, record.steps)
                for site, operations in sites
            ]
            errors = [error for future in as_completed(began) if (error := self._stopped_by(future)) is not None]
        if errors:
            raise errors[0]

    def _stopped_by(self, future: Future[Any]) -> BaseException | None:
        error = future.exception()
        if error is not None:
            self.stop.set()
        return error

    @contextmanager
    def _leases(self, record: RunRecord) -> Iterator[Mapping[str, Held]]:
        """Hold the run's functions, and keep on holding them; gives those that another run holds."""
        holder = Holder(run_id=record.run_id, who=record.user or "somebody")
        functions = sorted({operation.function for operation in record.plan.operations})
        held = self.journal.hold(holder, functions)
        done = threading.Event()

        def renew() -> None:
            while not done.wait(RENEWED_EVERY_S):
                try:
                    self.journal.renew(holder)
                except JournalError:
                    # Without the journal nothing may be written, and the next operation says why.
                    self.stop.set()
                    return

        renewing = threading.Thread(target=renew, name="leases", daemon=True)
        renewing.start()
        try:
            yield held
        finally:
            done.set()
            renewing.join()
            self.journal.release(holder)

    def _executor(self, run_id: str, site: Site, held: Mapping[str, Held]) -> Executor:
        applier = Applier(
            run_id=run_id,
            gateway=site.gateway,
            journal=self.journal,
            stand_ins=StandIns(self.vault, _resolver(site)),
            partition=site.partition,
        )
        return Executor(applier=applier, observe=self.observer.ended, stop=self.stop, held=held)

    def _by_site(self, plan: Plan) -> Sequence[tuple[Site, list[Operation]]]:
        """The plan's operations with the site that they belong to.

        Raises StalePlan where the credentials are another account's.
        """
        regions = tuple(dict.fromkeys(operation.region for operation in plan.operations))
        if not regions:
            return []
        sites = {(site.account_id, site.region): site for site in open_sites(self.connection, regions)}
        for operation in plan.operations:
            if (operation.account_id, operation.region) not in sites:
                mine = next(iter(sites))[0]
                raise StalePlan(
                    f"The plan is for account {operation.account_id}, and the credentials are of account {mine}: "
                    "choose the right AWS_PROFILE."
                )
        return [
            (site, [o for o in plan.operations if (o.account_id, o.region) == where]) for where, site in sites.items()
        ]


def _resolver(site: Site) -> Callable[[str], Secret]:
    """Reads the value at a source, once for each source."""
    known: dict[str, Secret] = {}

    def resolve(source: str) -> Secret:
        if source not in known:
            need = source_need(source)
            match look_up(site.around, {need})[need]:
                case Found(state):
                    value = state["value"]
                    assert isinstance(value, Secret)
                    known[source] = value
                case Missing():
                    raise AwsRefused(f"there is no {need.kind} {need.name}", code="ResourceNotFoundException")
                case Unreadable(because):
                    raise AwsRefused(because, code="Unreadable")
        return known[source]

    return resolve


def _check_fresh(site: Site, operations: Sequence[Operation]) -> None:
    """Every function is still at the revision that the plan was made from."""
    planned = {o.key.resource: o.revision_id for o in operations if o.revision_id is not None}
    target = Target(names=tuple(planned))
    if not planned:
        return
    inventory = take(site.gateway, site.account_id, target, aliases=False)
    found = {f.name: f.revision_id for f in inventory.functions}
    for name, revision in planned.items():
        if name in inventory.unread:
            raise AccessDenied(inventory.unread[name], action="lambda:GetFunction")
        if name not in found:
            raise StalePlan(f"{name} is no longer there: make the plan again.")
        if found[name] != revision:
            raise StalePlan(f"{name} was changed after the plan was made: make the plan again. Nothing was changed.")

"""The story in order: the one place where the stages meet."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from pydantic import JsonValue

from lambda_tailor.apply_operation import Applier, Ended
from lambda_tailor.aws.evidence import EvidenceOptions, Gathered, gather
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.aws.lookups import affordable, look_up
from lambda_tailor.aws.sites import Site, open_sites
from lambda_tailor.errors import AwsRefused, StalePlan, TargetNotFound
from lambda_tailor.executor import Executor
from lambda_tailor.journal import Journal, RunRecord, now
from lambda_tailor.model.function import Found, Missing, Unreadable, source_need
from lambda_tailor.model.plan import Operation, Plan, Problem
from lambda_tailor.model.run import Run, Status, Verification
from lambda_tailor.model.secret import Secret
from lambda_tailor.outcomes import run_of, status_of
from lambda_tailor.planner import Reading, check_caps, make_plan, more_needs_of, needs_of, readings_of
from lambda_tailor.policy import Policy
from lambda_tailor.stand_ins import StandIns
from lambda_tailor.undo import undo_plan
from lambda_tailor.vault import Vault
from lambda_tailor.verifier import verify
from lambda_tailor.worth import price_notes, worth


class Observer(Protocol):
    """Told of progress, from any thread. Every method may be left as it is."""

    def reading(self, account_id: str, region: str) -> None:
        """An account and region is about to be read."""

    def read(self, account_id: str, region: str, functions: int) -> None:
        """An account and region has been read."""

    def began(self, run_id: str, operations: int) -> None:
        """A run is written down and begins."""

    def ended(self, operation: Operation, ended: Ended) -> None:
        """An operation ended."""


class Silence:
    """An observer that says nothing."""

    def reading(self, account_id: str, region: str) -> None:
        """Nothing."""

    def read(self, account_id: str, region: str, functions: int) -> None:
        """Nothing."""

    def began(self, run_id: str, operations: int) -> None:
        """Nothing."""

    def ended(self, operation: Operation, ended: Ended) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: which functions, by which policy, where."""

    target: Target
    policy: Policy
    connection: Connection = field(default_factory=Connection)
    regions: tuple[str, ...] = ()
    force: frozenset[str] = frozenset()
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)


@dataclass(frozen=True, slots=True)
class _Read:
    reading: Reading | None
    problems: tuple[Problem, ...]
    unknown: tuple[str, ...] = ()
    gathered: Gathered = field(default_factory=Gathered)


def plan(request: Request, observer: Observer | None = None) -> Plan:
    """Read what is deployed and what it did, and propose; changes nothing.

    A region or function that cannot be read becomes a problem of the plan. Raises TargetNotFound
    where nothing at all answers to the target, and CredentialsError or EndpointUnreachable.
    """
    watch = observer or Silence()
    sites = open_sites(request.connection, request.regions)
    with ThreadPoolExecutor(max_workers=min(16, len(sites))) as threads:
        reads = list(threads.map(lambda site: _read_site(request, site, watch), sites))
    return _assemble(request, sites, reads)


def _read_site(request: Request, site: Site, observer: Observer) -> _Read:
    observer.reading(site.account_id, site.region)
    try:
        inventory = take(site.gateway, site.account_id, request.target)
        included = [f for f in inventory.functions if request.policy.excluded(f) is None]
        needs = affordable(needs_of(request.policy, included), len(included), deep=request.evidence.deep)
        asked = replace(request.evidence, readings=readings_of(request.policy, included))
        with ThreadPoolExecutor(max_workers=2) as threads:
            wanted = threads.submit(look_up, site.around, needs)
            evidence = threads.submit(gather, site.around, included, asked)
            facts, gathered = wanted.result(), evidence.result()
        facts = {**facts, **look_up(site.around, more_needs_of(request.policy, included, gathered.evidence))}
    except AwsRefused as error:
        problem = Problem(account_id=site.account_id, region=site.region, subject=site.region, because=str(error))
        return _Read(None, (problem,))
    functions = [replace(function, facts=facts) for function in inventory.functions]
    observer.read(site.account_id, site.region, len(functions))
    reading = Reading(
        account_id=site.account_id,
        region=site.region,
        functions=functions,
        evidence=gathered.evidence,
        pool=inventory.pool,
    )
    problems = tuple(
        Problem(account_id=f.account_id, region=f.region, subject=f.name, because=f.untouchable)
        for f in functions
        if request.target.named and f.untouchable
    )
    return _Read(reading, problems, tuple(inventory.unknown), gathered)


def _assemble(request: Request, sites: Sequence[Site], reads: Sequence[_Read]) -> Plan:
    readings = [read.reading for read in reads if read.reading is not None]
    problems = [problem for read in reads for problem in read.problems]
    if readings and not any(reading.functions for reading in readings) and not request.target.everything:
        where = ", ".join(reading.region for reading in readings)
        raise TargetNotFound(
            f"No function in {where} answers to {request.target}: check the name, --region and AWS_PROFILE."
        )
    for name in request.target.named:
        if readings and all(name in read.unknown for read in reads if read.reading is not None):
            because = "there is no function of that name"
            problems.append(
                Problem(account_id=readings[0].account_id, region=readings[0].region, subject=name, because=because)
            )
    # The free tier is the account's, once for all of its regions.
    first = {reading.account_id: reading for reading in reversed(readings)}.values()
    free = request.policy.assumptions.free_tier
    return make_plan(
        request.policy,
        readings,
        worth=lambda reading: worth(
            request.policy.assumptions, reading, free_tier=free and any(reading is each for each in first)
        ),
        created_at=now(),
        force=request.force,
        problems=problems,
        api_calls=_calls(sites),
        assumptions={
            "evidence": _price_of_evidence([read.gathered for read in reads]),
            "prices": list(price_notes(reading.region for reading in readings)),
        },
    )


def _price_of_evidence(gathered: Sequence[Gathered]) -> dict[str, JsonValue]:
    """What reading the evidence cost, and what could not be read for anybody, said once."""
    return {
        "metrics": sum(each.metrics for each in gathered),
        "scanned_bytes": sum(each.scanned_bytes for each in gathered),
        "usd": str(sum((each.usd for each in gathered), Decimal(0)).normalize()),
        "not_read": list(dict.fromkeys(note for each in gathered for note in each.notes)),
    }


def _calls(sites: Sequence[Site]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for site in sites:
        total.update(site.gateway.calls)
    return dict(sorted(total.items()))


def verification(request: Request, observer: Observer | None = None) -> Verification:
    """Whether what is deployed matches the policy."""
    return verify(plan(request, observer))


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
            for site, operations in sites:
                self._executor(record.run_id, site).execute(operations, record.steps)
            status = status_of(self.journal.run(record.run_id))
        finally:
            self.journal.finish(record.run_id, status, _calls([site for site, _ in sites]))
        return run_of(self.journal.run(record.run_id))

    def _executor(self, run_id: str, site: Site) -> Executor:
        applier = Applier(
            run_id=run_id,
            gateway=site.gateway,
            journal=self.journal,
            stand_ins=StandIns(self.vault, _resolver(site)),
            partition=site.partition,
        )
        return Executor(applier=applier, observe=self.observer.ended, stop=self.stop)

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
    found = {f.name: f.revision_id for f in take(site.gateway, site.account_id, target).functions}
    for name, revision in planned.items():
        if name not in found:
            raise StalePlan(f"{name} is no longer there: make the plan again.")
        if found[name] != revision:
            raise StalePlan(f"{name} was changed after the plan was made: make the plan again. Nothing was changed.")

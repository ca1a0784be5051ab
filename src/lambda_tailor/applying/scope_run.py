"""The part of a run that one account and region is: done here by a thread, or by a worker of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lambda_tailor import paths
from lambda_tailor.applying import lineage
from lambda_tailor.applying.apply_operation import Applier
from lambda_tailor.applying.executor import Executor, Observer
from lambda_tailor.applying.keys import prove_key, require_verified
from lambda_tailor.applying.lineage import Lineage
from lambda_tailor.applying.looks import Looks
from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.aws.accounts import UNREACHABLE, Scope, unreached
from lambda_tailor.aws.claims import Claims
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.lookups import look_up
from lambda_tailor.aws.scopes import OpenScope, check_account, open_scope
from lambda_tailor.aws.team_key import KmsKey
from lambda_tailor.errors import AwsRefused, JournalError, RunNotFound, TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.key_sources import local_source
from lambda_tailor.journal.leases import RENEWED_EVERY_S, Held, Holder
from lambda_tailor.journal.standing import lease_lost
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.function import Found, Missing, Unreadable, source_lookup
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import StepRecord
from lambda_tailor.model.run import Ended, Result, Status
from lambda_tailor.model.secret import Secret

# How often a worker looks whether the run was told to stop, and whether a dead worker's lease is over. Seconds.
LOOKED_EVERY_S = 2.0
_KNOWN = Secret("lambda-tailor")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRun:
    """What is to be done of a run in one account and region; says nothing secret, so that it may travel.

    ``stale`` has the operations whose function is gone or another by now, by id, with the reason.
    ``vault_mark`` is empty, or tells which key values are sealed with; ``several`` that there are other
    accounts and regions, which go on where this one cannot be reached.
    """

    run_id: str
    scope: Scope
    connection: Connection
    who: str
    several: bool = False
    vault_mark: str = ""
    kms_key: str | None = None
    trust_journal: bool = False
    stale: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScopeDone:
    """How the operations ended, by id, and the requests that it took."""

    ended: Mapping[str, Ended]
    calls: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What is needed for it.

    ``patient`` waits until a worker that died over the same run holds nothing more; ``undone`` knows the
    run that is put back, where it is a rollback.
    """

    journal: Journal
    vault: Vault
    stop: threading.Event
    observe: Observer = field(default=lambda _operation, _ended: None)
    patient: bool = False
    undone: Lineage | None = None


def mark_of(vault: Vault) -> str:
    """Tells which key a vault has, and nothing of it."""
    return vault.fingerprint(_KNOWN)


def carry_out(
    work: ScopeRun, context: RunContext, operations: Sequence[Operation], earlier: Mapping[str, StepRecord]
) -> ScopeDone:
    """Carry out operations of one account and region.

    Raises StalePlan where the account is another, JournalError, and CredentialsError or
    EndpointUnreachable; where there are ``several``, an account that cannot be reached is an outcome.
    """
    try:
        opened = open_scope(work.connection, work.scope)
    except UNREACHABLE as error:
        if not work.several:
            raise
        undone = [o for o in operations if (step := earlier.get(o.id)) is None or step.result in (None, Result.FAILED)]
        return ScopeDone(_unreached(work, context, undone, error), {})
    check_account(opened, work.scope.account_id)
    holder = Holder(run_id=work.run_id, who=work.who or "somebody")
    with _leased(holder, context, operations) as held:
        applier = Applier(
            run_id=work.run_id,
            gateway=opened.gateway,
            journal=context.journal,
            placeholders=Placeholders(context.vault, _resolver(opened)),
            partition=opened.partition,
            holder=holder,
            token=context.journal.token(holder),
            looks=Looks(opened, stop=context.stop),
            undone=context.undone,
            claims=Claims(opened),
            stop=context.stop,
        )
        executor = Executor(applier=applier, observe=context.observe, stop=context.stop, held=held, stale=work.stale)
        try:
            ended = executor.execute(operations, earlier)
        finally:
            context.journal.count(work.run_id, opened.gateway.calls)
    return ScopeDone(ended, dict(opened.gateway.calls))


def carry_out_remotely(work: ScopeRun) -> ScopeDone:
    """The same on another machine, which has its own credentials, journal URL and key file.

    Raises JournalError where its journal does not know the run, or its key file is another one.
    """
    vault = Vault(KmsKey(work.connection, work.kms_key) if work.kms_key else local_source())
    journal = Journal(paths.journal_url())
    try:
        prove_key(journal, vault, trust=work.trust_journal)
        if work.vault_mark and mark_of(vault) != work.vault_mark:
            raise JournalError(f"{vault.place} on this worker is another key: name the same in LAMBDA_TAILOR_KEY_FILE.")
        try:
            record = journal.run(work.run_id)
            require_verified(record, trust=work.trust_journal)
        except RunNotFound as error:
            raise JournalError(
                f"{journal.place} on this worker does not know the run: set LAMBDA_TAILOR_JOURNAL to the same."
            ) from error
        where = (work.scope.account_id, work.scope.region)
        operations = [o for o in record.plan.operations if (o.account_id, o.region) == where]
        stop = threading.Event()
        undone = lineage.of(journal, record.of_run) if record.of_run is not None else None
        context = RunContext(journal=journal, vault=vault, stop=stop, patient=True, undone=undone)
        with _stopped_from_afar(journal, work.run_id, stop):
            return carry_out(work, context, operations, record.steps)
    finally:
        journal.close()


@contextmanager
def _leased(holder: Holder, context: RunContext, operations: Sequence[Operation]) -> Iterator[Mapping[str, Held]]:
    """Hold the functions, and keep on holding them; gives those that another run holds."""
    functions = sorted({operation.function for operation in operations})
    held = context.journal.hold(holder, functions)
    while context.patient and any(other.run_id == holder.run_id for other in held.values()):
        if context.stop.wait(LOOKED_EVERY_S):
            break
        held = context.journal.hold(holder, functions)
    mine = [function for function in functions if function not in held]
    done = threading.Event()
    gone: list[TailorError] = []

    def renew() -> None:
        while not done.wait(RENEWED_EVERY_S):
            try:
                if context.journal.renew(holder) < len(mine):
                    gone.append(lease_lost(mine[0]))
            except JournalError as error:
                gone.append(error)
            if gone:
                # Without the journal, or without the lease, nothing may be written.
                context.stop.set()
                return

    renewing = threading.Thread(target=renew, name="leases", daemon=True)
    renewing.start()
    try:
        yield held
        if gone:
            raise gone[0]
    finally:
        done.set()
        renewing.join()
        context.journal.release(holder)


@contextmanager
def _stopped_from_afar(journal: Journal, run_id: str, stop: threading.Event) -> Iterator[None]:
    """``stop`` is set when the run is marked as interrupted."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOKED_EVERY_S):
            try:
                if journal.status(run_id) is Status.INTERRUPTED:
                    stop.set()
            except JournalError:
                # The next operation says why.
                stop.set()
                return

    looking = threading.Thread(target=look, name="stop", daemon=True)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()


def _unreached(
    work: ScopeRun, context: RunContext, operations: Sequence[Operation], error: Exception
) -> Mapping[str, Ended]:
    because = unreached(work.scope, error)
    ended = {operation.id: Ended(Result.FAILED, because) for operation in operations}
    for operation in operations:
        context.journal.settle(work.run_id, operation.id, ended[operation.id])
        context.observe(operation, ended[operation.id])
    return ended


def _resolver(opened: OpenScope) -> Callable[[str], Secret]:
    """Reads the value at a source, once for each source."""
    known: dict[str, Secret] = {}

    def resolve(source: str) -> Secret:
        if source not in known:
            lookup = source_lookup(source)
            match look_up(opened, {lookup})[lookup]:
                case Found(state):
                    value = state["value"]
                    assert isinstance(value, Secret)
                    known[source] = value
                case Missing():
                    raise AwsRefused(f"there is no {lookup.kind} {lookup.name}", code="ResourceNotFoundException")
                case Unreadable(because):
                    raise AwsRefused(because, code="Unreadable")
        return known[source]

    return resolve

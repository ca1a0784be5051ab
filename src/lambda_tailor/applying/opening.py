"""A runner with its journal and key, opened for one piece of work and closed after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from lambda_tailor import paths
from lambda_tailor.applying.freshness import check_age
from lambda_tailor.applying.runner import Runner, check_journal_for
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.clock import now
from lambda_tailor.errors import KeyRefused
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.journal.signing import require_signed, sign_plan
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.progress import NullObserver, Observer
from lambda_tailor.model.run import Run
from lambda_tailor.planning.agreement import check_operations
from lambda_tailor.planning.options import MAX_AGE_H, team_vault


def open_journal(url: str | None = None) -> Journal:
    """The journal at a database URL, or the one in the state folder."""
    return Journal(url or paths.journal_url())


@contextmanager
def open_runner(
    connection: Connection,
    *,
    journal: str | None = None,
    scheduler: str | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    kms_key: str | None = None,
    trust_plan: bool = False,
    trust_journal: bool = False,
    max_age_h: float = MAX_AGE_H,
    tell: Callable[[str], None] = lambda _told: None,
) -> Iterator[Runner]:
    """A runner; ``stop`` set from outside lets the calls in flight end and sends no more.

    ``scheduler`` is the address of a Dask scheduler whose workers do it, or None for threads here. ``tell`` hears
    of a key that was made.
    Raises BadInput where the workers could not share the journal, and JournalError.
    """
    check_journal_for(scheduler, journal or paths.journal_url())
    with closing(open_journal(journal)) as opened:
        yield Runner(
            connection=connection,
            journal=opened,
            vault=team_vault(connection, kms_key, tell),
            kms_key=kms_key,
            trust_plan=trust_plan,
            trust_journal=trust_journal,
            max_age_h=max_age_h,
            observer=observer or NullObserver(),
            stop=stop or threading.Event(),
            scheduler=scheduler,
        )


def signed(plan: Plan, connection: Connection, kms_key: str | None, tell: Callable[[str], None] | None = None) -> Plan:
    """The plan, signed; as it is where there is no key and none can be made, which ``tell`` hears.

    Raises KeyRefused where a key of KMS was named.
    """
    try:
        return sign_plan(plan, team_vault(connection, kms_key, tell or (lambda _told: None)))
    except KeyRefused as refused:
        if kms_key is not None:
            raise
        if tell is not None:
            tell(f"The plan is not signed, so that applying it later takes --trust-plan: {refused}")
        return plan


def check_plan(plan: Plan, connection: Connection, *, trust_plan: bool, kms_key: str | None, max_age_h: float) -> None:
    """Whether a plan is signed with the team's key, does what it shows and is not too old; ``apply`` asks it too.

    Raises PlanFileError, StalePlan, KeyRefused.
    """
    require_signed(plan, team_vault(connection, kms_key), trust=trust_plan)
    check_operations(plan)
    check_age(plan, now(), max_age_h)


def check_run(
    run_id: str,
    connection: Connection,
    *,
    journal: str | None,
    trust_journal: bool,
    kms_key: str | None,
    scheduler: str | None = None,
) -> tuple[Plan, Run]:
    """A run that the team's key vouches for and that does what it shows: its plan, and its outcomes.

    Raises RunNotFound, JournalError, PlanFileError where somebody changed the run's plan, and BadInput where the
    workers of ``scheduler`` could not share the journal.
    """
    with open_runner(
        connection, journal=journal, scheduler=scheduler, kms_key=kms_key, trust_journal=trust_journal
    ) as runner:
        record = runner.known(run_id)
    return record.plan, run_of(record)

"""Looking back as the doors ask for it: runs, one run, what runs brought; reads the journal, and AWS to measure."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S
from lambda_tailor.clock import now
from lambda_tailor.errors import BadInput, KeyRefused
from lambda_tailor.model.history import History
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.run import Run, Runs
from lambda_tailor.planning.options import DEFAULT_LOOKBACK_DAYS, connection_of

if TYPE_CHECKING:
    from lambda_tailor.model.record import RunRecord


def runs(*, journal: str | None = None) -> Runs:
    """Every run that the journal knows, oldest first.

    Raises JournalError.
    """
    from lambda_tailor.applying.keys import verify_with
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.journal.key_sources import local_source
    from lambda_tailor.journal.vault import Vault

    with closing(open_journal(journal)) as opened:
        # Without a key the list is shown as the journal has it.
        with suppress(KeyRefused):
            verify_with(opened, Vault(local_source()))
        return Runs(
            notes=tuple(opened.strange()),
            runs=tuple(opened.runs()),
            unfinished=tuple(opened.unfinished_rollouts()),
            tunes=tuple(tune.overview for tune in opened.tunes()),
        )


def run(run: str, *, journal: str | None = None) -> Run:
    """One run with its outcomes; ``latest`` is the newest that wrote something and was no rollback.

    Raises RunNotFound, JournalError.
    """
    from lambda_tailor.journal.outcomes import run_of

    return run_of(record_of(run, journal))


def plan_and_run(run: str, *, journal: str | None = None) -> tuple[Plan, Run]:
    """The plan that a run carried out, and the run with its outcomes.

    Raises RunNotFound, JournalError.
    """
    from lambda_tailor.journal.outcomes import run_of

    record = record_of(run, journal)
    return record.plan, run_of(record)


def realized(
    run: Run | str,
    *,
    lookback_days: float = DEFAULT_LOOKBACK_DAYS,
    worse_percent: float = 25.0,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Realized:
    """What a run really brought: the time after it beside as long a time before it, at most ``lookback_days``.

    More than ``worse_percent`` slower or more erroneous is worse. Raises RunNotFound, BadInput, JournalError and
    what reading AWS raises.
    """
    from lambda_tailor.review.realized import realized as compared

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    record = record_of(run, journal)
    return compared(record, connection, lookback_days=lookback_days, worse_percent=worse_percent)


def history(
    *,
    measure: bool = False,
    lookback_days: float = DEFAULT_LOOKBACK_DAYS,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> History:
    """Every run with what it promised, oldest first; ``measure`` reads AWS for what those in effect brought.

    A run that is too young or whose account cannot be read stays without. Raises JournalError.
    """
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.journal.outcomes import run_of
    from lambda_tailor.review.history import history_of, in_effect
    from lambda_tailor.review.realized import realized as compared

    with closing(open_journal(journal)) as opened:
        records = [opened.run(overview.run_id) for overview in opened.runs()]
    told = [(record.plan, run_of(record)) for record in records]
    brought = {}
    if measure:
        connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
        wanted = {run.run_id for run in in_effect(told)}
        for record in (record for record in records if record.run_id in wanted):
            with suppress(BadInput):
                brought[record.run_id] = compared(record, connection, lookback_days=lookback_days, worse_percent=25.0)
    return history_of(told, brought, now())


def record_of(run: Run | str, journal: str | None) -> RunRecord:
    from lambda_tailor.applying.opening import open_journal

    with closing(open_journal(journal)) as opened:
        return opened.run(id_of(run))


def id_of(run: Run | str) -> str:
    return run if isinstance(run, str) else run.run_id

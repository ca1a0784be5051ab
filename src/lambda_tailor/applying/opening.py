"""A runner with its journal and key, opened for one piece of work and closed after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from lambda_tailor import paths
from lambda_tailor.applying.runner import Runner, check_journal_for
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.progress import NullObserver, Observer


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
) -> Iterator[Runner]:
    """A runner; ``stop`` set from outside lets the calls in flight end and sends no more.

    ``scheduler`` is the address of a Dask scheduler whose workers do it, or None for threads here.
    Raises BadInput where the workers could not share the journal, and JournalError.
    """
    check_journal_for(scheduler, journal or paths.journal_url())
    with closing(open_journal(journal)) as opened:
        yield Runner(
            connection=connection,
            journal=opened,
            vault=Vault(paths.key_file()),
            observer=observer or NullObserver(),
            stop=stop or threading.Event(),
            scheduler=scheduler,
        )

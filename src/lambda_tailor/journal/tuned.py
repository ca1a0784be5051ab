"""What tunes found, for plans: read without SQLAlchemy where the journal is a SQLite file, as it mostly is."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from lambda_tailor.errors import JournalError
from lambda_tailor.journal.found import TUNE, newest, since
from lambda_tailor.journal.team_key import JournalKey
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.tuning import Tuning


def tunings_in(url: str, vault: Vault) -> Mapping[str, Tuning]:
    """The tunes that still hold and that the team's key vouches for.

    None where there is no journal or no key, or they cannot be read: plans do without it.
    """
    if not url.startswith("sqlite:///"):
        return _by_journal(url, vault)
    path = Path(url.removeprefix("sqlite:///"))
    if not path.is_file():
        return {}
    # Our own columns are all that is put into it.
    asked = f"select {', '.join(TUNE)}, signature from tunings where shown is not null and ended_at >= ?"  # noqa: S608
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(f"{asked} order by ended_at", (since(),))]
            written = connection.execute("select fingerprint, wrapped from journal_keys order by made_at desc")
            keys = [JournalKey(str(fingerprint), str(wrapped)) for fingerprint, wrapped in written] if rows else []
        return newest(rows, vault.one_of(keys)) if rows else {}
    except (sqlite3.Error, ValueError, JournalError):
        return {}


def _by_journal(url: str, vault: Vault) -> Mapping[str, Tuning]:
    from lambda_tailor.journal.journal import Journal

    try:
        with closing(Journal(url)) as journal:
            return journal.tunings(vault.one_of(journal.written_with()))
    except JournalError:
        return {}

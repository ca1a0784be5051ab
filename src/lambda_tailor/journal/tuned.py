"""What tunes found, for plans: read without SQLAlchemy where the journal is a SQLite file, as it mostly is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lambda_tailor.documents import adapter
from lambda_tailor.errors import JournalError
from lambda_tailor.model.tuning import Tuning

# What was found holds so long, unless the code changes before.
HOLDS_DAYS = 90


def since() -> str:
    """The time from which on a tune is young enough to hold."""
    return (datetime.now(UTC) - timedelta(days=HOLDS_DAYS)).isoformat(timespec="milliseconds")


def newest(shown: Iterable[str]) -> Mapping[str, Tuning]:
    """Tunes by function ARN, the last one of each; they come as JSON, the oldest first. Raises ValueError."""
    tunings: list[Tuning] = [adapter(Tuning).validate_json(text) for text in shown]
    return {tuning.arn: tuning for tuning in tunings}


def tunings_in(url: str) -> Mapping[str, Tuning]:
    """The tunes that still hold; none where there is no journal, or it cannot be read: plans do without it."""
    if not url.startswith("sqlite:///"):
        return _by_journal(url)
    path = Path(url.removeprefix("sqlite:///"))
    if not path.is_file():
        return {}
    asked = "select shown from tunings where shown is not null and ended_at >= ? order by ended_at"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as connection:
            return newest(row[0] for row in connection.execute(asked, (since(),)))
    except (sqlite3.Error, ValueError):
        return {}


def _by_journal(url: str) -> Mapping[str, Tuning]:
    from lambda_tailor.journal.journal import Journal

    try:
        with closing(Journal(url)) as journal:
            return journal.tunings()
    except JournalError:
        return {}

"""Tunes in the journal: the copy that each makes, written down before it is made, and what each found."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.journal.tables import TUNINGS
from lambda_tailor.model.tuning import Tuning

# What was found holds so long, unless the code changes before.
HOLDS_DAYS = 90
BEGUN, REMOVED = "begun", "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A tune whose copy may still be there. ``role_arn`` is the role under which its account is reached."""

    tune_id: str
    function: str
    copy: str
    region: str
    role_arn: str | None = None


def begin(connection: sa.Connection, tune: Begun) -> None:
    """Write down that a copy is about to be made."""
    values = {
        "tune_id": tune.tune_id, "function": tune.function, "copy": tune.copy, "region": tune.region,
        "role_arn": tune.role_arn, "status": BEGUN, "begun_at": now(), "code_sha256": "", "shown": None,
    }  # fmt: skip
    connection.execute(TUNINGS.insert(), values)


def end(connection: sa.Connection, tune_id: str, found: Tuning | None) -> None:
    """Write down that the copy is gone, and what was found, if it is to be kept."""
    shown = None if found is None else adapter(Tuning).dump_json(found).decode()
    this = TUNINGS.update().where(TUNINGS.c.tune_id == tune_id)
    values = {"status": REMOVED, "ended_at": now()}
    if found is not None:
        values |= {"shown": shown or "", "code_sha256": found.code_sha256}
    connection.execute(this.values(values))


def left(connection: sa.Connection) -> Sequence[Begun]:
    """The tunes whose copy may still be there, the oldest first."""
    rows = connection.execute(sa.select(TUNINGS).where(TUNINGS.c.status == BEGUN).order_by(TUNINGS.c.begun_at))
    return [
        Begun(
            tune_id=row["tune_id"], function=row["function"], copy=row["copy"], region=row["region"],
            role_arn=row["role_arn"],
        )
        for row in rows.mappings()
    ]  # fmt: skip


def known(connection: sa.Connection, tune_id: str) -> bool:
    """Whether there was such a tune."""
    return connection.execute(sa.select(TUNINGS.c.tune_id).where(TUNINGS.c.tune_id == tune_id)).first() is not None


def found(connection: sa.Connection) -> Mapping[str, Tuning]:
    """The newest tune of each function (by ARN) that still holds, unless its code has changed."""
    wanted = sa.select(TUNINGS.c.shown).where(TUNINGS.c.shown.is_not(None), TUNINGS.c.ended_at >= _since())
    rows = connection.execute(wanted.order_by(TUNINGS.c.ended_at)).scalars()
    return _newest(list(rows))


def found_in(url: str) -> Mapping[str, Tuning]:
    """The same from a SQLite file, without SQLAlchemy's engine; nothing where there is none, or it is none of ours."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.is_file():
        return {}
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
        try:
            rows = connection.execute(
                "select shown from tunings where shown is not null and ended_at >= ? order by ended_at", (_since(),)
            ).fetchall()
        finally:
            connection.close()
        return _newest([row[0] for row in rows])
    except (sqlite3.Error, ValueError):
        return {}


def _newest(shown: Sequence[str]) -> Mapping[str, Tuning]:
    tunings: list[Tuning] = [adapter(Tuning).validate_json(text) for text in shown]
    return {tuning.arn: tuning for tuning in tunings}


def _since() -> str:
    return (datetime.now(UTC) - timedelta(days=HOLDS_DAYS)).isoformat(timespec="milliseconds")

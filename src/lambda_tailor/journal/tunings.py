"""Tunes in the journal: the copy that each makes, written down before it is made, and what each found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.journal import leases
from lambda_tailor.journal.found import TUNE, newest, since, vouched
from lambda_tailor.journal.signed_rows import signature
from lambda_tailor.journal.tables import TUNINGS
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.tuning import TuneOverview, Tuning

BEGUN, REMOVED = "begun", "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A tune whose copy may still be there. ``role_arn`` is the role under which its account is reached.

    ``vouched`` tells that the team's key signed it: else anybody may have written that this is a copy.
    """

    tune_id: str
    function: str
    copy: str
    region: str
    role_arn: str | None = None
    vouched: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """A tune as it is listed, and what it found, if anything."""

    overview: TuneOverview
    found: Tuning | None


def begin(connection: sa.Connection, tune: Begun, key: TeamKey | None) -> None:
    """Write down that a copy is about to be made."""
    values = {
        "tune_id": tune.tune_id, "function": tune.function, "copy": tune.copy, "region": tune.region,
        "role_arn": tune.role_arn, "status": BEGUN, "begun_at": now(), "code_sha256": "", "shown": None,
        "ended_at": None,
    }  # fmt: skip
    connection.execute(TUNINGS.insert(), {**values, "signature": signature(key, "tune", TUNE, values)})


def end(connection: sa.Connection, tune_id: str, found: Tuning | None, key: TeamKey | None) -> None:
    """Write down that the copy is gone, and what was found, if it is to be kept.

    A row that somebody changed meanwhile is not vouched for again.
    """
    this = TUNINGS.c.tune_id == tune_id
    known = connection.execute(sa.select(TUNINGS).where(this)).mappings().first()
    if known is None:
        return
    values: dict[str, str | None] = {"status": REMOVED, "ended_at": now()}
    if found is not None:
        values |= {"shown": adapter(Tuning).dump_json(found).decode(), "code_sha256": found.code_sha256}
    signed = signature(key, "tune", TUNE, {**known, **values}) if vouched(key, dict(known)) else None
    connection.execute(TUNINGS.update().where(this).values(**values, signature=signed))


def left(connection: sa.Connection, key: TeamKey | None) -> Sequence[Begun]:
    """The tunes whose copy may still be there, the oldest first. Raises ValueError where a row is damaged."""
    rows = connection.execute(sa.select(TUNINGS).where(TUNINGS.c.status == BEGUN).order_by(TUNINGS.c.begun_at))
    names = ("tune_id", "function", "copy", "region", "role_arn")
    return [
        adapter(Begun).validate_python({**{name: row[name] for name in names}, "vouched": vouched(key, row)})
        for row in map(dict, rows.mappings())
    ]


def every(connection: sa.Connection) -> Sequence[Listed]:
    """Every tune, the oldest first. Raises ValueError where what is kept is no tune."""
    rows = connection.execute(sa.select(TUNINGS).order_by(TUNINGS.c.begun_at)).mappings().all()
    return [_listed(connection, row) for row in rows]


def _listed(connection: sa.Connection, row: sa.RowMapping) -> Listed:
    shown: Tuning | None = adapter(Tuning).validate_json(row["shown"]) if row["shown"] else None
    begun = row["status"] == BEGUN
    overview: TuneOverview = adapter(TuneOverview).validate_python(
        {
            "tune_id": row["tune_id"],
            "function": row["function"].rpartition(":")[2],
            "region": row["region"],
            "status": _status(connection, row["tune_id"]) if begun else "failed" if shown is None else "succeeded",
            "started_at": row["begun_at"],
            "finished_at": row["ended_at"],
            "copy": row["copy"] if begun else None,
            "chosen_mb": None if shown is None else shown.chosen_mb,
        }
    )
    return Listed(overview, shown)


def _status(connection: sa.Connection, tune_id: str) -> Literal["running", "interrupted"]:
    """Of a tune that was begun: whether somebody works on it now."""
    return "interrupted" if leases.of_run(connection, tune_id) is None else "running"


def found(connection: sa.Connection, key: TeamKey | None) -> Mapping[str, Tuning]:
    """The newest tune of each function (by ARN) that still holds and that the key vouches for."""
    wanted = sa.select(TUNINGS).where(TUNINGS.c.shown.is_not(None), TUNINGS.c.ended_at >= since())
    rows = connection.execute(wanted.order_by(TUNINGS.c.ended_at)).mappings()
    return newest([dict(row) for row in rows], key)

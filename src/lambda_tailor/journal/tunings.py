"""Tunes in the journal: the copy that each makes, written down before it is made, and what each found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.journal.tables import TUNINGS
from lambda_tailor.journal.tuned import newest, since
from lambda_tailor.model.tuning import Tuning

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
    wanted = sa.select(TUNINGS.c.shown).where(TUNINGS.c.shown.is_not(None), TUNINGS.c.ended_at >= since())
    rows = connection.execute(wanted.order_by(TUNINGS.c.ended_at)).scalars()
    return newest(list(rows))

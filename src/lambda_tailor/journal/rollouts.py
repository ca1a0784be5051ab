"""Rollouts in the journal: what each shows, and what its next look needs. One row a function of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.errors import FunctionHeld
from lambda_tailor.journal.signatures import ROLLOUT, signature
from lambda_tailor.journal.tables import ROLLOUTS
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.rollout import Rollout, RolloutStatus, UnfinishedRollout


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """A rollout as it is shown, and its state as JSON, which only the rollout itself understands."""

    shown: Rollout
    state: str


def write(
    connection: sa.Connection, run_id: str, row: RolloutRow, before: str | None, key: TeamKey | None = None
) -> None:
    """Write a rollout down, or what became of it since; ``before`` is the state that was read, None for a new one.

    Raises FunctionHeld where another process has written since.
    """
    values: dict[str, str | None] = {
        "status": row.shown.status,
        "shown": adapter(Rollout).dump_json(row.shown).decode(),
        "state": row.state,
        "updated_at": now(),
    }
    signed = {**values, "run_id": run_id, "function": row.shown.arn}
    values["signature"] = signature(key, "rollout", ROLLOUT, signed)
    if before is None:
        connection.execute(ROLLOUTS.insert(), {"run_id": run_id, "function": row.shown.arn, **values})
        return
    this = sa.and_(ROLLOUTS.c.run_id == run_id, ROLLOUTS.c.function == row.shown.arn, ROLLOUTS.c.state == before)
    if connection.execute(ROLLOUTS.update().where(this).values(values)).rowcount == 0:
        raise FunctionHeld(
            f"Another process looks after the rollout of {row.shown.function}: see 'lambda-tailor runs {run_id}'."
        )


def read(connection: sa.Connection, run_id: str) -> Mapping[str, RolloutRow]:
    """The rollouts of a run by function ARN. Raises ValueError where one is damaged."""
    rows = connection.execute(sa.select(ROLLOUTS).where(ROLLOUTS.c.run_id == run_id)).mappings().all()
    return {row["function"]: RolloutRow(_shown(row["shown"]), row["state"]) for row in rows}


def open_in(connection: sa.Connection, run_id: str) -> bool:
    """Whether a rollout of the run waits for its next look, with or without a process."""
    this = sa.and_(ROLLOUTS.c.run_id == run_id, ROLLOUTS.c.status == RolloutStatus.RUNNING)
    return connection.execute(sa.select(ROLLOUTS.c.run_id).where(this).limit(1)).first() is not None


def unfinished(connection: sa.Connection) -> Sequence[UnfinishedRollout]:
    """Every rollout that nobody has ended, the oldest first."""
    wanted = sa.select(ROLLOUTS).where(ROLLOUTS.c.status == RolloutStatus.RUNNING)
    rows = connection.execute(wanted.order_by(ROLLOUTS.c.run_id)).mappings().all()
    return [_unfinished(row["run_id"], row["shown"]) for row in rows]


def unfinished_in(url: str) -> Sequence[UnfinishedRollout]:
    """The same from a SQLite file, without SQLAlchemy's engine; nothing where there is none, or it is none of ours."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.is_file():
        return ()
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
        try:
            rows = connection.execute(
                "select run_id, shown from rollouts where status = ? order by run_id", (RolloutStatus.RUNNING,)
            ).fetchall()
        finally:
            connection.close()
        return [_unfinished(run_id, shown) for run_id, shown in rows]
    except (sqlite3.Error, ValueError):
        return ()


def _unfinished(run_id: str, text: str) -> UnfinishedRollout:
    shown = _shown(text)
    return UnfinishedRollout(
        run_id=run_id,
        function=shown.function,
        arn=shown.arn,
        alias=shown.alias,
        share=shown.share,
        started_at=shown.started_at,
    )


def _shown(text: str) -> Rollout:
    shown: Rollout = adapter(Rollout).validate_json(text)
    return shown

"""Rollouts in the journal: what each shows, and what its next look needs. One row a function of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.journal.signatures import ROLLOUT
from lambda_tailor.journal.signed_rows import signature
from lambda_tailor.journal.tables import ROLLOUTS
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.journal.unfinished import shown_in, unfinished_of
from lambda_tailor.model.rollout import Rollout, RolloutStatus, UnfinishedRollout


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """A rollout as it is shown, and its state as JSON, which only the rollout itself understands."""

    shown: Rollout
    state: str


def write(
    connection: sa.Connection, run_id: str, row: RolloutRow, before: str | None, key: TeamKey | None = None
) -> bool:
    """Write a rollout down, or what became of it since; ``before`` is the state that was read, None for a new one.

    False where another process has written since: then it stays as it is.
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
        return True
    this = sa.and_(ROLLOUTS.c.run_id == run_id, ROLLOUTS.c.function == row.shown.arn, ROLLOUTS.c.state == before)
    return connection.execute(ROLLOUTS.update().where(this).values(values)).rowcount > 0


def read(connection: sa.Connection, run_id: str) -> Mapping[str, RolloutRow]:
    """The rollouts of a run by function ARN. Raises ValueError where one is damaged."""
    rows = connection.execute(sa.select(ROLLOUTS).where(ROLLOUTS.c.run_id == run_id)).mappings().all()
    return {row["function"]: RolloutRow(shown_in(row["shown"]), row["state"]) for row in rows}


def open_in(connection: sa.Connection, run_id: str) -> bool:
    """Whether a rollout of the run waits for its next look, with or without a process."""
    this = sa.and_(ROLLOUTS.c.run_id == run_id, ROLLOUTS.c.status == RolloutStatus.RUNNING)
    return connection.execute(sa.select(ROLLOUTS.c.run_id).where(this).limit(1)).first() is not None


def unfinished(connection: sa.Connection) -> Sequence[UnfinishedRollout]:
    """Every rollout that nobody has ended, the oldest first."""
    wanted = sa.select(ROLLOUTS).where(ROLLOUTS.c.status == RolloutStatus.RUNNING)
    rows = connection.execute(wanted.order_by(ROLLOUTS.c.run_id)).mappings().all()
    return [unfinished_of(row["run_id"], row["shown"]) for row in rows]

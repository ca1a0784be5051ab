"""How a run stands, and the word for a lease that is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from lambda_tailor.errors import FunctionHeld, JournalError, LeaseLost
from lambda_tailor.journal import leases, processes
from lambda_tailor.journal import rollouts as rollout_rows
from lambda_tailor.model.run import Status


def standing(connection: sa.Connection, row: Any) -> str:
    """Where a run stands: one that goes on by its row, and whose process died, was interrupted."""
    status = str(row["status"])
    if status != Status.RUNNING or rollout_rows.open_in(connection, row["run_id"]):
        return status
    if leases.was_left(connection, row["run_id"]):
        return Status.INTERRUPTED
    # It may have died before it held anything. What workers of a cluster hold outlives the one that sent them.
    if not leases.has_any(connection, row["run_id"]) and processes.is_over(row["worker"]):
        return Status.INTERRUPTED
    return status


def lease_lost(function: str) -> LeaseLost:
    """The error for a holder that finds its lease gone."""
    return LeaseLost(
        f"Another run took over {function.rpartition(':')[2]} while this one was asleep: this one stops here, "
        "and writes nothing more; see 'lambda-tailor runs'."
    )


def rollout_held(name: str, run_id: str) -> FunctionHeld:
    """The error for a process that finds another one's word in a rollout that it looks after."""
    return FunctionHeld(f"Another process looks after the rollout of {name}: see 'lambda-tailor runs {run_id}'.")


@contextmanager
def explained(place: str) -> Iterator[None]:
    """What the database refuses is one sentence, as JournalError."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise JournalError(f"The journal {place} cannot be used ({cause}): nothing more is written to AWS.") from error

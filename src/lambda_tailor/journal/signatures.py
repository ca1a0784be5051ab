"""What of the journal's rows the team's key vouches for, and with which keys the journal is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.journal import tallies
from lambda_tailor.journal.signed_rows import verified
from lambda_tailor.journal.tables import JOURNAL_KEYS, ROLLOUTS, STEPS
from lambda_tailor.journal.team_key import JournalKey, TeamKey

# What is signed of each row: all that decides about what a rollback writes.
RUN = ("run_id", "of_run", "plan", "started_at", "user")
STEP = ("run_id", "operation_id", "call", "was", "wrote", "state", "seen", "made")
# A run of which the steps that were sent are counted; of those of before, "run", nobody counted them.
COUNTED_RUN = "counted run"
# Of those that are signed with their number, the status is signed as well.
NUMBERED_RUN = "numbered run"
NUMBERED = (*RUN, "seq")
ROLLOUT = ("run_id", "function", "status", "shown", "state")


def standing(key: TeamKey | None, run_id: str, status: str) -> str | None:
    """The signature of how a run stands."""
    return None if key is None else key.sign("status", run_id, str(status))


def stands(key: TeamKey | None, run: Mapping[str, Any] | sa.RowMapping) -> bool:
    """Whether the key vouches for how a run stands, by its own row."""
    return key is not None and key.verifies(run["standing"], "status", str(run["run_id"]), str(run["status"]))


def unverified(
    connection: sa.Connection, key: TeamKey | None, run: Mapping[str, Any] | sa.RowMapping
) -> tuple[str, ...]:
    """What of a run nobody vouches for: the run itself, its rollouts and its steps, by id."""
    this = run["run_id"]
    if key is None:
        return (str(this),)
    numbered = verified(key, NUMBERED_RUN, NUMBERED, run)
    counted = numbered or verified(key, COUNTED_RUN, RUN, run)
    found = [] if counted or verified(key, "run", RUN, run) else [str(this)]
    if counted and not tallies.holds(connection, str(this), key):
        found.append("a step that was deleted")
    if (numbered or run["standing"] is not None) and not stands(key, run):
        found.append("how it stands")
    for row in connection.execute(sa.select(ROLLOUTS).where(ROLLOUTS.c.run_id == this)).mappings():
        if not verified(key, "rollout", ROLLOUT, row):
            found.append(str(row["function"]))
    for row in connection.execute(sa.select(STEPS).where(STEPS.c.run_id == this)).mappings():
        # Of what was never tried nothing is put back.
        told = row["call"] or row["signature"] or row["was"] != "{}" or row["wrote"] != "{}"
        if told and not verified(key, "step", STEP, row):
            found.append(str(row["operation_id"]))
    return tuple(found)


def keys(connection: sa.Connection) -> Sequence[JournalKey]:
    """The keys that the journal is written with, the newest first."""
    rows = connection.execute(sa.select(JOURNAL_KEYS).order_by(JOURNAL_KEYS.c.made_at.desc())).mappings()
    return [JournalKey(row["fingerprint"], row["wrapped"]) for row in rows]


def adopt(connection: sa.Connection, key: TeamKey) -> None:
    """Write down that the journal is written with that key from now on."""
    known = sa.select(JOURNAL_KEYS.c.fingerprint).where(JOURNAL_KEYS.c.fingerprint == key.fingerprint)
    if connection.execute(known).first() is None:
        row = {"fingerprint": key.fingerprint, "wrapped": key.wrapped, "made_at": now()}
        connection.execute(JOURNAL_KEYS.insert(), row)


def any_sealed(connection: sa.Connection) -> str | None:
    """Some value that was sealed, by which a key can be proven; None where there is none."""
    wanted = sa.select(STEPS.c.was).where(STEPS.c.was.like('%"$sealed": "%')).limit(1)
    text = connection.execute(wanted).scalar()
    return text.partition('"$sealed": "')[2].partition('"')[0] if isinstance(text, str) else None

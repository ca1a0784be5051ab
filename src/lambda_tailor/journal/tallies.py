"""How many steps of a run were sent, vouched for by the team's key: a step whose row was deleted is missed.

Changed in the transaction that writes the step. Apart from the run's own row, which has the whole plan in it.
"""

from __future__ import annotations

import sqlalchemy as sa

from lambda_tailor.journal.tables import STEPS, TALLIES
from lambda_tailor.journal.team_key import TeamKey

_THIS = TALLIES.c.run_id == sa.bindparam("run")
_LOCKED = sa.select(TALLIES.c.sent, TALLIES.c.signature).where(_THIS).with_for_update()
_CHANGED = TALLIES.update().where(_THIS).values(sent=sa.bindparam("now"), signature=sa.bindparam("signed"))


def begin(connection: sa.Connection, run_id: str, key: TeamKey | None) -> None:
    """Nothing was sent yet."""
    connection.execute(TALLIES.insert(), {"run_id": run_id, "sent": 0, "signature": _signed(key, run_id, 0)})


def add(connection: sa.Connection, run_id: str, more: int, key: TeamKey | None) -> None:
    """So many steps more were sent, or were not after all. A tally that somebody changed is not vouched for again."""
    row = connection.execute(_LOCKED, {"run": run_id}).first()
    if row is None:
        return
    ours = key is not None and key.verifies(row.signature, "tally", run_id, str(row.sent))
    now = row.sent + more
    connection.execute(_CHANGED, {"run": run_id, "now": now, "signed": _signed(key, run_id, now) if ours else None})


def holds(connection: sa.Connection, run_id: str, key: TeamKey) -> bool:
    """Whether there are as many steps that were sent as the key vouches for."""
    row = connection.execute(sa.select(TALLIES).where(TALLIES.c.run_id == run_id)).first()
    sent = sa.select(sa.func.count()).select_from(STEPS).where(STEPS.c.run_id == run_id, STEPS.c.call != "")
    return (
        row is not None
        and key.verifies(row.signature, "tally", run_id, str(row.sent))
        and connection.execute(sent).scalar_one() == row.sent
    )


def _signed(key: TeamKey | None, run_id: str, sent: int) -> str | None:
    return None if key is None else key.sign("tally", run_id, str(sent))

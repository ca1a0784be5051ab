"""The numbers of runs: each is signed with its own, and so is their count: a run that was deleted is missed.

In the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from lambda_tailor.journal.signatures import stands
from lambda_tailor.journal.tables import COUNTERS, RUNS
from lambda_tailor.journal.team_key import TeamKey

_NAME = "run"
_THIS = COUNTERS.c.name == _NAME
# No journal has more; a larger number is somebody's joke.
_MOST = 2**31 - 1


def next_number(connection: sa.Connection, key: TeamKey | None, *, trust: bool = False) -> int:
    """The number of a run that begins, above all that there are.

    A count that somebody changed is not vouched for again, unless ``trust`` takes the journal as it is.
    """
    row = connection.execute(sa.select(COUNTERS).where(_THIS).with_for_update()).mappings().first()
    value = row["value"] if row is not None else 0
    known = [number for number in (value, _highest(connection)) if _possible(number)]
    number = max(known, default=0) + 1
    ours = key is not None and (trust or _holds(connection, row, key))
    values = {"value": number, "signature": _signed(key, number) if ours else None}
    if row is None:
        connection.execute(COUNTERS.insert(), {"name": _NAME, **values})
    else:
        connection.execute(COUNTERS.update().where(_THIS).values(values))
    return number


def strange(connection: sa.Connection, key: TeamKey | None) -> Iterator[str]:
    """What is wrong with the runs as a whole, in sentences: numbers without a run, a status that somebody changed."""
    yield from missing(connection, key)
    columns = (RUNS.c.run_id, RUNS.c.status, RUNS.c.standing)
    for run in connection.execute(sa.select(*columns).where(RUNS.c.standing.is_not(None))).mappings():
        if key is not None and not stands(key, run):
            yield f"how {run['run_id']} stands cannot be verified: somebody changed it, or signed it with another key"


def after(connection: sa.Connection, key: TeamKey | None, run_id: str) -> Iterator[str]:
    """Why a run may not be the latest: what is wrong with the numbers above its own."""
    number = connection.execute(sa.select(RUNS.c.seq).where(RUNS.c.run_id == run_id)).scalar_one()
    yield from missing(connection, key, number if _possible(number) else 0)


def missing(connection: sa.Connection, key: TeamKey | None, above: int = 0) -> Iterator[str]:
    """Numbers ``above`` one that have no run, and an order or a count that somebody changed."""
    row = connection.execute(sa.select(COUNTERS).where(_THIS)).mappings().first()
    counted = row["value"] if row is not None and _possible(row["value"]) else 0
    numbers = connection.execute(sa.select(RUNS.c.seq).order_by(RUNS.c.seq)).scalars().all()
    expected = above + 1
    for number in (*sorted(n for n in numbers if _possible(n)), counted + 1):
        if number > expected:
            yield f"{_runs(expected, number - 1)} gone from the journal: what was changed there cannot be put back"
        expected = max(expected, number + 1)
    if len(set(numbers)) != len(numbers) or not all(map(_possible, numbers)):
        yield "somebody numbered the journal's runs anew: 'latest' may be another one"
    if key is not None and not _holds(connection, row, key):
        yield "somebody changed how many runs the journal counts: some may be gone"


def _holds(connection: sa.Connection, row: sa.RowMapping | None, key: TeamKey) -> bool:
    """Whether the key vouches for the count; a journal of before, which has none of today's runs, has no such count."""
    if row is not None and row["signature"] is not None:
        return key.verifies(row["signature"], "runs", str(row["value"]))
    return connection.execute(sa.select(RUNS.c.run_id).where(RUNS.c.standing.is_not(None)).limit(1)).first() is None


def _highest(connection: sa.Connection) -> Any:
    return connection.execute(sa.select(sa.func.max(RUNS.c.seq)).where(RUNS.c.seq <= _MOST)).scalar_one()


def _possible(number: object) -> bool:
    return isinstance(number, int) and 0 < number <= _MOST


def _signed(key: TeamKey | None, number: int) -> str | None:
    return None if key is None else key.sign("runs", str(number))


def _runs(first: int, last: int) -> str:
    return f"run number {first} is" if first == last else f"runs number {first} to {last} are"

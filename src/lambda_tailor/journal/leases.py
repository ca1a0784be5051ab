"""Leases: one run at a time works on a function. A lease is a fencing token, and time is the database's.

It expires, so that a run that died holds nothing for long; one that merely slept finds its lease
gone, since the check before every write looks for the lease and not at the holder's own clock.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from lambda_tailor.journal import processes
from lambda_tailor.journal.signatures import standing, stands
from lambda_tailor.journal.tables import COUNTERS, LEASES, RUNS
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.run import Status

# A lease outlives four renewals that were missed, and is over within a minute. Seconds.
LEASE_S, RENEWED_EVERY_S = 50.0, 10.0
# No database takes more parameters in one statement than any fleet has functions.
_AT_ONCE = 400
# The key of the lock that takers have in PostgreSQL; any number that nobody else uses.
_TAKING = 7_114_733_118
# SQLite's own clock is the one of the machine that the file is on; neither is the caller's ``time``.
_CLOCKS = {
    "postgresql": "extract(epoch from clock_timestamp())::float8",
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
}
_MINE = sa.and_(LEASES.c.function == sa.bindparam("this"), LEASES.c.holder == sa.bindparam("mine"))
# Asked before every write: the lease and the time with one statement.
_TOKENS = {
    name: sa.select(LEASES.c.token, LEASES.c.expires_at, sa.literal_column(clock).label("now"))
    .where(_MINE)
    .with_for_update()
    for name, clock in _CLOCKS.items()
}
_HELD_ON = LEASES.update().where(_MINE).values(expires_at=sa.bindparam("until"))
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Held:
    """A function that another run works on. Times are seconds since 1970, by the database's clock."""

    function: str
    run_id: str
    who: str
    host: str
    taken_at: float
    expires_at: float

    def __str__(self) -> str:
        since, until = map(_clock, (self.taken_at, self.expires_at))
        return (
            f"{self.run_id} of {self.who} on {self.host} holds it since {since} UTC, and until {until} if it has died: "
            f"wait for it, or see 'lambda-tailor runs {self.run_id}'"
        )


def _clock(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
    except (ValueError, TypeError, OverflowError, OSError):
        return "nobody knows when"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One process that works on a run; a run that is taken up again has another holder."""

    run_id: str
    who: str
    of_run: str | None = None
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    machine: str = field(default_factory=processes.machine)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def take(
    connection: sa.Connection,
    holder: Holder,
    functions: Sequence[str],
    key: TeamKey | None = None,
    clock: Clock | None = None,
) -> Mapping[str, Held]:
    """Lease the functions, all but those that another run holds, which are returned. In the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # Rows that are not there yet cannot be locked; SQLite has one writer at a time anyway.
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _TAKING})
    now = clock() if clock else database_time(connection)
    held: dict[str, Held] = {}
    for start in range(0, len(functions), _AT_ONCE):
        wanted = functions[start : start + _AT_ONCE]
        # Locked, so that a holder that is just sending something is through before it loses its lease.
        leased = sa.select(LEASES).where(LEASES.c.function.in_(wanted)).with_for_update()
        rows = connection.execute(leased).mappings().all()
        held |= {row["function"]: _held(row) for row in rows if not _may_take(row, holder, now)}
        free = [function for function in wanted if function not in held]
        if free:
            _were_left(connection, {row["run_id"] for row in rows if row["function"] in free} - {holder.run_id}, key)
            token = next_number(connection, "lease")
            connection.execute(LEASES.delete().where(LEASES.c.function.in_(free)))
            connection.execute(LEASES.insert(), [_row(holder, function, now, token) for function in free])
    return held


def _were_left(connection: sa.Connection, runs: Set[str], key: TeamKey | None) -> None:
    """Runs of which a function is taken over do not go on; without their leases nobody could tell later."""
    going = sa.and_(RUNS.c.run_id.in_(runs), RUNS.c.status == Status.RUNNING)
    columns = (RUNS.c.run_id, RUNS.c.status, RUNS.c.standing)
    rows = connection.execute(sa.select(*columns).where(going)).mappings().all() if runs else ()
    for row in rows:
        signed = standing(key, row["run_id"], Status.INTERRUPTED) if stands(key, row) else None
        this = RUNS.update().where(RUNS.c.run_id == row["run_id"], RUNS.c.status == Status.RUNNING)
        connection.execute(this.values(status=Status.INTERRUPTED, standing=signed))


def renew(connection: sa.Connection, holder: Holder, clock: Clock | None = None) -> int:
    """Hold on to what is held, for another while; how many functions that are."""
    now = clock() if clock else database_time(connection)
    mine = LEASES.update().where(LEASES.c.holder == holder.id)
    return connection.execute(mine.values(expires_at=now + LEASE_S)).rowcount


def token(connection: sa.Connection, holder_id: str, function: str) -> int | None:
    """The fencing token under which the function is held; None where it is so no longer.

    A lease that is over and that nobody took is held on to, in the caller's transaction.
    """
    this = {"this": function, "mine": holder_id}
    row = connection.execute(_TOKENS[connection.dialect.name], this).first()
    if row is None:
        return None
    if row.expires_at <= row.now:
        connection.execute(_HELD_ON, {**this, "until": row.now + LEASE_S})
    return int(row.token)


def of_run(connection: sa.Connection, run_id: str) -> Held | None:
    """The lease of a process that works on the run now, as far as anybody can know."""
    now = database_time(connection)
    rows = connection.execute(sa.select(LEASES).where(LEASES.c.run_id == run_id)).mappings().all()
    return next((_held(row) for row in rows if not _is_over(row, now)), None)


def has_any(connection: sa.Connection, run_id: str) -> bool:
    """Whether anybody holds anything for the run, or did when it died."""
    any_of_it = sa.select(LEASES.c.function).where(LEASES.c.run_id == run_id).limit(1)
    return connection.execute(any_of_it).first() is not None


def was_left(connection: sa.Connection, run_id: str) -> bool:
    """Whether some process worked on the run, and none does any more that anybody can know of."""
    now = database_time(connection)
    rows = connection.execute(sa.select(LEASES).where(LEASES.c.run_id == run_id)).mappings().all()
    return bool(rows) and all(_is_over(row, now) for row in rows)


def release(connection: sa.Connection, holder: Holder) -> None:
    """Let go of everything."""
    connection.execute(LEASES.delete().where(LEASES.c.holder == holder.id))


def database_time(connection: sa.Connection) -> float:
    """Seconds since 1970 by the database's clock, which is the same for all who ask."""
    found: float = connection.exec_driver_sql(f"select {_CLOCKS[connection.dialect.name]}").scalar_one()
    return found


def next_number(connection: sa.Connection, name: str) -> int:
    """The next number of a counter of the journal's own; no number comes twice. In the caller's transaction."""
    this = COUNTERS.c.name == name
    if connection.execute(COUNTERS.update().where(this).values(value=COUNTERS.c.value + 1)).rowcount == 0:
        connection.execute(COUNTERS.insert(), {"name": name, "value": 1})
    found: int = connection.execute(sa.select(COUNTERS.c.value).where(this)).scalar_one()
    return found


def _row(holder: Holder, function: str, now: float, token: int) -> Mapping[str, object]:
    return {
        "function": function, "run_id": holder.run_id, "holder": holder.id, "who": holder.who, "host": holder.host,
        "pid": holder.pid, "machine": holder.machine, "started": processes.started(holder.pid), "token": token,
        "taken_at": now, "expires_at": now + LEASE_S,
    }  # fmt: skip


def _held(row: sa.RowMapping) -> Held:
    return Held(row["function"], row["run_id"], row["who"], row["host"], row["taken_at"], row["expires_at"])


def _may_take(row: sa.RowMapping, holder: Holder, now: float) -> bool:
    return row["holder"] == holder.id or _is_over(row, now)


def _is_over(row: sa.RowMapping, now: float) -> bool:
    """Whether the lease holds no more; one whose time is no number was written by no holder."""
    until = row["expires_at"]
    return not isinstance(until, int | float) or until <= now or _is_gone(row)


def _is_gone(row: sa.RowMapping) -> bool:
    here = row["host"] == socket.gethostname()
    return here and processes.gone(row["machine"], row["pid"], row["started"])

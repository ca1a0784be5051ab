"""Leases: one run at a time works on a function. They expire, so that a run that died holds nothing for long."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from lambda_tailor.journal.tables import LEASES

# A lease outlives four renewals that were missed. Seconds.
LEASE_S, RENEWED_EVERY_S = 150.0, 30.0
# No database takes more parameters in one statement than any fleet has functions.
_AT_ONCE = 400
# The key of the lock that takers have in PostgreSQL; any number that nobody else uses.
_TAKING = 7_114_733_118


@dataclass(frozen=True, slots=True)
class Held:
    """A function that another run works on."""

    function: str
    run_id: str
    who: str
    host: str
    taken_at: float
    expires_at: float

    def __str__(self) -> str:
        since, until = (datetime.fromtimestamp(t, UTC).strftime("%H:%M:%S") for t in (self.taken_at, self.expires_at))
        return (
            f"{self.run_id} of {self.who} on {self.host} holds it since {since} UTC, and until {until} if it has died: "
            f"wait for it, or see 'lambda-tailor runs {self.run_id}'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One process that works on a run; a run that is taken up again has another holder."""

    run_id: str
    who: str
    of_run: str | None = None
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def take(
    connection: sa.Connection, holder: Holder, functions: Sequence[str], clock: Callable[[], float] = time.time
) -> Mapping[str, Held]:
    """Lease the functions, all but those that another run holds, which are returned. In the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # Rows that are not there yet cannot be locked; SQLite has one writer at a time anyway.
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _TAKING})
    now = clock()
    held: dict[str, Held] = {}
    for start in range(0, len(functions), _AT_ONCE):
        wanted = functions[start : start + _AT_ONCE]
        rows = connection.execute(sa.select(LEASES).where(LEASES.c.function.in_(wanted))).mappings().all()
        held |= {row["function"]: _held(row) for row in rows if not _may_take(row, holder, now)}
        free = [function for function in wanted if function not in held]
        if free:
            connection.execute(LEASES.delete().where(LEASES.c.function.in_(free)))
            connection.execute(LEASES.insert(), [_row(holder, function, now) for function in free])
    return held


def renew(connection: sa.Connection, holder: Holder, clock: Callable[[], float] = time.time) -> int:
    """Hold on to what is held, for another while; how many functions that are."""
    mine = LEASES.update().where(LEASES.c.holder == holder.id)
    return connection.execute(mine.values(expires_at=clock() + LEASE_S)).rowcount


def release(connection: sa.Connection, holder: Holder) -> None:
    """Let go of everything."""
    connection.execute(LEASES.delete().where(LEASES.c.holder == holder.id))


def _row(holder: Holder, function: str, now: float) -> Mapping[str, object]:
    return {
        "function": function, "run_id": holder.run_id, "holder": holder.id, "who": holder.who, "host": holder.host,
        "pid": holder.pid, "taken_at": now, "expires_at": now + LEASE_S,
    }  # fmt: skip


def _held(row: sa.RowMapping) -> Held:
    return Held(row["function"], row["run_id"], row["who"], row["host"], row["taken_at"], row["expires_at"])


def _may_take(row: sa.RowMapping, holder: Holder, now: float) -> bool:
    if row["holder"] == holder.id or row["expires_at"] <= now:
        return True
    # A process that is gone holds nothing; of another machine nobody here can know.
    return row["host"] == holder.host and row["pid"] != holder.pid and not _alive(row["pid"])


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere, asking would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

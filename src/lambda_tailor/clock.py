"""The time, as documents and the journal have it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime


def now() -> str:
    """The time in UTC, as ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def elapsed() -> float:
    """Seconds since some moment, which go on while the machine sleeps."""
    # https://man7.org/linux/man-pages/man2/clock_gettime.2.html; elsewhere the usual one has to do.
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)

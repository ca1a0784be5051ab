"""The time, as documents and the journal have it."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> str:
    """The time in UTC, as ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()

"""All runs of a journal looked back on: what each promised and brought, and since when. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lambda_tailor.model.plan import MonthlyUsd, Usd
from lambda_tailor.model.run import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run. Money is in US dollars a month.

    ``promised_usd`` is the net of what it put in place. ``realized_usd`` is what was measured of it
    and ``judged_usd`` what was promised for just the functions that could be judged; None where nobody
    measured. ``until`` is when it was put back, or None where it is in effect.
    """

    run_id: str
    started_at: str
    user: str
    status: Status
    of_run: str | None
    functions: int
    changes: int
    failed: int
    promised_usd: MonthlyUsd
    judged_usd: MonthlyUsd | None = None
    realized_usd: Usd | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Every run, oldest first, as seen ``at`` (ISO 8601, UTC)."""

    schema_version: Literal["1"] = "1"
    at: str
    runs: tuple[PastRun, ...]

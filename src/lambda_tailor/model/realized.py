"""What a run really brought: the same length of time before and after it, compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lambda_tailor.model.evidence import Measurement
from lambda_tailor.model.plan import MonthlyUsd, Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A function's load from ``start`` to ``end`` (ISO 8601, UTC) and the memory in MB that it had."""

    start: str
    end: str
    memory_mb: int
    invocations: Measurement
    errors: Measurement
    duration_avg: Measurement
    duration_p50: Measurement
    duration_p95: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class RealizedFunction:
    """One changed function before and after.

    ``per_million_usd`` are compute and requests of a million invocations, before and after;
    ``saved_usd`` is their difference over a month of the load after the run, ``promised_usd`` what the
    plan's own arithmetic gives for it. ``held`` is None where there is too little data, with the
    reason in ``because``. ``worse`` names what got worse beyond the threshold.
    ``side-by-side`` is measured by a guarded rollout, on both versions at the same time; then
    ``saved_interval_usd`` is between what bounds ``saved_usd`` lies.
    """

    account_id: str
    region: str
    function: str
    before: Window
    after: Window
    per_million_usd: tuple[Usd, Usd] | None
    saved_usd: Usd | None
    promised_usd: MonthlyUsd | None
    held: bool | None
    because: str
    worse: tuple[str, ...] = ()
    measured: Literal["before-after", "side-by-side"] = "before-after"
    saved_interval_usd: MonthlyUsd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Realized:
    """The document that ``runs RUN --realized --json`` prints; ``worse_percent`` is the threshold."""

    schema_version: Literal["1"] = "1"
    run_id: str
    window_hours: float
    worse_percent: float
    functions: tuple[RealizedFunction, ...]
    problems: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether anything got worse beyond the threshold."""
        return any(function.worse for function in self.functions)

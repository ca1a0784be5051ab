"""What a tune found of a function's memory sizes: data only, as ``--json`` prints and the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Of the warm invocations at one size, ms."""

    mean: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The true value is promised to lie in here in 95 of 100 cases."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedSize:
    """One size that was invoked. ``invocations`` are the measured ones, ``errors`` those of them that failed.

    ``init_ms`` is what its first call spent on INIT; None where it did not tell. ``usd_per_million`` has the
    compute and the requests of a million invocations.
    """

    memory_mb: int
    invocations: int
    errors: int
    duration_ms: Durations | None
    billed_ms: float | None
    init_ms: float | None
    usd_per_million: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What the model promises of the chosen size; the saving is against the present one at the measured load."""

    duration_ms: Range
    usd_per_million: Range
    monthly_saving_usd: Range | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The duration that the model expects at a size, ms."""

    memory_mb: int
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One function's tune. ``chosen_mb`` is None where no size will do; ``spent_usd`` is what all its calls cost.

    ``cost_ratio`` is the chosen size's cost of a call over the present one's. ``settled`` tells that no more calls
    are needed. ``notes`` say what the user should know.
    """

    tune_id: str
    at: str
    account_id: str
    region: str
    function: str
    arn: str
    code_sha256: str
    objective: str
    now_mb: int
    chosen_mb: int | None
    settled: bool
    sizes: tuple[TunedSize, ...]
    predicted: Predicted | None
    cost_ratio: Range | None
    duration_ratio: Range | None
    invocations: int
    warm_ups: int
    spent_usd: float
    expected_loss: float
    curve: tuple[Band, ...] = ()
    notes: tuple[str, ...] = ()
    visualizer_url: str | None = None
    architecture: str = "x86_64"

    @property
    def source(self) -> str:
        """As what it is quoted."""
        return f"tune, {self.at[:10]}, {self.invocations} invocations"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOverview:
    """A tune in the list of runs. ``copy`` is the copy that may still be there; None where it is gone.

    ``succeeded``: something was found (``chosen_mb``). ``failed``: it ended without. ``interrupted``: nobody works on
    it any more, and ``rollback TUNE-ID`` removes its copy.
    """

    tune_id: str
    function: str
    region: str
    status: Literal["running", "interrupted", "succeeded", "failed"]
    started_at: str
    finished_at: str | None
    copy: str | None
    chosen_mb: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A function that was not tuned, because …"""

    function: str
    region: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunings:
    """The document that ``tune --json`` prints."""

    schema_version: Literal[1] = 1
    tunings: tuple[Tuning, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

"""A rollout between two looks: all that the next look needs, so that any process may take it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lambda_tailor.evidence.percentiles import percentile
from lambda_tailor.model.rollout import GuardOptions, LookSide, SideTotal
from lambda_tailor.rollout.judge import Comparison

# Where a rollout is on its way. Each is written down before what it names is begun.
Phase = Literal["waiting", "publishing", "moving", "looking", "promoting", "going-back", "over"]
# A band of durations is so much wider than the one before it.
_BAND = math.log(1.02)


@dataclass(frozen=True, slots=True)
class AliasState:
    """What an alias points to: a version, and the weight (0 to 1) of another one."""

    version: str
    other: str | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """One side's counts since the rollout began, as CloudWatch has them."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0

    def __sub__(self, other: Totals) -> Totals:
        # CloudWatch corrects itself now and then: nothing is less than nothing.
        return Totals(
            max(0, self.invocations - other.invocations),
            max(0, self.errors - other.errors),
            max(0, self.throttles - other.throttles),
        )

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.invocations + other.invocations, self.errors + other.errors, self.throttles + other.throttles
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What the REPORT records of one side told since the rollout began.

    ``bands`` counts durations by their band; ``billed_ms`` is the sum over ``runs``. ``fullest`` is the
    largest share of its memory that a run used.
    """

    runs: int = 0
    billed_ms: float = 0.0
    timeouts: int = 0
    out_of_memory: int = 0
    fullest: float = 0.0
    bands: Mapping[int, int] = field(default_factory=dict)

    def plus(self, other: Seen) -> Seen:
        """Both together."""
        bands = dict(self.bands)
        for band, runs in other.bands.items():
            bands[band] = bands.get(band, 0) + runs
        return Seen(
            self.runs + other.runs,
            self.billed_ms + other.billed_ms,
            self.timeouts + other.timeouts,
            self.out_of_memory + other.out_of_memory,
            max(self.fullest, other.fullest),
            bands,
        )

    def percentile(self, percent: float) -> float | None:
        """A percentile of the durations in ms, to two per cent."""
        every = [band for band, runs in sorted(self.bands.items()) for _ in range(runs)]
        return round(middle(int(percentile(every, percent))), 2) if every else None

    def total(self, memory_mb: int) -> SideTotal:
        """As it is shown in the end."""
        histogram = tuple((round(middle(band), 2), runs) for band, runs in sorted(self.bands.items()))
        billed = round(self.billed_ms / self.runs, 2) if self.runs else None
        return SideTotal(memory_mb=memory_mb, runs=self.runs, billed_ms=billed, histogram=histogram)


def bands_of(durations_ms: Iterable[float]) -> dict[int, int]:
    """Durations counted by band."""
    found: dict[int, int] = {}
    for duration in durations_ms:
        band = math.floor(math.log(max(duration, 0.01)) / _BAND)
        found[band] = found.get(band, 0) + 1
    return found


def middle(band: int) -> float:
    """A band's middle in ms."""
    return math.exp((band + 0.5) * _BAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A rollout as it stands. Times are seconds since 1970.

    ``sure`` is the alias as it was last seen there, ``meant`` what a write under way makes of it.
    ``ours`` tells that ``new_version`` was published by this rollout and is removed when it goes back.
    ``baseline`` is what CloudWatch had counted when it began. ``known_kinds`` are the kinds of failure
    that the old version had the day before. ``proven`` tells that the judge once said "better or equal",
    which holds from then on: the steps that are left take one look each.
    """

    arn: str
    name: str
    account_id: str
    region: str
    role_arn: str | None
    architecture: Literal["x86_64", "arm64"]
    log_group: str
    log_format: str
    options: GuardOptions
    track: Literal["alias", "watch"]
    phase: Phase = "waiting"
    alias: str | None = None
    old_version: str | None = None
    new_version: str | None = None
    ours: bool = False
    code_sha256: str = ""
    sure: AliasState | None = None
    meant: AliasState | None = None
    provisioned: int | None = None
    old_memory_mb: int = 0
    new_memory_mb: int = 0
    per_hour: float = 0.0
    step: int = 0
    begun: float = 0.0
    step_begun: float = 0.0
    looked: float = 0.0
    proven: bool = False
    known_kinds: tuple[str, ...] = ()
    old_alarms: tuple[str, ...] = ()
    baseline: tuple[Totals, Totals] = (Totals(), Totals())
    totals: tuple[Totals, Totals] = (Totals(), Totals())
    seen: tuple[Seen, Seen] = (Seen(), Seen())
    comparison: Comparison = field(default_factory=Comparison)

    @property
    def share(self) -> int:
        """The new side's share of the traffic at this step, in per cent."""
        return self.options.steps[self.step] if self.phase not in ("waiting", "publishing") else 0

    @property
    def partial_steps(self) -> int:
        """How many steps there are before all of the traffic."""
        return len(self.options.steps) - 1

    @property
    def step_s(self) -> float:
        """How long a step takes where the judge is not sure any sooner, in seconds."""
        return 60 * self.options.minutes / max(1, self.partial_steps)

    def sides(self) -> tuple[LookSide, LookSide]:
        """Both sides as a look shows them."""
        return side_of(self.totals[0], self.seen[0]), side_of(self.totals[1], self.seen[1])

    def moved(self, phase: Phase, **changes: object) -> State:
        """The same in another phase."""
        return replace(self, phase=phase, **changes)  # type: ignore[arg-type]  # fields by their names


def side_of(totals: Totals, seen: Seen) -> LookSide:
    """One side as a look shows it."""
    return LookSide(
        invocations=totals.invocations,
        errors=totals.errors,
        p50_ms=seen.percentile(50),
        p95_ms=seen.percentile(95),
    )


def look_every_s(minutes: float) -> float:
    """How often one looks, in seconds: CloudWatch has a value a minute, and sixty looks are enough of any time."""
    whole = 60 * minutes
    return max(whole / 60, min(60.0, max(1.0, whole / 30)))

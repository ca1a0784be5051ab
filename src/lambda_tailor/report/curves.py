"""What a million invocations cost at each memory size: measured where a function ran, a band in between and beyond."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.evidence import AT_SIZE, Quote
from lambda_tailor.model.plan import Change, MonthlyUsd, PlannedFunction
from lambda_tailor.model.usage import Load, Profile, Scenario, compute_usage
from lambda_tailor.money.bill import bill
from lambda_tailor.money.prices import Prices, Unpriced, prices_for

MILLION = Decimal(1_000_000)
_SCENARIOS: tuple[Scenario, Scenario] = ("cpu-bound", "io-bound")
# Quotes that tell what a run takes at the size that the function has, the one that is billed first.
_AT_NOW = ("billed_avg", "duration_avg", "duration_p50")


@dataclass(frozen=True, slots=True)
class Point:
    """What a run took at a size, in ms as billed, over so many runs; and what a million of them cost in US dollars."""

    memory_mb: int
    billed_ms: float
    samples: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Curve:
    """A function's measured points by size, and what the cost is at any size between its two bounds."""

    function: PlannedFunction
    change: Change
    points: tuple[Point, ...]
    prices: Prices

    @property
    def now_mb(self) -> int:
        """The size that the function has."""
        assert isinstance(self.change.before, int)
        return self.change.before

    @property
    def proposed_mb(self) -> int:
        """The size that is proposed."""
        assert isinstance(self.change.after, int)
        return self.change.after

    @property
    def shown(self) -> tuple[float, float]:
        """From where to where it is drawn, MB."""
        sizes = [point.memory_mb for point in self.points]
        return min(self.proposed_mb / 2, 0.8 * min(sizes)), 1.2 * max(self.now_mb, self.proposed_mb, *sizes)

    @property
    def known(self) -> tuple[float, float]:
        """There is a bound for every size, MB."""
        return 0.0, math.inf

    def at(self, memory_mb: int) -> MonthlyUsd:
        """US dollars for a million invocations at a size.

        From each measured neighbour on: bound by CPU at one end and not at the other. Where both
        neighbours speak, what both allow; where they contradict each other, what lies between them.
        """
        measured = next((p for p in self.points if p.memory_mb == memory_mb), None)
        if measured is not None:
            return MonthlyUsd(measured.usd, measured.usd)
        below = [self._from(p, memory_mb) for p in self.points if p.memory_mb < memory_mb][-1:]
        above = [self._from(p, memory_mb) for p in self.points if p.memory_mb > memory_mb][:1]
        bands = [*below, *above]
        low, high = max(band.low for band in bands), min(band.high for band in bands)
        return MonthlyUsd.between(low, high)

    def _from(self, point: Point, memory_mb: int) -> MonthlyUsd:
        load = Load(MILLION, Decimal(str(point.billed_ms)), point.memory_mb, assumed=False)
        profile = _profile(self.function, memory_mb)
        cpu, io = (bill(compute_usage(profile, load, s), self.prices, free_tier=False) for s in _SCENARIOS)
        return MonthlyUsd.between(cpu, io)


def curve_of(function: PlannedFunction) -> Curve | None:
    """The curve for a function's change of memory, or None without one, without a measured duration or a price."""
    change = next((c for c in function.changes if c.setting == "memory_mb" and c.kind == "change"), None)
    prices = prices_for(function.region)
    if change is None or isinstance(prices, Unpriced):
        return None
    points = _points(function, change, prices)
    sizes = (change.before, change.after)
    if not points or not all(isinstance(size, int) for size in sizes):
        return None
    return Curve(function, change, points, prices)


def _points(function: PlannedFunction, change: Change, prices: Prices) -> tuple[Point, ...]:
    sized = [(int(q.name.removeprefix(AT_SIZE)), q) for q in change.evidence if q.name.startswith(AT_SIZE)]
    if not sized and isinstance(change.before, int):
        sized = [(change.before, quote) for quote in _now(change.evidence)]
    points = []
    for size, quote in sorted(sized, key=lambda item: item[0]):
        load = Load(MILLION, Decimal(str(quote.value)), size, assumed=False)
        usd = bill(compute_usage(_profile(function, size), load, "io-bound"), prices, free_tier=False)
        points.append(Point(size, quote.value, quote.samples, usd))
    return tuple(points)


def _now(quotes: Sequence[Quote]) -> list[Quote]:
    named = {quote.name: quote for quote in quotes}
    return [named[name] for name in _AT_NOW if name in named and named[name].value > 0][:1]


def _profile(function: PlannedFunction, memory_mb: int) -> Profile:
    return Profile(memory_mb, "arm64" if function.architecture == "arm64" else "x86_64", 512)

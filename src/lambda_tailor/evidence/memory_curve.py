"""How the duration of a run depends on memory: rungs, curves of two sizes and more, and ranges that hold. Pure.

CPU is a share of one vCPU up to 1769 MB and more vCPUs above it, so that a run takes about
``a + b / min(memory, 1769)``: ``a`` is waiting, ``b`` computing. One size cannot tell the two apart; two can.

The constants of the ranges were found on 67 measured curves of 37 functions: ``python -m bench.memory_range``
tells for any file of curves how many steps end inside the range that is promised for them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_VCPU_MB = 1769
LEAST_MB = 128
# Sizes are multiples of this, apart from the one that is exactly one vCPU.
GRAIN_MB = 64
# Real functions were up to so much slower than in proportion to CPU: the runtime and the collector want theirs.
BEYOND_PROPORTIONAL = 1.13
# The slow end of a step. Small steps may cross a stair of the CPU quota or meet a memory limit; large ones
# meet both more often.
_LEAST_SLOW_END = 1.65
_SLOW_END_FACTOR = 1.105
_SLOW_END_POWER = 1.1
# Sizes nearer to each other than this tell nothing about a curve.
_APART = 1.15


@dataclass(frozen=True, slots=True)
class Factor:
    """A range of factors, by which a duration or a cost changes; 1 is no change."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ValueError(f"a range from {self.low} to {self.high} is none of factors")

    def times(self, by: float) -> Factor:
        """The same range, so many times as much."""
        return Factor(self.low * by, self.high * by)


# How far a curve through measured sizes is off: between them, and one halving below the smallest.
BETWEEN = Factor(0.89, 1.12)
BELOW = Factor(0.82, 1.64)


def next_rung(now_mb: int, floor_mb: int) -> int:
    """The smallest size in MB that one step down may go to while the need of CPU is unknown.

    From above one vCPU that is one vCPU, which a single thread does not feel; from there at most half.
    Never under ``floor_mb`` or 128 MB, and ``now_mb`` itself where there is nothing below it.
    """
    half = math.ceil(now_mb / 2 / GRAIN_MB) * GRAIN_MB
    rung = ONE_VCPU_MB if now_mb > ONE_VCPU_MB else half
    return min(max(rung, floor_mb, LEAST_MB), now_mb)


def ladder(now_mb: int, floor_mb: int) -> tuple[int, ...]:
    """Every rung below ``now_mb`` down to ``floor_mb``, the next one first; only that is taken unmeasured."""
    rungs: list[int] = []
    while (rung := next_rung(now_mb, floor_mb)) < now_mb:
        rungs.append(rung)
        now_mb = rung
    return tuple(rungs)


def is_one_step(from_mb: int, to_mb: int) -> bool:
    """Whether a step of unknown need of CPU may go from the one size down to the other."""
    if to_mb >= from_mb:
        return False
    return to_mb >= ONE_VCPU_MB if from_mb > ONE_VCPU_MB else 2 * to_mb >= from_mb


def share_of_cpu(from_mb: int, to_mb: int) -> float:
    """How many times less of one vCPU there is at the second size; below 1 where there is more."""
    return min(from_mb, ONE_VCPU_MB) / min(to_mb, ONE_VCPU_MB)


def worst_slowdown(from_mb: int, to_mb: int) -> float:
    """How many times longer a run takes at most that does nothing but compute; 1 where nothing is taken away.

    Above one vCPU that is the run of many threads, in proportion to memory.
    """
    lost = max(share_of_cpu(from_mb, to_mb), 1.0)
    if min(from_mb, to_mb) >= ONE_VCPU_MB:
        lost = max(from_mb / to_mb, 1.0)
    return lost * BEYOND_PROPORTIONAL if lost > 1 else 1.0


def slowdown(from_mb: int, to_mb: int) -> Factor:
    """The range of the change of duration from one size to a smaller one, of a function of unknown need of CPU.

    At the low end the run waits and takes as long as before. The high end is calibrated: over 97 % of the
    steps of measured functions stay within it. Above one vCPU it is the run of many threads, so that such a step
    costs 13 % more at the worst. To the same size or a larger one, a run that computes gets faster, at most in
    proportion.
    """
    if to_mb >= from_mb:
        gained = from_mb / to_mb if from_mb >= ONE_VCPU_MB else share_of_cpu(from_mb, to_mb)
        return Factor(min(gained, 1.0), 1.0)
    if to_mb >= ONE_VCPU_MB:
        return Factor(1.0, worst_slowdown(from_mb, to_mb))
    # What lies under one vCPU takes CPU from all; a small step cannot meet much.
    lost = share_of_cpu(from_mb, to_mb)
    least = min(_LEAST_SLOW_END, BEYOND_PROPORTIONAL * lost**2)
    return Factor(1.0, max(least, _SLOW_END_FACTOR * lost**_SLOW_END_POWER))


def cost_of_step(from_mb: int, to_mb: int) -> Factor:
    """The range of the change of what a run's compute costs: memory times duration, without the request."""
    return slowdown(from_mb, to_mb).times(to_mb / from_mb)


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one size: the mean duration of ``runs`` runs in ms, without INIT."""

    memory_mb: int
    duration_ms: float
    runs: int = 1


@dataclass(frozen=True, slots=True)
class NoCurve:
    """The sizes tell no curve, because …"""

    because: str


@dataclass(frozen=True, slots=True)
class Curve:
    """``waiting_ms + computing / min(memory, 1769)``, where it was measured from ``least_mb`` to ``most_mb``."""

    waiting_ms: float
    computing: float
    least_mb: int
    most_mb: int

    def duration_ms(self, memory_mb: int) -> float:
        """The expected duration in ms at a size."""
        return self.waiting_ms + self.computing / min(memory_mb, ONE_VCPU_MB)

    def range_ms(self, memory_mb: int) -> Factor | NoCurve:
        """The range of the duration in ms at a size.

        NoCurve under half of the smallest size that was measured and above the largest: nobody has seen
        anything near it.
        """
        expected = self.duration_ms(memory_mb)
        if memory_mb > self.most_mb or 2 * memory_mb < self.least_mb:
            return NoCurve(f"{memory_mb} MB is beyond what was measured, {self.least_mb} to {self.most_mb} MB")
        return (BETWEEN if memory_mb >= self.least_mb else BELOW).times(expected)


def fit(sizes: Iterable[Size]) -> Curve | NoCurve:
    """The curve through the sizes, by least squares of relative errors weighted by runs; neither part is negative.

    Sizes have to differ by 15 % or more in their share of a vCPU. Raises ValueError for a duration or a
    number of runs that is not positive.
    """
    measured = sorted(sizes, key=lambda size: size.memory_mb)
    if any(size.duration_ms <= 0 or size.runs <= 0 for size in measured):
        raise ValueError("a duration and its number of runs are positive")
    if not measured or share_of_cpu(measured[-1].memory_mb, measured[0].memory_mb) < _APART:
        return NoCurve("two sizes with a different share of a vCPU make a curve, one does not")
    waiting, computing = _least_squares(measured)
    return Curve(waiting, computing, measured[0].memory_mb, measured[-1].memory_mb)


def _least_squares(measured: Iterable[Size]) -> tuple[float, float]:
    """Both parts, such that ``(waiting + computing * x) / duration`` is as near to 1 as can be."""
    uu = uv = vv = u1 = v1 = 0.0
    for size in measured:
        u = 1 / size.duration_ms
        v = u / min(size.memory_mb, ONE_VCPU_MB)
        uu, uv, vv = uu + size.runs * u * u, uv + size.runs * u * v, vv + size.runs * v * v
        u1, v1 = u1 + size.runs * u, v1 + size.runs * v
    determinant = uu * vv - uv * uv
    waiting = (u1 * vv - v1 * uv) / determinant
    computing = (v1 * uu - u1 * uv) / determinant
    if computing < 0:
        return u1 / uu, 0.0
    if waiting < 0:
        return 0.0, v1 / vv
    return waiting, computing

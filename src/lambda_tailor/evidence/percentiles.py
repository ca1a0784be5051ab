"""Percentiles and means of what was measured, and whether that is enough data to say so. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Enough:
    """There are samples enough to judge by."""

    samples: int


@dataclass(frozen=True, slots=True)
class TooFew:
    """There are not, because …"""

    because: str


def enough(samples: int, minimum: int, of: str = "samples", where: str = "in the window") -> Enough | TooFew:
    """Whether so many samples are a basis for a proposal; ``of`` and ``where`` name them in the reason."""
    if samples >= minimum:
        return Enough(samples)
    had = f"only {samples}" if samples else "no"
    of = of.replace("invocations", "invocation").replace("records", "record") if samples == 1 else of
    return TooFew(f"{had} {of} {where}, {minimum} are needed")


def samples_for(percent: float) -> int:
    """How many samples a percentile needs before it can differ from the maximum: 100 for p99, 20 for p95.

    Raises ValueError where ``percent`` is not from 0 to below 100.
    """
    if not 0 <= percent < 100:
        raise ValueError(f"p{percent:g} is not below the maximum")
    # In thousandths of a percent, since 100 - 99.9 is not exact in binary.
    return math.ceil(100_000 / (100_000 - round(percent * 1000)))


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``percent`` per cent do not exceed.

    It is always a value that was measured, never one between two. Raises ValueError without values,
    or where ``percent`` is not from 0 to 100.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of nothing")
    if not 0 <= percent <= 100:
        raise ValueError(f"p{percent:g} is no percentile")
    # Multiplied first: 0.07 * 100 is, by a binary hair, more than 7.
    return ordered[max(1, math.ceil(percent * len(ordered) / 100)) - 1]


def weighted_mean(pairs: Iterable[tuple[float, float]]) -> float | None:
    """The mean of (value, weight) pairs; None where the weights add up to nothing.

    Raises ValueError for a negative weight.
    """
    kept: Sequence[tuple[float, float]] = list(pairs)
    if any(weight < 0 for _, weight in kept):
        raise ValueError("a weight is never negative")
    weight = math.fsum(weight for _, weight in kept)
    return math.fsum(value * share for value, share in kept) / weight if weight else None

"""What both versions did between two looks, as the few sums that the judge needs. Pure.

A batch is what both sides did in the same span of time. Batches are compared side by side and only
then put together, so that a share that changes with the hour of the day is no difference between versions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

# A duration of 0 ms has no logarithm; REPORT records have two decimals.
_LEAST_MS = 0.01


@dataclass(frozen=True, slots=True)
class Logs:
    """Natural logarithms of durations in ms: how many, their mean, and the sum of squares about it."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, durations_ms: Iterable[float]) -> Logs:
        """The sums of these durations."""
        logs = [math.log(max(duration, _LEAST_MS)) for duration in durations_ms]
        if not logs:
            return cls()
        mean = math.fsum(logs) / len(logs)
        return cls(len(logs), mean, math.fsum((each - mean) ** 2 for each in logs))

    def __add__(self, other: Logs) -> Logs:
        count = self.count + other.count
        if not count:
            return self
        apart = other.mean - self.mean
        return Logs(
            count,
            self.mean + apart * other.count / count,
            self.squares + other.squares + apart * apart * self.count * other.count / count,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one version did. ``errors`` has the timeouts and out-of-memory kills too.

    ``warm`` are the durations of invocations that did not start cold; ``init`` are the INIT phases of
    those that did. Errors may be more than the invocations only where the numbers were read at different
    times: they are then taken as all of them.
    """

    invocations: int = 0
    errors: int = 0
    timeouts: int = 0
    out_of_memory: int = 0
    throttles: int = 0
    warm: Logs = field(default_factory=Logs)
    init: Logs = field(default_factory=Logs)

    def __add__(self, other: Side) -> Side:
        return Side(
            invocations=self.invocations + other.invocations,
            errors=self.errors + other.errors,
            timeouts=self.timeouts + other.timeouts,
            out_of_memory=self.out_of_memory + other.out_of_memory,
            throttles=self.throttles + other.throttles,
            warm=self.warm + other.warm,
            init=self.init + other.init,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What the old and the new version did in the same time."""

    old: Side = field(default_factory=Side)
    new: Side = field(default_factory=Side)

    @property
    def swapped(self) -> Batch:
        """The same with the sides changed over."""
        return Batch(self.new, self.old)

"""How much slower the new version is: the ratio of typical durations with its confidence sequence. Pure.

The ratio is that of geometric means: the mean difference of logarithms, taken within each batch and
weighted by how much the batch tells. Durations are skewed, and storage-bound ones have a coefficient
of variation over 100 %: on the logarithm a few very long runs do not decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lambda_tailor.rollout.batches import Logs
from lambda_tailor.rollout.boundaries import Level, critical

# Nobody measures a duration to better than a thousandth.
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, slots=True)
class LogRatio:
    """Sums over batches: of weights, weighted differences, and what their variance is made of."""

    weight: float = 0.0
    difference: float = 0.0
    # For each side: the sum of weight^2 / count, the squares about the batches' means, and their freedom.
    old: tuple[float, float, int] = (0.0, 0.0, 0)
    new: tuple[float, float, int] = (0.0, 0.0, 0)

    def plus(self, old: Logs, new: Logs) -> LogRatio:
        """With another batch; one that only one side took part in tells of the spread alone."""
        weight = old.count * new.count / (old.count + new.count) if old.count and new.count else 0.0
        return LogRatio(
            self.weight + weight,
            self.difference + weight * (new.mean - old.mean),
            _with(self.old, weight, old),
            _with(self.new, weight, new),
        )

    @property
    def estimate(self) -> float:
        """The logarithm of the ratio of new to old; 0 where nothing is known."""
        return self.difference / self.weight if self.weight else 0.0

    def standardised(self, bound: float) -> float:
        """How many standard errors the estimate lies over a bound, both as logarithms, as a normal deviate.

        0 where too little is known for a standard error.
        """
        error, freedom = self._error()
        if not error:
            return 0.0
        t = (self.estimate - bound) / error
        # The signed root of Student's likelihood ratio: a normal deviate for small counts too.
        return math.copysign(math.sqrt(freedom * math.log1p(t * t / freedom)), t)

    def bounds(self, fraction: float, below: Level, above: Level, *, last: bool = False) -> tuple[float, float]:
        """The confidence sequence of the logarithm of the ratio, each end at its own level."""
        error, freedom = self._error()
        if not error:
            return -math.inf, math.inf

        def reach(level: Level) -> float:
            # Beyond that the exponent overflows, and nothing is known anyway.
            grown = critical(fraction, level, last=last) ** 2 / freedom
            return error * math.sqrt(freedom * math.expm1(grown)) if grown < 700 else math.inf

        return self.estimate - reach(below), self.estimate + reach(above)

    def _error(self) -> tuple[float, int]:
        """The standard error and its degrees of freedom; 0 where there are none."""
        if not self.weight or self.old[2] < 1 or self.new[2] < 1:
            return 0.0, 0
        parts = (self.old[0] * _spread(self.old), self.new[0] * _spread(self.new))
        variance = math.fsum(parts)
        # Welch and Satterthwaite.
        freedom = variance**2 / (parts[0] ** 2 / self.old[2] + parts[1] ** 2 / self.new[2])
        return math.sqrt(variance) / self.weight, max(1, int(freedom))


def _spread(side: tuple[float, float, int]) -> float:
    return max(side[1] / side[2], _LEAST_VARIANCE)


def _with(side: tuple[float, float, int], weight: float, logs: Logs) -> tuple[float, float, int]:
    if not logs.count:
        return side
    return side[0] + weight * weight / logs.count, side[1] + logs.squares, side[2] + logs.count - 1

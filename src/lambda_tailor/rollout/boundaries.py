"""How far a standardised difference has to be from its bound before it counts, at any number of looks. Pure.

Two boundaries stand side by side, each with its own part of the error probability:

- *at any time*: the one-sided normal mixture of Robbins. It holds for ever, however often one looks,
  and lets a large difference be seen early.
- *by the end*: a constant boundary of the sum, whose crossing before the horizon has twice the
  probability of being beyond it at the horizon (the reflection principle; O'Brien and Fleming's shape).
  It also holds for every look up to the horizon, and at the horizon it asks for hardly more than a
  single test would. Once the horizon is reached there are no more looks. Where the time is over before,
  the last look may spend what the looks before it have not.

https://arxiv.org/abs/1810.08240 (mixtures), https://doi.org/10.2307/2530245 (the constant boundary)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
# The mixture is at its narrowest where so large a part of the horizon's information is in.
_NARROWEST_AT = 0.3
_MIXTURE = 10.0 / _NARROWEST_AT


@dataclass(frozen=True, slots=True)
class Level:
    """The probability of ever crossing by chance: of the boundary for any time, and of the one by the end."""

    at_any_time: float
    by_the_end: float = 0.0

    @property
    def total(self) -> float:
        """Of both together."""
        return self.at_any_time + self.by_the_end


@lru_cache(maxsize=65536)
def critical(fraction: float, level: Level, *, last: bool = False) -> float:
    """The standardised difference that is enough where ``fraction`` of the horizon's information is in.

    ``last`` tells that the time is over, whatever was seen: there is no look after this one.
    """
    if fraction <= 0:
        return math.inf
    any_time = _mixture_critical(fraction * _MIXTURE, math.log(1 / level.at_any_time))
    if not level.by_the_end:
        return any_time
    end = _NORMAL.inv_cdf(1 - level.by_the_end / 2) / math.sqrt(min(fraction, 1.0))
    left = level.by_the_end - 2 * (1 - _NORMAL.cdf(end))
    if last and left > 0:
        end = min(end, _NORMAL.inv_cdf(1 - left))
    return min(any_time, end)


def log_mixture(z: float, information: float) -> float:
    """The logarithm of the one-sided mixture's evidence against "no difference"; at 0 information it is 0."""
    kept = information / (1 + information)
    tail = _NORMAL.cdf(z * math.sqrt(kept))
    if tail <= 0:
        return -math.inf
    return math.log(2) - math.log1p(information) / 2 + z * z * kept / 2 + math.log(tail)


def _mixture_critical(information: float, wanted: float) -> float:
    low, high = 0.0, math.sqrt(2 * (wanted + 1 + math.log1p(information)) * (1 + 1 / information))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if log_mixture(middle, information) >= wanted else (middle, high)
    return high

"""Whether something is counted more often on the new version: two counts, and what both could have been. Pure.

Two questions are asked of two counts:

- *is there an increase at all?* AWS's split is random, so that without a difference each of the X
  events of a batch falls to the new version with the probability of the new version's measured share
  of the invocations. A mixture of likelihood ratios over increases by given factors has an expectation
  of at most 1 then, at whatever number of looks (https://arxiv.org/abs/2205.14762).
- *is the increase more than is allowed?* By the likelihood ratio of both rates free against both rates
  apart by exactly what is allowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lambda_tailor.rollout.boundaries import Level, critical

# The increases that are thought of: twice, four times and ten times as often.
_FACTORS = (2.0, 4.0, 10.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over batches of one kind of event among the invocations of both sides.

    ``evidence`` has the logarithm of the likelihood ratio for each of the factors.
    """

    weight: float = 0.0
    old: tuple[float, float] = (0.0, 0.0)
    new: tuple[float, float] = (0.0, 0.0)
    events: int = 0
    new_events: int = 0
    expected: float = 0.0
    evidence: tuple[float, ...] = (0.0,) * len(_FACTORS)

    def plus(self, old: tuple[int, int], new: tuple[int, int]) -> Counts:
        """With another batch: events and invocations of both sides. One of a single side tells nothing."""
        (old_events, old_runs), (new_events, new_runs) = _capped(old), _capped(new)
        if not old_runs or not new_runs:
            return self
        runs, events = old_runs + new_runs, old_events + new_events
        share, weight = new_runs / runs, old_runs * new_runs / runs
        return Counts(
            self.weight + weight,
            _summed(self.old, weight, old_events, old_runs),
            _summed(self.new, weight, new_events, new_runs),
            self.events + events,
            self.new_events + new_events,
            self.expected + share * events,
            tuple(
                log + new_events * math.log(factor) - events * math.log1p(share * (factor - 1))
                for log, factor in zip(self.evidence, _FACTORS, strict=True)
            )
            if events
            else self.evidence,
        )

    def rates(self) -> tuple[float, float]:
        """Events an invocation, of old and new, both weighted alike; zeros where nothing is known."""
        if not self.weight:
            return 0.0, 0.0
        return self.old[0] / self.weight, self.new[0] / self.weight

    def increased(self, fraction: float, level: Level, *, last: bool = False) -> bool:
        """Whether it is more often at all."""
        if not self.events or self.new_events <= self.expected:
            return False
        most = max(self.evidence)
        mixed = most + math.log(math.fsum(math.exp(each - most) for each in self.evidence) / len(self.evidence))
        if mixed >= math.log(1 / level.at_any_time):
            return True
        if not level.by_the_end:
            return False
        by_the_end = Level(level.by_the_end / 1e6, level.by_the_end)
        return self._deviate_of_split() >= critical(fraction, by_the_end, last=last)

    def _deviate_of_split(self) -> float:
        """The events that fell to the new side as a normal deviate, half an event less for their being whole."""
        share, seen = self.expected / self.events, max(self.new_events - 0.5, self.expected)
        ratio = 2 * self.events * _divergence(seen / self.events, share)
        return math.sqrt(max(0.0, ratio))

    def beyond(self, allowed: float) -> float:
        """By how much the increase is over the allowed one (a difference of rates), as a normal deviate."""
        if not self.weight:
            return 0.0
        (old_runs, new_runs), (old, new) = self._runs(), self.rates()
        apart_old, apart_new = _apart_by(allowed, old, old_runs, new, new_runs)
        ratio = 2 * (old_runs * _divergence(old, apart_old) + new_runs * _divergence(new, apart_new))
        return math.copysign(math.sqrt(max(0.0, ratio)), new - old - allowed)

    def _runs(self) -> tuple[float, float]:
        """As many invocations as the weighted rates are worth; the plain numbers where the share was constant."""
        return self.weight**2 / self.old[1], self.weight**2 / self.new[1]


def _capped(counted: tuple[int, int]) -> tuple[int, int]:
    return min(counted), counted[1]


def _summed(side: tuple[float, float], weight: float, events: int, runs: int) -> tuple[float, float]:
    return side[0] + weight * events / runs, side[1] + weight * weight / runs


def _divergence(seen: float, thought: float) -> float:
    """Kullback and Leibler's, of one event or none, in nats."""
    total = 0.0
    for p, q in ((seen, thought), (1 - seen, 1 - thought)):
        if p > 0:
            total += p * math.log(p / q) if q > 0 else math.inf
    return total


def _apart_by(allowed: float, old: float, old_runs: float, new: float, new_runs: float) -> tuple[float, float]:
    """The likeliest two rates, of old and new, that are apart by exactly that.

    The root of the likelihood equation, a cubic (https://doi.org/10.1002/sim.4780091208).
    """
    ratio = old_runs / new_runs
    a = 1 + ratio
    b = -(1 + ratio + new + ratio * old + allowed * (ratio + 2))
    c = allowed**2 + allowed * (2 * new + ratio + 1) + new + ratio * old
    d = -new * allowed * (1 + allowed)
    v = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(max(0.0, b * b / (9 * a * a) - c / (3 * a))), v)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, v / u**3)))) / 3 if u else 0.0
    least = max(0.0, allowed)
    with_new = min(1.0 + min(0.0, allowed), max(least, 2 * u * math.cos(angle) - b / (3 * a)))
    return with_new - allowed, with_new

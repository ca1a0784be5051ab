"""What a rollout will take, said before it starts: invocations a side, and hours at the function's load. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

_NORMAL = NormalDist()
# The textbook's: two-sided 5 %, seen in four of five.
_DEVIATES = (_NORMAL.inv_cdf(0.975) + _NORMAL.inv_cdf(0.8)) ** 2
# The error rate of a function that has shown none.
_LEAST_RATE = 0.001


def invocations_a_side(rate: float, becomes: float) -> int:
    """How many invocations of each version show that an error rate became another, in four of five times.

    Raises ValueError where the rates are no probabilities or the same.
    """
    if not (0 <= rate <= 1 and 0 <= becomes <= 1) or rate == becomes:
        raise ValueError(f"{rate} and {becomes} are not two rates")
    spread = rate * (1 - rate) + becomes * (1 - becomes)
    return math.ceil(_DEVIATES * spread / (becomes - rate) ** 2)


def evenness(steps: Sequence[int]) -> float:
    """Invocations a side that each invocation is worth, on average over the steps (shares in per cent).

    At an even split two invocations make one a side; at 5 % it takes more than ten.
    """
    shares = [step / 100 for step in steps if 0 < step < 100]
    return sum(2 * share * (1 - share) for share in shares) / len(shares) if shares else 0.5


def horizon(per_hour: float, minutes: float, steps: Sequence[int]) -> float:
    """Invocations a side that a rollout of so many minutes gets to see; never under 50."""
    return max(50.0, per_hour * minutes / 60 * evenness(steps))


def sentence(error_rate: float, allowed: float, per_hour: float, steps: Sequence[int]) -> str:
    """What it takes to see the allowed increase of errors, as people read it."""
    rate = max(error_rate, _LEAST_RATE)
    becomes = min(1.0, rate + max(allowed, _LEAST_RATE))
    needed = invocations_a_side(rate, becomes) if becomes > rate else 1
    said = (
        f"about {_two_digits(needed):,} invocations a side to see {100 * rate:g} % of errors become {100 * becomes:g} %"
    )
    if per_hour <= 0:
        return f"{said}; this function has no load to tell how long that is"
    return f"{said}; at this function's load {duration(3600 * needed / (per_hour * evenness(steps)))}"


def duration(seconds: float) -> str:
    """A length of time in its two largest units: ``3 h 10 min``."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def _two_digits(number: int) -> int:
    scale: int = 10 ** max(0, len(str(number)) - 2)
    return int(round(number / scale) * scale)

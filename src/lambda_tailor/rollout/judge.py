"""Better or equal, worse, or inconclusive: the new version against the old one, at any number of looks. Pure.

What holds, with ``LEVELS`` as they are, whatever the traffic and however often one looks:

- versions that are equal, or within what is allowed of the duration, are called worse in at most 5 % of
  rollouts, all comparisons together;
- a version slower than allowed is called better or equal in at most 5 %;
- a version with exactly the allowed increase of errors may be called either in up to 14 %; with less
  than that it is called worse, and with more better or equal, ever more rarely. A stricter level cannot
  see 1 % of errors become 5 % in 600 invocations a side: a single test at 5 % already sees it in 94 % only.

"Worse" needs both of errors: that there is an increase at all, for which the level is strict, and that
it is more than allowed. "Better or equal" needs the duration and the errors to be shown within what is
allowed, and nothing else to be worse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lambda_tailor.rollout.batches import Batch
from lambda_tailor.rollout.boundaries import Level, critical
from lambda_tailor.rollout.counts import Counts
from lambda_tailor.rollout.durations import LogRatio

# Invocations a side that a rollout is laid out for where nothing better is known.
USUAL_HORIZON: Final = 2000


class Answer(StrEnum):
    """What the judge says."""

    BETTER_OR_EQUAL = "better or equal"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed: ``slowdown`` 0.25 is a quarter longer; ``errors`` 0.01 is one more in a hundred.

    Raises ValueError where one is negative or the errors are 1 or more.
    """

    slowdown: float = 0.25
    errors: float = 0.01

    def __post_init__(self) -> None:
        if not (0 <= self.slowdown < math.inf and 0 <= self.errors < 1):
            raise ValueError(f"a slowdown of {self.slowdown} and {self.errors} more errors cannot be allowed")


@dataclass(frozen=True, slots=True)
class Levels:
    """The error probability of every comparison. Those of "worse" add up to 5 %."""

    slower: Level = field(default_factory=lambda: Level(0.003, 0.018))
    not_slower: Level = field(default_factory=lambda: Level(0.005, 0.045))
    any_more_errors: Level = field(default_factory=lambda: Level(0.002, 0.022))
    beyond_allowed_errors: Level = field(default_factory=lambda: Level(0.01, 0.13))
    # Of each of timeouts, out-of-memory kills and throttles, and of INIT.
    other: Level = field(default_factory=lambda: Level(0.00125))

    @property
    def closed(self) -> Levels:
        """What is left of them when the horizon is past."""
        return Levels(
            slower=Level(self.slower.at_any_time),
            not_slower=Level(self.not_slower.at_any_time),
            any_more_errors=Level(self.any_more_errors.at_any_time),
            beyond_allowed_errors=Level(self.beyond_allowed_errors.at_any_time),
            other=self.other,
        )

    @property
    def of_worse(self) -> float:
        """Of calling equal versions worse by anything."""
        return self.slower.total + self.any_more_errors.total + 4 * self.other.total


LEVELS: Final = Levels()


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and what it may be."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer, why, and what it rests on.

    ``slowdown`` is new over old less one (0.02 is 2 % slower); ``error_rates`` are those of old and new.
    """

    answer: Answer
    because: str
    slowdown: Interval
    error_rates: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All batches of a rollout so far. ``horizon`` is how many invocations a side it is laid out for.

    ``closed`` tells that it was reached before the last batch: what holds at any time still does.
    """

    horizon: float = USUAL_HORIZON
    warm: LogRatio = field(default_factory=LogRatio)
    init: LogRatio = field(default_factory=LogRatio)
    errors: Counts = field(default_factory=Counts)
    timeouts: Counts = field(default_factory=Counts)
    out_of_memory: Counts = field(default_factory=Counts)
    throttles: Counts = field(default_factory=Counts)
    closed: bool = False

    def plus(self, batch: Batch) -> Comparison:
        """With what happened since."""
        old, new = batch.old, batch.new
        runs = old.invocations, new.invocations

        def counted(counts: Counts, of_old: int, of_new: int) -> Counts:
            return counts.plus((of_old, runs[0]), (of_new, runs[1])) if of_old or of_new else counts

        return Comparison(
            self.horizon,
            self.warm.plus(old.warm, new.warm),
            self.init.plus(old.init, new.init) if old.init.count or new.init.count else self.init,
            self.errors.plus((old.errors, runs[0]), (new.errors, runs[1])),
            counted(self.timeouts, old.timeouts, new.timeouts),
            counted(self.out_of_memory, old.out_of_memory, new.out_of_memory),
            # A throttled request is no invocation, but it was sent to one side or the other.
            self.throttles.plus(
                (old.throttles, runs[0] + old.throttles), (new.throttles, runs[1] + new.throttles)
            ) if old.throttles or new.throttles else self.throttles,
            self.over,
        )  # fmt: skip

    @property
    def fraction(self) -> float:
        """The part of the horizon's information that is in: 1 at that many invocations a side, evenly split."""
        return 2 * self.errors.weight / self.horizon

    @property
    def over(self) -> bool:
        """Whether the horizon is reached: the boundary by the end holds for this look, and for no later one."""
        return self.fraction >= 1

    def judged(self, limits: Limits, levels: Levels = LEVELS, *, last: bool = False) -> Judgement:
        """The answer at this look; ``last`` tells that the time is over and no other one comes."""
        fraction, levels = self.fraction, levels.closed if self.closed else levels
        longest = math.log1p(limits.slowdown)
        worse = self._worse(limits, levels, last=last)
        slower = self.warm.standardised(longest)
        not_slower = slower <= -critical(fraction, levels.not_slower, last=last)
        beyond = critical(fraction, levels.beyond_allowed_errors, last=last)
        not_failing = self.errors.beyond(limits.errors) <= -beyond
        if worse:
            answer, because = Answer.WORSE, "; ".join(worse)
        elif not_slower and not_failing:
            answer = Answer.BETTER_OR_EQUAL
            because = "duration and errors are within what is allowed"
        else:
            lacking = [what for what, shown in (("the duration", not_slower), ("the errors", not_failing)) if not shown]
            answer, because = Answer.INCONCLUSIVE, f"too little is known yet of {' and '.join(lacking)}"
        low, high = self.warm.bounds(fraction, levels.slower, levels.not_slower, last=last)
        return Judgement(
            answer=answer,
            because=because,
            slowdown=Interval(*(_expm1(each) for each in (self.warm.estimate, low, high))),
            error_rates=self.errors.rates(),
        )

    def _worse(self, limits: Limits, levels: Levels, *, last: bool) -> list[str]:
        """Everything that is worse, in words."""
        fraction, longest, said = self.fraction, math.log1p(limits.slowdown), []
        beyond = critical(fraction, levels.beyond_allowed_errors, last=last)
        if self.warm.standardised(longest) >= critical(fraction, levels.slower, last=last):
            said.append(_slower("it", self.warm, limits))
        for kind, level in (
            ("errors", levels.any_more_errors),
            ("timeouts", levels.other),
            ("out_of_memory", levels.other),
            ("throttles", levels.other),
        ):
            counts: Counts = getattr(self, kind)
            if counts.increased(fraction, level, last=last) and counts.beyond(limits.errors) >= beyond:
                said.append(_more(_WORDS.get(kind, kind), counts))
        starts = 2 * self.init.weight / self.horizon
        if starts and self.init.standardised(longest) >= critical(starts, levels.other):
            said.append(_slower("its INIT", self.init, limits))
        return said


_WORDS = {"out_of_memory": "out-of-memory kills"}


def _slower(what: str, ratio: LogRatio, limits: Limits) -> str:
    return f"{what} takes {100 * _expm1(ratio.estimate):.0f} % longer, {100 * limits.slowdown:.0f} % allowed"


def _more(what: str, counts: Counts) -> str:
    old, new = counts.rates()
    return f"{what} went from {100 * old:.1f} % to {100 * new:.1f} %"


def _expm1(log: float) -> float:
    return math.expm1(min(log, 700.0))

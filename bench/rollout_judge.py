"""How often the judge of a guarded rollout decides how: ``python -m bench.rollout_judge --seed 1 --json``.

Every trial is a rollout with lognormal durations and one look after every 50 invocations a side, until
the judge decides or the invocations are at their end. What the judge reads of 50 durations are their
number, the mean of their logarithms and the squares about it: of normal logarithms these two are
independent, one normal and one chi-squared, so that they are drawn as such. All that decides is
``lambda_tailor.rollout.judge`` as it is shipped.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

from lambda_tailor.rollout.batches import Batch, Logs, Side
from lambda_tailor.rollout.judge import Answer, Comparison, Limits

LOOK_AFTER = 50
# Trials of one task for a process; each has a seed of its own, so that the answer is that of the seed alone.
_CHUNK = 250
_NAMES = {Answer.BETTER_OR_EQUAL: "promote", Answer.WORSE: "rollback", Answer.INCONCLUSIVE: "inconclusive"}
_USUAL = {"cv": 0.6, "error_rate": 0.01, "mean_ms": 100.0}
NAMED: Mapping[str, Mapping[str, Any]] = {
    "equal": {"old": _USUAL, "new": _USUAL, "max_invocations_a_side": 2000},
    "slower-1.5": {"old": _USUAL, "new": {**_USUAL, "mean_ms": 150.0}, "max_invocations_a_side": 400},
    "slower-1.1": {"old": _USUAL, "new": {**_USUAL, "mean_ms": 110.0}, "max_invocations_a_side": 2000},
    "errors-1-to-5": {"old": _USUAL, "new": {**_USUAL, "error_rate": 0.05}, "max_invocations_a_side": 600},
}


@dataclass(frozen=True, slots=True)
class Version:
    """A version's durations, lognormal with this mean in ms and coefficient of variation, and its error rate."""

    cv: float
    error_rate: float
    mean_ms: float

    def __post_init__(self) -> None:
        if not (0 <= self.cv < math.inf and 0 <= self.error_rate <= 1 and 0 < self.mean_ms < math.inf):
            raise ValueError(f"no version is like that: {self}")

    def side(self, runs: int, draw: random.Random, errors: Sequence[float]) -> Side:
        """What so many invocations bring; ``errors`` is the distribution of their errors, summed up."""
        variance = math.log1p(self.cv**2)
        mean = draw.gauss(math.log(self.mean_ms) - variance / 2, math.sqrt(variance / runs))
        squares = variance * draw.gammavariate((runs - 1) / 2, 2) if runs > 1 else 0.0
        failed = min(bisect.bisect_left(errors, draw.random()), runs)
        return Side(invocations=runs, errors=failed, warm=Logs(runs, mean, squares))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Two versions, what is allowed, and when it ends."""

    name: str
    old: Version
    new: Version
    limits: Limits
    most: int

    @classmethod
    def of(cls, name: str, given: Mapping[str, Any]) -> Scenario:
        """From a document of the contract; raises ValueError, KeyError or TypeError for another."""
        most = given["max_invocations_a_side"]
        if not isinstance(most, int) or most < 1:
            raise ValueError("max_invocations_a_side is a whole number over 0")
        limits = Limits(given.get("allowed_slowdown", 0.25), given.get("allowed_error_increase", 0.01))
        return cls(name, Version(**given["old"]), Version(**given["new"]), limits, most)

    def looks(self) -> Iterator[int]:
        """Invocations a side since the last look, look by look."""
        for begun in range(0, self.most, LOOK_AFTER):
            yield min(LOOK_AFTER, self.most - begun)


def rollouts(scenario: Scenario, seed: str, trials: int) -> list[tuple[str, int]]:
    """What so many rollouts ended with, and after how many invocations a side."""
    draw = random.Random(seed)
    errors = {
        runs: (binomial(runs, scenario.old.error_rate), binomial(runs, scenario.new.error_rate))
        for runs in set(scenario.looks())
    }
    ended = []
    for _ in range(trials):
        comparison, seen, answer = Comparison(scenario.most), 0, Answer.INCONCLUSIVE
        for runs in scenario.looks():
            of_old, of_new = errors[runs]
            batch = Batch(scenario.old.side(runs, draw, of_old), scenario.new.side(runs, draw, of_new))
            comparison, seen = comparison.plus(batch), seen + runs
            answer = comparison.judged(scenario.limits).answer
            if answer is not Answer.INCONCLUSIVE:
                break
        ended.append((_NAMES[answer], seen))
    return ended


def binomial(runs: int, rate: float) -> list[float]:
    """The probabilities of at most 0, 1, 2, … errors."""
    summed, total = [], 0.0
    for errors in range(runs + 1):
        total += math.comb(runs, errors) * rate**errors * (1 - rate) ** (runs - errors)
        summed.append(total)
    return summed


def simulate(scenario: Scenario, seed: int, trials: int, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """A scenario's entry in the document."""
    chunks = [min(_CHUNK, trials - begun) for begun in range(0, trials, _CHUNK)]
    tasks = [
        pool.submit(rollouts, scenario, f"{seed} {scenario.name} {number}", size) for number, size in enumerate(chunks)
    ]
    ended = [each for task in tasks for each in task.result()]
    counted = Counter(decision for decision, _ in ended)
    return {
        "name": scenario.name,
        "decision_shares": {name: counted[name] / trials for name in ("promote", "rollback", "inconclusive")},
        "median_invocations_a_side": median(seen for _, seen in ended),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollout_judge", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scenario", action="append", help=f"JSON of one's own, or one of {', '.join(NAMED)}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    try:
        if asked.trials < 1 or asked.workers < 1:
            raise ValueError("--trials and --workers are at least 1")
        scenarios = list(_scenarios(asked.scenario))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"This scenario cannot be simulated: {error}", file=sys.stderr)
        return 1
    with ProcessPoolExecutor(asked.workers) as pool:
        found = [simulate(scenario, asked.seed, asked.trials, pool) for scenario in scenarios]
    if asked.json:
        print(json.dumps({"scenarios": found}, indent=2))
        return 0
    for each in found:
        shares = "  ".join(f"{name} {100 * share:6.2f} %" for name, share in each["decision_shares"].items())
        print(f"{each['name']:<16}{shares}  median {each['median_invocations_a_side']:g} a side")
    return 0


def _scenarios(asked: Sequence[str] | None) -> Iterator[Scenario]:
    for number, text in enumerate(asked or NAMED):
        if text in NAMED:
            yield Scenario.of(text, NAMED[text])
        else:
            given = json.loads(text)
            yield Scenario.of(str(given.get("name", f"scenario-{number + 1}")), given)


if __name__ == "__main__":
    sys.exit(main())

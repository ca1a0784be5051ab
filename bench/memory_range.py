"""How many steps of the memory rule end inside the range of cost that is promised for them, on measured curves.

    python -m bench.memory_range --curves FILE [--json] [--by-group]

FILE has curves of mean duration by memory size: ``{"curves": [{"name", "group", "memory_mb": [...],
"mean_duration_ms": [...]}]}``. A pair is a step from one usual size to a smaller one that the rule could take
while a function's need of CPU is unknown. ``held`` is the share of pairs whose true cost of a call lies in the
range; ``median_width`` is the median of the range's high end over its low end. Standard library only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from lambda_tailor.evidence.memory_curve import Factor, cost_of_step, is_one_step

SIZES_MB = (128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, 2048, 2560, 3008)
LEAST_STEP = 1.2
# Which points of a curve count, and how they become one function of memory: DESIGN's truth of a curve.
LARGEST_MB, COUNTS_AS_LARGEST_MB = 3008, 3108
LEAST_SIZES, LEAST_MS = 4, 5.0
MERGED_OVER_SIZES, MERGED_WITHIN = 12, 1.15
LINEAR_FROM_SIZES = 10
# Sizes are given in whole MB and cost is a product of floats: ends of a range belong to it.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Truth:
    """One curve without its noise; ``log_ms`` takes and gives natural logarithms, of MB and of ms."""

    name: str
    group: str
    least_mb: float
    most_mb: float
    log_ms: Callable[[float], float]

    def cost_ratio(self, from_mb: int, to_mb: int) -> float:
        """How a call's compute changes in cost: memory times duration at the one size over the other's."""
        longer = math.exp(self.log_ms(math.log(to_mb)) - self.log_ms(math.log(from_mb)))
        return to_mb / from_mb * longer


def truths(curves: Sequence[Mapping[str, Any]]) -> list[Truth]:
    """The curves that are long and slow enough to be told."""
    return [truth for curve in curves if (truth := _truth(curve)) is not None]


def _truth(curve: Mapping[str, Any]) -> Truth | None:
    by_size: dict[float, list[float]] = {}
    for size, duration in zip(curve["memory_mb"], curve["mean_duration_ms"], strict=True):
        if size <= COUNTS_AS_LARGEST_MB:
            by_size.setdefault(float(min(size, LARGEST_MB)), []).append(math.log(duration))
    points = [(math.log(size), fmean(logs)) for size, logs in sorted(by_size.items())]
    if len(points) < LEAST_SIZES or max(y for _, y in points) < math.log(LEAST_MS):
        return None
    if len(points) > MERGED_OVER_SIZES:
        points = _merged(points)
    xs, ys = [x for x, _ in points], _non_increasing([y for _, y in points])
    between = _linear(xs, ys) if len(xs) >= LINEAR_FROM_SIZES else _pchip(xs, ys)
    return Truth(curve["name"], curve["group"], min(by_size), max(by_size), between)


def _merged(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    clusters: list[list[tuple[float, float]]] = []
    for point in points:
        if clusters and point[0] - clusters[-1][0][0] <= math.log(MERGED_WITHIN):
            clusters[-1].append(point)
        else:
            clusters.append([point])
    return [(fmean(x for x, _ in cluster), fmean(y for _, y in cluster)) for cluster in clusters]


def _non_increasing(values: Sequence[float]) -> list[float]:
    """The nearest values that never go up: neighbours that do are pooled."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while blocks and blocks[-1][0] < mean:
            before, weight = blocks.pop()
            mean, count = (before * weight + mean * count) / (weight + count), weight + count
        blocks.append((mean, count))
    return [mean for mean, count in blocks for _ in range(count)]


def _linear(xs: Sequence[float], ys: Sequence[float]) -> Callable[[float], float]:
    def at(x: float) -> float:
        x = min(max(x, xs[0]), xs[-1])
        n = min(bisect_right(xs, x), len(xs) - 1)
        share = (x - xs[n - 1]) / (xs[n] - xs[n - 1])
        return ys[n - 1] + share * (ys[n] - ys[n - 1])

    return at


def _pchip(xs: Sequence[float], ys: Sequence[float]) -> Callable[[float], float]:
    """Piecewise cubic Hermite interpolation that keeps the points' monotony (Fritsch and Carlson 1980)."""
    steps = [b - a for a, b in itertools.pairwise(xs)]
    slopes = [(b - a) / h for a, b, h in zip(ys, ys[1:], steps, strict=False)]
    inner = [_harmonic(*each) for each in zip(slopes, slopes[1:], steps, steps[1:], strict=False)]
    tangents = [_end(steps, slopes), *inner, _end(steps[::-1], slopes[::-1])]

    def at(x: float) -> float:
        x = min(max(x, xs[0]), xs[-1])
        n = min(bisect_right(xs, x), len(xs) - 1)
        h, t = steps[n - 1], (x - xs[n - 1]) / steps[n - 1]
        value = ys[n - 1] * (1 + 2 * t) * (1 - t) ** 2 + ys[n] * t * t * (3 - 2 * t)
        return value + h * (tangents[n - 1] * t * (1 - t) ** 2 + tangents[n] * t * t * (t - 1))

    return at


def _harmonic(before: float, after: float, h_before: float, h_after: float) -> float:
    if before * after <= 0:
        return 0.0
    w_before, w_after = 2 * h_after + h_before, h_after + 2 * h_before
    return (w_before + w_after) / (w_before / before + w_after / after)


def _end(steps: Sequence[float], slopes: Sequence[float]) -> float:
    """The three-point tangent at an end, shape-preserving."""
    if len(slopes) == 1:
        return slopes[0]
    tangent = ((2 * steps[0] + steps[1]) * slopes[0] - steps[0] * slopes[1]) / (steps[0] + steps[1])
    if tangent * slopes[0] <= 0:
        return 0.0
    if slopes[0] * slopes[1] <= 0 and abs(tangent) > abs(3 * slopes[0]):
        return 3 * slopes[0]
    return tangent


@dataclass(frozen=True, slots=True)
class Pair:
    """A step and what it did: ``true`` and the promised range are factors of the cost of a call."""

    group: str
    from_mb: int
    to_mb: int
    true: float
    promised: Factor

    @property
    def held(self) -> bool:
        """Whether the truth lies in the range."""
        return self.promised.low * (1 - _SLACK) <= self.true <= self.promised.high * (1 + _SLACK)


def pairs(curves: Sequence[Mapping[str, Any]]) -> Iterator[Pair]:
    """Every step of every curve."""
    for truth in truths(curves):
        sizes = [size for size in SIZES_MB if truth.least_mb <= size <= truth.most_mb]
        for start in sizes:
            for end in sizes:
                if end * LEAST_STEP <= start and is_one_step(start, end):
                    ratio = truth.cost_ratio(start, end)
                    yield Pair(truth.group, start, end, ratio, cost_of_step(start, end))


def summary(found: Sequence[Pair]) -> dict[str, Any]:
    """The figures of the contract; shares are 0 to 1."""
    if not found:
        return {"pairs": 0, "held": None, "median_width": None}
    return {
        "pairs": len(found),
        "held": round(fmean(pair.held for pair in found), 4),
        "median_width": round(median(pair.promised.high / pair.promised.low for pair in found), 4),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where the file has no pair or cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True, help="a file of measured curves")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--by-group", action="store_true", help="the groups whose steps left the range, too")
    asked = parser.parse_args(arguments)
    try:
        found = list(pairs(json.loads(asked.curves.read_text(encoding="utf-8"))["curves"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{asked.curves} cannot be read as a file of curves: {error}", file=sys.stderr)
        return 1
    told = summary(found)
    if asked.json:
        print(json.dumps(told))
    else:
        print(f"{told['pairs']} pairs, {told['held']} held, median width {told['median_width']}")
    if asked.by_group:
        for group in sorted({pair.group for pair in found}):
            own = [pair for pair in found if pair.group == group]
            left = sum(not pair.held for pair in own)
            if left:
                print(f"{group}: {left} of {len(own)} left the range", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())

"""What a measured curve of duration against memory is taken to be, once its noise is pooled away.

The truth of a curve is its points up to 3008 MB, pooled to be non-increasing in log-log (isotonic regression), after
points within 15 % of each other were merged where there are more than 12 sizes; between its points it is linear in
log-log with 10 sizes and more, else PCHIP in log-log. Outside its points it keeps the value at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.float64]

LARGEST_MB = 3008
# Sizes from 3009 to 3108 MB count as 3008: accounts used to end there, and some wrote it differently.
COUNTS_AS_LARGEST_MB = 3108
LEAST_SIZES = 4
LEAST_MS = 5.0
MERGED_OVER_SIZES = 12
MERGED_WITHIN = 1.15
LINEAR_FROM_SIZES = 10


@dataclass(frozen=True)
class Truth:
    """One curve: its points (logs of MB and ms), and the bounds within which sizes may be chosen, in MB."""

    name: str
    group: str
    smallest_mb: int
    largest_mb: int
    log_mb: Floats
    log_ms: Floats

    @cached_property
    def _between(self) -> Callable[[Floats], Floats]:
        if len(self.log_mb) >= LINEAR_FROM_SIZES:
            return lambda x: np.interp(x, self.log_mb, self.log_ms)
        curve = PchipInterpolator(self.log_mb, self.log_ms)
        return lambda x: np.asarray(curve(np.clip(x, self.log_mb[0], self.log_mb[-1])))

    def duration_ms(self, memory_mb: Floats) -> Floats:
        """The mean duration at these sizes, ms."""
        return np.asarray(np.exp(self._between(np.log(memory_mb))))

    @cached_property
    def every_mb(self) -> Floats:
        """Every size that may be chosen, MB."""
        return np.arange(self.smallest_mb, self.largest_mb + 1, dtype=float)


def truths(file: Path) -> list[Truth]:
    """The curves of a file (in the form of ``curves_train.json``) that are long and slow enough to be told."""
    return [truth for curve in json.loads(file.read_text())["curves"] for truth in of_curve(curve)]


def of_curve(curve: Mapping[str, Any]) -> Iterator[Truth]:
    """The truth of a curve in the form of ``curves_train.json``; nothing where it is too short or too quick."""
    sizes = [min(mb, LARGEST_MB) for mb in curve["memory_mb"] if mb <= COUNTS_AS_LARGEST_MB]
    logs: dict[int, list[float]] = {}
    for mb, ms in zip(sizes, curve["mean_duration_ms"], strict=False):
        logs.setdefault(mb, []).append(float(np.log(ms)))
    if len(logs) < LEAST_SIZES or max(max(values) for values in logs.values()) < np.log(LEAST_MS):
        return
    x = np.log(np.array(sorted(logs), dtype=float))
    y = np.array([np.mean(logs[mb]) for mb in sorted(logs)])
    if len(x) > MERGED_OVER_SIZES:
        x, y = merged(x, y)
    yield Truth(curve["name"], curve["group"], min(logs), max(logs), x, pooled(y))


def merged(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Points within 15 % of the first of their cluster become one, at the means of the logs."""
    starts = [0]
    for i in range(1, len(x)):
        if x[i] - x[starts[-1]] > np.log(MERGED_WITHIN):
            starts.append(i)
    parts = list(zip(starts, [*starts[1:], len(x)], strict=True))
    return np.array([x[a:b].mean() for a, b in parts]), np.array([y[a:b].mean() for a, b in parts])


def pooled(y: Floats) -> Floats:
    """The non-increasing values nearest to these (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value in y:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            mean, count = blocks.pop()
            before, weight = blocks.pop()
            blocks.append([(before * weight + mean * count) / (weight + count), weight + count])
    return np.array([mean for mean, count in blocks for _ in range(int(count))])

"""What others would choose on the same curve and noise: Power Tuning's grids, Parrotfish's loop, an oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.curve_truth import Floats, Truth, pooled

GRID_MB = (128, 256, 512, 1024, 1536, 3008)
TRIMMED = 0.2
# Parrotfish (SoCC'23): three sizes first, then where the fitted curve is cheapest; each size until it is calm.
_PARROTFISH_CALLS = 3
_PARROTFISH_STEPS = 5
_ORACLE_SIZES, _ORACLE_CALLS = 24, 50

# Durations (ms) of so many calls at a size.
Measure = Callable[[float, int], Floats]
Chosen = tuple[float, int]


def power_tuning(truth: Truth, measure: Measure, calls: int) -> Chosen:
    """Six sizes, so many calls each, a fifth trimmed at either end: the size chosen and the invocations."""
    sizes = np.unique(np.clip(GRID_MB, truth.smallest_mb, truth.largest_mb)).astype(float)
    cut = int(TRIMMED * calls)
    means = np.array([np.sort(measure(mb, calls))[cut : calls - cut].mean() for mb in sizes])
    return float(sizes[np.argmin(sizes * means)]), calls * len(sizes)


def parrotfish(truth: Truth, measure: Measure) -> Chosen:
    """duration = a + b * exp(-memory / c), fitted again after each size."""
    low, high = truth.smallest_mb, truth.largest_mb
    sizes = [float(low), float(np.clip(1024, low, high)), float(high)]
    seen = {mb: measure(mb, _PARROTFISH_CALLS).mean() for mb in sizes}
    every = truth.every_mb
    for _ in range(_PARROTFISH_STEPS):
        best = float(every[np.argmin(every * _fitted(seen, every))])
        if best in seen:
            break
        seen[best] = measure(best, _PARROTFISH_CALLS).mean()
    return float(every[np.argmin(every * _fitted(seen, every))]), _PARROTFISH_CALLS * len(seen)


def _fitted(seen: dict[float, float], every: Floats) -> Floats:
    mb, ms = np.array(list(seen)), np.array(list(seen.values()))
    best, least = np.full(len(every), ms.mean()), np.inf
    for c in np.geomspace(30, 3000, 60):
        rows = np.stack([np.ones_like(mb), np.exp(-mb / c)], 1) / ms[:, None]
        (a, b), *_ = np.linalg.lstsq(rows, np.ones_like(ms), rcond=None)
        error = float(((rows @ (a, b) - 1) ** 2).sum())
        if a >= 0 and b >= 0 and error < least:
            best, least = a + b * np.exp(-every / c), error
    return np.maximum(best, 1e-6)


def oracle(truth: Truth, measure: Measure) -> Chosen:
    """Fifty calls at each of 24 sizes, their medians made non-increasing."""
    sizes = np.unique(np.round(np.geomspace(truth.smallest_mb, truth.largest_mb, _ORACLE_SIZES)))
    smooth = pooled(np.log([np.median(measure(mb, _ORACLE_CALLS)) for mb in sizes]))
    return float(sizes[np.argmin(np.log(sizes) + smooth)]), _ORACLE_CALLS * len(sizes)

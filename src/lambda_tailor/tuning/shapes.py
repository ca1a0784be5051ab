"""The shapes that duration against memory takes, and how far a function strays from them.

A shape is ``(floor + (1 - floor) * (1769 / min(memory, knee)) ** power) * max(1, pressure / memory) ** steepness``:
work bound by CPU below one vCPU (1769 MB) over a floor of waiting, gains from more threads up to the knee, and pressure
on memory near the bottom.

Short work below one vCPU is a staircase: CPU is given in periods of 20 ms, of which the share that the memory buys may
be used, so that what does not fit waits for the next period. These shapes know their level, too: a function of seconds
is on no such stair.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ONE_VCPU_MB = 1769.0
FLOORS = (0.0, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7, 0.85, 0.97)
POWERS = (0.8, 1.0, 1.2)
KNEES_MB = (1024.0, 1769.0, 3008.0)
PRESSURES = ((1.0, 0.0), *product((192.0, 256.0, 512.0, 1024.0), (0.5, 1.5)))
PERIOD_MS = 20.0
# Work that a whole vCPU does in so many ms, over so many ms of waiting.
STAIRS = tuple(product((3.0, 5.0, 8.0, 12.0, 17.0, 25.0, 40.0), (0.0, 3.0)))
_LEVEL_SD = 0.25


class Residual(NamedTuple):
    """A Matern-3/2 process over log memory: its standard deviation (log ms), its length, how likely it is at first."""

    sd: float
    length: float
    weight: float


RESIDUALS = (Residual(0.08, 0.5, 0.4), Residual(0.2, 0.5, 0.35), Residual(0.4, 0.5, 0.25))


def shapes(log_mb: Floats) -> Floats:
    """Every shape at these sizes: the log of duration up to a constant, one row a shape."""
    mb = np.exp(log_mb)
    rows = []
    for floor, power, knee in product(FLOORS, POWERS, KNEES_MB):
        work = np.log(floor + (1 - floor) * (ONE_VCPU_MB / np.minimum(mb, knee)) ** power)
        rows += [work + np.maximum(0.0, steepness * np.log(limit / mb)) for limit, steepness in PRESSURES]
    rows += [np.log(floor + staircase(work, mb)) for work, floor in STAIRS]
    return np.array(rows)


def staircase(work_ms: float, memory_mb: Floats) -> Floats:
    """How long it takes, ms: the periods whose share is used up, and what is left of the work in the last one."""
    share = np.minimum(memory_mb / ONE_VCPU_MB, 1.0) * PERIOD_MS
    used_up = np.ceil(work_ms / share - 1e-9) - 1
    return np.where(memory_mb >= ONE_VCPU_MB, work_ms, used_up * PERIOD_MS + work_ms - used_up * share)


def levels(stairs: Floats, mean_log_ms: float, every: int) -> Floats:
    """The log weight of each of ``every`` shape where the log of duration is so much on average at some sizes.

    Only stairs (the last shapes; ``stairs`` has them at these sizes) are of a level; all others fit any.
    """
    found = np.zeros(every)
    found[-len(stairs) :] = -0.5 * ((stairs.mean(1) - mean_log_ms) / _LEVEL_SD) ** 2
    return found


def covariance(residual: Residual, log_mb: Floats) -> Floats:
    """How the residual varies together at these sizes."""
    apart = np.abs(log_mb[:, None] - log_mb[None, :]) * np.sqrt(3) / residual.length
    return np.asarray(residual.sd**2 * (1 + apart) * np.exp(-apart))

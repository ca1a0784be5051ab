"""The shapes that duration against memory takes, and how far a function strays from them.

A shape is ``(floor + (1 - floor) * (1769 / min(memory, knee)) ** power) * max(1, pressure / memory) ** steepness``:
work bound by CPU below one vCPU (1769 MB) over a floor of waiting, gains from more threads up to the knee, and pressure
on memory near the bottom. Short work below one vCPU is a staircase of 20 ms periods; the small residuals carry it.
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
    return np.array(rows)


def covariance(residual: Residual, log_mb: Floats) -> Floats:
    """How the residual varies together at these sizes."""
    apart = np.abs(log_mb[:, None] - log_mb[None, :]) * np.sqrt(3) / residual.length
    return np.asarray(residual.sd**2 * (1 + apart) * np.exp(-apart))

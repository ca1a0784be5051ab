"""What is known of a function's curve after some measurements: joint draws of it.

The model is a mixture: a shape, a residual around it and a noise level each; given these, all is normal and closed.
Outliers (a garbage collection, a slow network: about 2 % of calls, some three times as long) are a second kind of
noise, told apart by variational inference. All combinations are solved at once, and each draw is one of the prior that
is then moved by what was seen (Matheron's rule), so that no covariance of all sizes is taken apart again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lambda_tailor.tuning.prior import LEVEL_VARIANCE
from lambda_tailor.tuning.shapes import RESIDUALS, STAIRS, Floats, covariance, levels, shapes

NOISES = np.array((0.02, 0.04, 0.07, 0.11, 0.16, 0.23, 0.34, 0.5))
_LOG_NOISES = np.log(np.array((0.08, 0.14, 0.2, 0.2, 0.16, 0.12, 0.06, 0.04)))
OUTLIER_SHARE = 0.025
OUTLIER_SHIFT = 1.0
OUTLIER_SD = 0.5
_NEGLIGIBLE = 1e-3
_FIRST_GUESS = np.array((0.3,))
_DIRECTIONS = 24


@dataclass(frozen=True, eq=False)
class Model:
    """The prior on some sizes: shapes (rows); the residuals' covariances at their logs, and thin roots of these.

    ``stairs``: the shapes that know their level, log ms.
    """

    log_mb: Floats
    shapes: Floats
    covariances: Floats
    roots: Floats
    stairs: Floats
    log_weights: Floats

    @classmethod
    def at(cls, log_mb: Floats, log_weights: Floats) -> Model:
        """The model at these sizes (logs of MB)."""
        rows = shapes(log_mb)
        spread = np.stack([covariance(residual, log_mb) for residual in RESIDUALS])
        values, vectors = np.linalg.eigh(spread)
        # Smooth as they are, few directions hold nearly all of their variance.
        roots = vectors[:, :, -_DIRECTIONS:] * np.sqrt(np.maximum(values[:, None, -_DIRECTIONS:], 0.0))
        spread = roots @ roots.transpose(0, 2, 1)
        stairs = rows[-len(STAIRS) :]
        return cls(log_mb, rows - rows.mean(1, keepdims=True), spread, roots, stairs, log_weights)


@dataclass(frozen=True, eq=False)
class Observations:
    """What was measured: the size's index, log ms, the sd of what is free (else 0)."""

    size: NDArray[np.intp]
    log_ms: Floats
    free_sd: Floats


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws: log ms at each size (columns), and the noise's sd under each draw."""

    log_ms: Floats
    noise: Floats


@dataclass(frozen=True, eq=False)
class _Told:
    """What all calls at each visited size say together (columns) under each noise (rows): value, variance, evidence."""

    value: Floats
    variance: Floats
    constant: Floats


@dataclass(frozen=True, eq=False)
class _Solved:
    """Every combination of noise and residual: the inverse of its root, and the shapes' distances, whitened.

    ``weights`` of noise, residual and shape add up to one.
    """

    inverse_root: Floats
    whitened: Floats
    weights: Floats


def posterior(model: Model, seen: Observations, draws: int, rng: np.random.Generator) -> Posterior:
    """Joint draws of the curve at the model's sizes, made non-increasing."""
    centre = float(seen.log_ms.mean())
    y = seen.log_ms - centre
    sizes, which = np.unique(seen.size, return_inverse=True)
    log_weights = model.log_weights + levels(model.stairs[:, seen.size], centre, len(model.shapes))
    solved = _solve(model, sizes, _told(y, None, _FIRST_GUESS, seen.free_sd, which), log_weights)
    for noises in (NOISES, NOISES):
        told = _told(y, _fitted(model, sizes, solved)[which], noises, seen.free_sd, which)
        solved = _solve(model, sizes, told, log_weights + _LOG_NOISES[:, None, None])
    curves, at = _draw(model, sizes, told, solved, draws, rng)
    return Posterior(non_increasing(curves) + centre, NOISES[at])


def _told(y: Floats, fitted: Floats | None, noises: Floats, free_sd: Floats, which: NDArray[np.intp]) -> _Told:
    """What each observation says once outliers are discounted, and what those of one size say together."""
    value, precision, constant = _apart(y, fitted, noises[:, None], free_sd)
    same = np.equal(which[:, None], np.arange(which.max() + 1)).astype(float)
    together = precision @ same
    mean = (precision * value) @ same / together
    lost = (precision * value**2).sum(1) - (together * mean**2).sum(1)
    constant = constant + 0.5 * (np.log(precision).sum(1) - np.log(together).sum(1) - lost)
    return _Told(mean, 1 / together, constant)


def _apart(y: Floats, fitted: Floats | None, noise: Floats, free_sd: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each observation (columns) under each noise (rows) its value and precision; the evidence's constant."""
    free = free_sd > 0
    sure = 1 / np.where(free, free_sd, 1.0) ** 2
    if fitted is None:
        precision = np.where(free, sure, 1 / noise**2)
        return np.broadcast_to(y, precision.shape), precision, np.zeros(len(noise))
    apart = y - fitted
    usual = np.log(1 - OUTLIER_SHARE) - np.log(noise) - 0.5 * (apart / noise) ** 2
    wide = np.hypot(OUTLIER_SD, noise)
    odd = np.log(OUTLIER_SHARE) - np.log(wide) - 0.5 * ((apart - OUTLIER_SHIFT) / wide) ** 2
    out = np.where(free, 0.0, 1 / (1 + np.exp(np.clip(usual - odd, -60, 60))))
    inner, outer = (1 - out) / noise**2, out / wide**2
    precision = np.where(free, sure, inner + outer)
    value = np.where(free, y, (inner * y + outer * (y - OUTLIER_SHIFT)) / precision)
    entropy = -(out * np.log(out + 1e-12) + (1 - out) * np.log(1 - out + 1e-12))
    left = -0.5 * (inner * y**2 + outer * (y - OUTLIER_SHIFT) ** 2 - precision * value**2)
    each = (1 - out) * np.log((1 - OUTLIER_SHARE) / noise) + out * np.log(OUTLIER_SHARE / wide)
    constant = np.where(free, 0.0, each + entropy + left - 0.5 * np.log(precision)).sum(1)
    return value, precision, constant


def _solve(model: Model, sizes: NDArray[np.intp], told: _Told, log_weights: Floats) -> _Solved:
    """Every combination solved; ``log_weights`` of residual and shape, and of noise where there are several."""
    spread = model.covariances[:, sizes[:, None], sizes] + LEVEL_VARIANCE
    system = spread + told.variance[:, None, None, :] * np.eye(len(sizes))
    root = np.linalg.cholesky(system)
    inverse = np.linalg.inv(root)
    # The whitened distance of every shape from what was seen.
    whitened = (inverse @ told.value[:, None, :, None]) - inverse @ model.shapes[:, sizes].T
    squares = np.einsum("kjus,kjus->kjs", whitened, whitened)
    determinant = np.log(np.diagonal(root, axis1=2, axis2=3)).sum(2)
    logs = told.constant[:, None, None] - 0.5 * squares - determinant[:, :, None] + log_weights
    weights = np.exp(logs - logs.max())
    return _Solved(inverse, whitened, weights / weights.sum())


def _fitted(model: Model, sizes: NDArray[np.intp], solved: _Solved) -> Floats:
    """The mean curve at the visited sizes."""
    mean = np.einsum("kjus,kjs->kju", solved.whitened, solved.weights)
    moved = np.einsum("kjvu,kjv->kju", solved.inverse_root, mean)
    spread = model.covariances[:, sizes[:, None], sizes] + LEVEL_VARIANCE
    return np.asarray(solved.weights.sum((0, 1)) @ model.shapes[:, sizes] + np.einsum("juv,kjv->u", spread, moved))


def _draw(
    model: Model, sizes: NDArray[np.intp], told: _Told, solved: _Solved, draws: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.intp]]:
    """Curves, and the index of the noise of each."""
    # Evenly spread over the combinations: chance would only add to the error.
    chances = np.cumsum(solved.weights.ravel())
    picked = np.searchsorted(chances, (np.arange(draws) + rng.random()) / draws * chances[-1])
    noise, residual, shape = np.unravel_index(np.minimum(picked, len(chances) - 1), solved.weights.shape)
    level = np.sqrt(LEVEL_VARIANCE) * rng.standard_normal((draws, 1))
    curves = model.shapes[shape] + level
    for j, root in enumerate(model.roots):
        mine = residual == j
        curves[mine] += rng.standard_normal((int(mine.sum()), root.shape[1])) @ root.T
    heard = curves[:, sizes] + np.sqrt(told.variance[noise]) * rng.standard_normal((draws, len(sizes)))
    inverse = np.einsum("kjwu,kjwv->kjuv", solved.inverse_root, solved.inverse_root)
    moved = np.einsum("duv,dv->du", inverse[noise, residual], told.value[noise] - heard)
    curves += LEVEL_VARIANCE * moved.sum(1, keepdims=True)
    for j, spread in enumerate(model.covariances):
        curves[residual == j] += moved[residual == j] @ spread[sizes]
    return curves, noise


def non_increasing(curves: Floats) -> Floats:
    """More memory never slows a function down: midway between the two nearest curves that obey it."""
    below = np.minimum.accumulate(curves, 1)
    above = np.maximum.accumulate(curves[:, ::-1], 1)[:, ::-1]
    return np.asarray((below + above) / 2)

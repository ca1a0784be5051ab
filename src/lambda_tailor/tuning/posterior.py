"""What is known of a function's curve after some measurements: joint draws of it.

The model is a mixture: a shape, a residual around it and a noise level each; given these, all is normal and closed.
Outliers (a garbage collection, a slow network: about 2 % of calls, some three times as long) are a second kind of
noise, told apart by variational inference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lambda_tailor.tuning.prior import LEVEL_VARIANCE
from lambda_tailor.tuning.shapes import RESIDUALS, Floats, covariance, levels, shapes

NOISES = np.array((0.02, 0.04, 0.07, 0.11, 0.16, 0.23, 0.34, 0.5))
_LOG_NOISES = np.log(np.array((0.08, 0.14, 0.2, 0.2, 0.16, 0.12, 0.06, 0.04)))
OUTLIER_SHARE = 0.025
OUTLIER_SHIFT = 1.0
OUTLIER_SD = 0.5
# The machine below may become slower or faster while a session lasts, in log ms over the whole session.
DRIFT_SD = 0.01
_NEGLIGIBLE = 1e-3
_FIRST_GUESS = 0.3
_JITTER = 1e-7


@dataclass(frozen=True, eq=False)
class Model:
    """The prior on some sizes: shapes (rows) and covariances at the logs of the sizes."""

    log_mb: Floats
    shapes: Floats
    covariances: tuple[Floats, ...]
    log_weights: Floats

    @classmethod
    def at(cls, log_mb: Floats, log_weights: Floats) -> Model:
        """The model at these sizes (logs of MB)."""
        rows = shapes(log_mb)
        return cls(
            log_mb, rows - rows.mean(1, keepdims=True), tuple(covariance(r, log_mb) for r in RESIDUALS), log_weights
        )


@dataclass(frozen=True, eq=False)
class Observations:
    """What was measured: the size's index, log ms, when (-0.5 to 0.5), the sd of what is free (else 0)."""

    size: NDArray[np.intp]
    log_ms: Floats
    when: Floats
    free_sd: Floats


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws: log ms at each size (columns), and the noise's sd under each draw."""

    log_ms: Floats
    noise: Floats


@dataclass(frozen=True, eq=False)
class _Part:
    """The solved system of one noise level and residual."""

    inverse_root: Floats
    whitened: Floats
    log_evidence: Floats


def posterior(model: Model, seen: Observations, draws: int, rng: np.random.Generator) -> Posterior:
    """Joint draws of the curve at the model's sizes, made non-increasing."""
    centre = float(seen.log_ms.mean())
    y = seen.log_ms - centre
    model = replace(model, log_weights=model.log_weights + levels(model.log_mb[seen.size], centre))
    fitted = _fit(model, seen, y, *_solve(model, seen, y, None, NOISES))
    parts, weights = _solve(model, seen, y, fitted, NOISES)
    fitted = _fit(model, seen, y, parts, weights)
    # Most noise levels are out of the question by now.
    likely = weights.sum((1, 2)) > _NEGLIGIBLE
    parts, weights = _solve(model, seen, y, fitted, NOISES[likely])
    curves, noise = _draw(model, seen, parts, weights, NOISES[likely], draws, rng)
    return Posterior(_non_increasing(curves) + centre, noise)


def _solve(
    model: Model, seen: Observations, y: Floats, fitted: Floats | None, noises: Floats
) -> tuple[dict[tuple[int, int], _Part], Floats]:
    """Each combination solved, and the weights of noise, residual and shape; a first guess without a fit."""
    together = LEVEL_VARIANCE + DRIFT_SD**2 * np.outer(seen.when, seen.when)
    at = np.ix_(seen.size, seen.size)
    rows = model.shapes[:, seen.size].T
    parts = {}
    for i, noise in enumerate(noises if fitted is not None else (_FIRST_GUESS,)):
        target, variance, constant = _told_apart(y, fitted, float(noise), seen.free_sd)
        for j, spread in enumerate(model.covariances):
            root = np.linalg.cholesky(spread[at] + together + np.diag(variance))
            inverse = np.linalg.inv(root)
            whitened = inverse @ (target[:, None] - rows)
            evidence = constant - 0.5 * (whitened**2).sum(0) - np.log(np.diag(root)).sum()
            parts[i, j] = _Part(inverse, whitened, evidence)
    count = len(parts) // len(RESIDUALS)
    logs = np.array([[parts[i, j].log_evidence for j in range(len(RESIDUALS))] for i in range(count)])
    logs = logs + model.log_weights + (_LOG_NOISES[np.isin(NOISES, noises), None, None] if fitted is not None else 0.0)
    weights = np.exp(logs - logs.max())
    return parts, weights / weights.sum()


def _told_apart(y: Floats, fitted: Floats | None, noise: float, free_sd: Floats) -> tuple[Floats, Floats, float]:
    """What each observation says once outliers are discounted: its value, its variance, the evidence's constant."""
    free = free_sd > 0
    if fitted is None:
        return y, np.where(free, free_sd, noise) ** 2, 0.0
    apart = y - fitted
    usual = np.log(1 - OUTLIER_SHARE) - np.log(noise) - 0.5 * (apart / noise) ** 2
    wide = np.hypot(OUTLIER_SD, noise)
    odd = np.log(OUTLIER_SHARE) - np.log(wide) - 0.5 * ((apart - OUTLIER_SHIFT) / wide) ** 2
    out = np.where(free, 0.0, 1 / (1 + np.exp(np.clip(usual - odd, -60, 60))))
    inner, outer = (1 - out) / noise**2, out / wide**2
    precision = np.where(free, 1 / np.where(free, free_sd, 1.0) ** 2, inner + outer)
    value = np.where(free, y, (inner * y + outer * (y - OUTLIER_SHIFT)) / precision)
    entropy = -(out * np.log(out + 1e-12) + (1 - out) * np.log(1 - out + 1e-12))
    left = -0.5 * (inner * y**2 + outer * (y - OUTLIER_SHIFT) ** 2 - precision * value**2)
    each = (1 - out) * np.log((1 - OUTLIER_SHARE) / noise) + out * np.log(OUTLIER_SHARE / wide)
    constant = np.where(free, 0.0, each + entropy + left - 0.5 * np.log(precision))
    return value, 1 / precision, float(constant.sum())


def _fit(model: Model, seen: Observations, y: Floats, parts: dict[tuple[int, int], _Part], weights: Floats) -> Floats:
    """The mean curve at the observations."""
    fitted = np.zeros(len(y))
    for (i, j), part in parts.items():
        weight = weights[i, j]
        if weight.sum() > _NEGLIGIBLE:
            gain = (model.covariances[j][np.ix_(seen.size, seen.size)] + LEVEL_VARIANCE) @ part.inverse_root.T
            fitted += weight @ model.shapes[:, seen.size] + gain @ (part.whitened @ weight)
    return fitted


def _draw(
    model: Model,
    seen: Observations,
    parts: dict[tuple[int, int], _Part],
    weights: Floats,
    noises: Floats,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    each = rng.multinomial(draws, weights.sum(2).ravel() / weights.sum())
    curves, noise = [], []
    for number, (i, j) in zip(each, np.ndindex(weights.shape[:2]), strict=True):
        if number:
            part = parts[i, j]
            gain = (model.covariances[j][:, seen.size] + LEVEL_VARIANCE) @ part.inverse_root.T
            left = model.covariances[j] + LEVEL_VARIANCE - gain @ gain.T
            left[np.diag_indices_from(left)] += _JITTER * LEVEL_VARIANCE
            chosen = rng.choice(len(weights[i, j]), number, p=weights[i, j] / weights[i, j].sum())
            mean = model.shapes[chosen] + (gain @ part.whitened[:, chosen]).T
            curves.append(mean + (np.linalg.cholesky(left) @ rng.standard_normal((len(left), number))).T)
            noise.append(np.full(number, noises[i]))
    return np.concatenate(curves), np.concatenate(noise)


def _non_increasing(curves: Floats) -> Floats:
    """More memory never slows a function down: midway between the two nearest curves that obey it."""
    below = np.minimum.accumulate(curves, 1)
    above = np.maximum.accumulate(curves[:, ::-1], 1)[:, ::-1]
    return np.asarray((below + above) / 2)

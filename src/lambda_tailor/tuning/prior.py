"""How likely each shape and residual is before anything is measured, learned from public curves.

The curves are package data (``curves.json``: log MB and log ms, pooled to be non-increasing, with the group, that is
the function's code, they come from). Expectation-maximization gives every group the same say and keeps a share flat.
Above 3008 MB hardly any public curve exists: there the prior is the shapes alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from lambda_tailor.tuning.shapes import RESIDUALS, STAIRS, Floats, covariance, levels, shapes

# What stays spread evenly over all shapes, so that a function unlike all the others is believed too.
FLAT_SHARE = 0.33
ROUNDS = 30
# The measured points of the curves carry noise of their own, in log ms.
POINT_SD = 0.02
# The level of a curve is unknown: a normal prior so wide that it does not matter, in log ms squared.
LEVEL_VARIANCE = 25.0


@dataclass(frozen=True, eq=False)
class Curve:
    """A public curve: its group, and its points as logs of MB and ms."""

    group: str
    log_mb: Floats
    log_ms: Floats


@cache
def curves() -> tuple[Curve, ...]:
    """The public curves the prior is learned from."""
    text = files("lambda_tailor.tuning").joinpath("curves.json").read_text(encoding="utf-8")
    return tuple(
        Curve(one["group"], np.array(one["log_mb"]), np.array(one["log_ms"])) for one in json.loads(text)["curves"]
    )


@cache
def _likelihoods() -> Floats:
    """The log likelihood of each curve under each residual and shape."""
    return np.array([[_likelihood(curve, residual) for residual in range(len(RESIDUALS))] for curve in curves()])


def _likelihood(curve: Curve, residual: int) -> Floats:
    points = len(curve.log_mb)
    spread = covariance(RESIDUALS[residual], curve.log_mb) + LEVEL_VARIANCE + POINT_SD**2 * np.eye(points)
    root = np.linalg.cholesky(spread)
    rows = shapes(curve.log_mb)
    apart = np.linalg.solve(root, (curve.log_ms - rows).T)
    level = levels(rows[-len(STAIRS) :], float(curve.log_ms.mean()), len(rows))
    return np.asarray(-0.5 * (apart**2).sum(0) - np.log(np.diag(root)).sum() + level)


@cache
def log_weights(without_group: str | None = None) -> Floats:
    """The log of the weight of each residual (rows) and shape (columns), learned without that group's curves."""
    if without_group is None or all(curve.group != without_group for curve in curves()):
        return _shipped()
    return _learned(without_group)


def _learned(without_group: str | None) -> Floats:
    kept = [i for i, curve in enumerate(curves()) if curve.group != without_group]
    groups = [curves()[i].group for i in kept]
    say = np.array([1 / groups.count(group) for group in groups])
    say /= say.sum()
    likelihoods = _likelihoods()[kept]
    flat = np.array([[residual.weight] for residual in RESIDUALS]) * np.ones(likelihoods.shape[1:])
    flat /= flat.sum()
    weights = flat
    for _ in range(ROUNDS):
        beliefs = np.log(weights) + likelihoods
        beliefs = np.exp(beliefs - beliefs.max((1, 2), keepdims=True))
        beliefs /= beliefs.sum((1, 2), keepdims=True)
        weights = (1 - FLAT_SHARE) * np.tensordot(say, beliefs, 1) + FLAT_SHARE * flat
    return np.asarray(np.log(weights))


def _shipped() -> Floats:
    """The weights learned from all curves, kept beside them: learning takes longer than tuning."""
    text = files("lambda_tailor.tuning").joinpath("weights.json").read_text(encoding="utf-8")
    return np.array(json.loads(text)["log_weights"])

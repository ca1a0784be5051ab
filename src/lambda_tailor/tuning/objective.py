"""What the user wants of a memory size, and how far each size falls short of it.

A loss is relative: 0.02 means 2 % worse than the best size under this objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lambda_tailor.errors import BadInput

if TYPE_CHECKING:
    from lambda_tailor.tuning.shapes import Floats

Kind = Literal["cheapest", "fastest-within", "p95-under", "balanced"]
# What one percent over a limit costs, in percent of the price: a limit is meant to hold.
OVER_LIMIT = 4.0
# A limit counts as broken when it is passed by so much, and how likely that may be for a size to be chosen.
BROKEN_BY = 1.03
BROKEN_CHANCE = 0.03
_FORMS = "cheapest, fastest-within=10%, p95-under=800ms or balanced=0.5"


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective: ``number`` is a share (within, balanced) or milliseconds (p95)."""

    kind: Kind = "cheapest"
    number: float = 0.0

    def __str__(self) -> str:
        match self.kind:
            case "cheapest":
                return self.kind
            case "fastest-within":
                return f"{self.kind}={100 * self.number:g}%"
            case "p95-under":
                return f"{self.kind}={self.number:g}ms"
            case "balanced":
                return f"{self.kind}={self.number:g}"


def parse(text: str) -> Objective:
    """The objective in this text; BadInput says which forms there are."""
    kind, _, value = text.strip().partition("=")
    try:
        match kind:
            case "cheapest" if not value:
                return Objective()
            case "fastest-within":
                return Objective(kind, _between(float(value.removesuffix("%")) / 100, 0.0, 10.0))
            case "p95-under":
                scale = 1.0 if value.endswith("ms") else 1000.0
                return Objective(kind, _between(float(value.removesuffix("s").removesuffix("m")) * scale, 1.0, 9e5))
            case "balanced":
                return Objective(kind, _between(float(value), 0.0, 1.0))
            case _:
                pass
    except ValueError:
        pass
    raise BadInput(f"The objective {text!r} is not one: write {_FORMS}.")


def _between(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(value)
    return value


def losses(objective: Objective, log_mb: Floats, log_ms: Floats, p95_ratio: Floats) -> Floats:
    """The loss of each size (columns) under each possible curve (rows of ``log_ms``).

    ``p95_ratio``: the 95th percentile over the mean, one for each curve.
    """
    import numpy as np

    ms = np.exp(log_ms)
    cost = np.exp(log_ms + log_mb)
    if objective.kind == "cheapest":
        return np.asarray(cost / cost.min(1, keepdims=True) - 1)
    if objective.kind == "balanced":
        # Power Tuning's: both as shares of the worst.
        worth = objective.number * cost / cost.max(1, keepdims=True)
        worth = worth + (1 - objective.number) * ms / ms.max(1, keepdims=True)
        return np.asarray(worth / worth.min(1, keepdims=True) - 1)
    if objective.kind == "fastest-within":
        limit = (1 + objective.number) * cost.min(1, keepdims=True)
        over = np.maximum(0, cost / limit - 1)
        fastest = np.where(cost <= limit, ms, np.inf).min(1, keepdims=True)
        return np.asarray(np.maximum(0, ms / fastest - 1) + OVER_LIMIT * over)
    p95 = ms * p95_ratio[:, None]
    held = np.where(p95 <= objective.number, cost, np.inf).min(1, keepdims=True)
    # Where no size holds the limit, the fastest is the one to have.
    none = ~np.isfinite(held)
    best = np.where(none, np.take_along_axis(cost, ms.argmin(1)[:, None], 1), held)
    limit = np.where(none, p95.min(1, keepdims=True), objective.number)
    return np.asarray(np.maximum(0, cost / best - 1) + OVER_LIMIT * np.maximum(0, p95 / limit - 1))


def broken(objective: Objective, log_ms: Floats, p95_ratio: Floats) -> Floats:
    """How likely each size (columns) breaks the limit of the 95th percentile by more than 3 %; 0 without one."""
    import numpy as np

    if objective.kind != "p95-under":
        return np.zeros(log_ms.shape[1])
    return np.asarray((np.exp(log_ms) * p95_ratio[:, None] > BROKEN_BY * objective.number).mean(0))

"""What is asked of tunes, checked."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from lambda_tailor.errors import BadInput
from lambda_tailor.tuning.objective import Objective, parse

LEAST_INVOCATIONS, MOST_INVOCATIONS = 6, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """What is asked of every tune. ``sizes`` is ``MIN-MAX`` or a list in MB; ``budget_usd`` is for all calls together.

    ``production_payloads`` tells that the payloads are real ones in their real mix.
    """

    objective: Objective
    payload: str
    sizes: str | None = None
    max_invocations: int = 24
    budget_usd: float | None = None
    production_payloads: bool = False


def options(
    objective: str,
    payload: str,
    sizes: str | None,
    max_invocations: int,
    budget_usd: float | None,
    production_payloads: bool,
) -> TuneOptions:
    """The options. Raises BadInput, also where the packages that a tune needs are missing."""
    if importlib.util.find_spec("numpy") is None:
        raise BadInput("Tuning needs more packages (numpy): pip install 'lambda-tailor[tune]'.")
    if not LEAST_INVOCATIONS <= max_invocations <= MOST_INVOCATIONS:
        raise BadInput(f"--max-invocations must be from {LEAST_INVOCATIONS} to {MOST_INVOCATIONS}.")
    if budget_usd is not None and budget_usd <= 0:
        raise BadInput("--budget-usd must be more than nothing.")
    return TuneOptions(
        objective=parse(objective),
        payload=payload,
        sizes=sizes,
        max_invocations=max_invocations,
        budget_usd=budget_usd,
        production_payloads=production_payloads,
    )

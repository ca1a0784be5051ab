"""lambda-tailor: makes deployed AWS Lambda functions fit the load they really carry.

    plan = lambda_tailor.plan(all_functions=True)
    run = lambda_tailor.apply(plan)
    lambda_tailor.rollback(run)

These names are what the library promises to keep; see ``lambda_tailor.api``. They are imported when they are
first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Explanation",
    "Plan",
    "Run",
    "TailorError",
    "Verification",
    "apply",
    "doctor",
    "explain",
    "plan",
    "resume",
    "rollback",
    "runs",
    "verify",
]

if TYPE_CHECKING:
    from lambda_tailor.api import (
        Explanation,
        Plan,
        Run,
        TailorError,
        Verification,
        apply,
        explain,
        plan,
        resume,
        rollback,
        verify,
    )
    from lambda_tailor.review.looking_back import runs


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("lambda_tailor.api"), name)

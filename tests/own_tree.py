"""The program as a process of its own: the very tree that is tested, also where that is a copy without a guard."""

from __future__ import annotations

import os
from pathlib import Path

import lambda_tailor


def environment() -> dict[str, str]:
    """The test's own environment, with the tree that the test itself has imported."""
    return {**os.environ, "PYTHONPATH": str(Path(lambda_tailor.__file__).parents[1])}

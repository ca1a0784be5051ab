"""What a guard is, and the test files that several of them turn red."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """``old`` stands once in ``file`` (under src/lambda_tailor) and is replaced by ``new``; ``tests`` turn red."""

    kind: str
    what: str
    file: str
    old: str
    new: str
    tests: str

"""What ``doctor`` found: one check after the other, each with what to do where it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a check ended. ``unknown`` is what could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. ``remedy`` says what to do; it is empty where all is well."""

    name: str
    health: Health
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All checks, in the order in which they were made."""

    schema_version: int = 1
    checks: tuple[Check, ...]

    @property
    def well(self) -> bool:
        """Whether nothing failed."""
        return all(check.health is not Health.FAILED for check in self.checks)

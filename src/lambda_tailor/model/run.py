"""A run: one application of a plan, and what became of each change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from lambda_tailor.model.rollout import Rollout, UnfinishedRollout
from lambda_tailor.model.tuning import TuneOverview


class Status(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"


class StepState(StrEnum):
    """How far a write got: only ``intended`` is certain not to have been done, only ``confirmed`` to have been."""

    INTENDED = "intended"
    SENT = "sent"
    CONFIRMED = "confirmed"


class Result(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended.

    ``left`` has the fields that were not written, each with the reason, where others were. ``state``
    says how far the write got, if that is known by now; ``made`` is by what the resource is known again.
    """

    result: Result
    detail: str = ""
    left: Mapping[str, str] = field(default_factory=dict)
    state: StepState | None = None
    made: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change."""

    function: str
    region: str
    account_id: str
    rule: str
    setting: str
    before: JsonValue
    after: JsonValue
    outcome: Result
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How many changes ended how."""

    applied: int = 0
    unchanged: int = 0
    blocked: int = 0
    failed: int = 0
    rolled_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One application of a plan. ``of_run`` is the run that a rollback undoes."""

    schema_version: Literal["1"] = "1"
    run_id: str
    plan_id: str
    status: Status
    started_at: str
    finished_at: str | None
    user: str = ""
    of_run: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    summary: RunSummary = RunSummary()
    rollouts: tuple[Rollout, ...] = ()
    api_calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOverview:
    """A run as ``runs`` lists it: without its outcomes."""

    run_id: str
    plan_id: str
    status: Status
    started_at: str
    finished_at: str | None
    user: str
    of_run: str | None
    summary: RunSummary
    api_calls: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The document that ``runs --json`` prints, oldest run first.

    ``notes`` say what is wrong with them as a whole, such as that one is gone from the journal.
    """

    schema_version: Literal["1"] = "1"
    runs: tuple[RunOverview, ...]
    unfinished: tuple[UnfinishedRollout, ...] = ()
    tunes: tuple[TuneOverview, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSetting:
    """One setting as the policy expects it and as it is deployed."""

    function: str
    region: str
    account_id: str
    rule: str
    setting: str
    expected: JsonValue
    actual: JsonValue
    matches: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySummary:
    """Counts over a verification; ``unverified`` targets could not be read."""

    functions: int
    settings: int
    matching: int
    differing: int
    unverified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The document that ``verify --json`` prints."""

    schema_version: Literal["1"] = "1"
    matches: bool
    settings: tuple[CheckedSetting, ...]
    summary: VerifySummary
    api_calls: Mapping[str, int] = field(default_factory=dict)

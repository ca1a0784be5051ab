"""What the journal knows of a run: the plan, and each of its steps. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.model.plan import Plan
from lambda_tailor.model.rollout import Rollout
from lambda_tailor.model.run import Result, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One operation as the journal knows it. ``result`` is None while nobody knows how it ended.

    ``was`` and ``wrote`` hold the operation's fields before and after; secrets in them are sealed
    or fingerprinted. ``call`` is empty where nothing was written.
    """

    operation_id: str
    call: str
    was: Mapping[str, JsonValue]
    wrote: Mapping[str, JsonValue]
    result: Result | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the journal knows it."""

    run_id: str
    plan: Plan
    of_run: str | None
    status: Status
    started_at: str
    finished_at: str | None
    user: str
    api_calls: Mapping[str, int]
    steps: Mapping[str, StepRecord]
    rollouts: tuple[Rollout, ...] = ()

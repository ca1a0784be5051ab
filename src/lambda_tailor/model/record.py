"""What the journal knows of a run: the plan, and each of its steps. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.model.plan import Plan
from lambda_tailor.model.rollout import Rollout
from lambda_tailor.model.run import Result, Status, StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One operation as the journal knows it. ``result`` is None while nobody knows how it ended.

    ``was`` and ``wrote`` hold the operation's fields before and after; secrets in them are sealed
    or fingerprinted. ``call`` is empty where nothing was written. ``state`` is None in journals of
    older versions. ``seen`` and ``made`` are by what the resource is known again, before the write
    and as the write left it; ``left`` has the fields that were not written, with the reason.
    """

    operation_id: str
    call: str
    was: Mapping[str, JsonValue]
    wrote: Mapping[str, JsonValue]
    result: Result | None
    detail: str
    state: StepState | None = None
    sent_at: str | None = None
    seen: Mapping[str, JsonValue] | None = None
    made: Mapping[str, JsonValue] | None = None
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> bool:
        """Whether AWS may have done it."""
        return bool(self.call) and self.state is not StepState.INTENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A write that is about to be sent for a function, by the holder of its lease; the rest as in StepRecord."""

    function: str
    holder: str
    call: str
    was: Mapping[str, JsonValue]
    wrote: Mapping[str, JsonValue]
    seen: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the journal knows it; ``unverified`` is what of it the team's key does not vouch for, by id."""

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
    unverified: tuple[str, ...] = ()

"""A guarded rollout as it is shown: looks at both versions, and what was decided at each. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol


class RolloutStatus(StrEnum):
    """Where a rollout stands. ``INCONCLUSIVE`` went back, or was left, without an answer."""

    RUNNING = "running"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    INCONCLUSIVE = "inconclusive"


Decision = Literal["stay", "next-step", "promote", "rollback", "inconclusive", "left-alone"]
Track = Literal["alias", "watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions:
    """How a change is rolled out.

    ``steps`` are shares of the traffic in per cent, the last of them 100; ``minutes`` is how long all of
    it may take. ``allowed_slowdown`` 0.25 is a quarter longer, ``allowed_errors`` 0.01 one more in a hundred.
    ``notify`` are ARNs of SNS topics (``sns:ARN``) and https addresses.
    """

    steps: tuple[int, ...] = (5, 25, 50, 100)
    minutes: float = 60.0
    allowed_slowdown: float = 0.25
    allowed_errors: float = 0.01
    on_inconclusive: Literal["rollback", "promote"] = "rollback"
    one_look: bool = False
    descend: bool = False
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSide:
    """What one side did since the rollout began; durations in ms, None where none was seen.

    ``lately_p99_ms`` is of the runs since the look before, as far as their REPORT records were read.
    """

    invocations: int
    errors: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    lately_p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: the new side's ``share`` of the traffic in per cent, both sides, and what was decided.

    ``slowdown`` is what the new side is slower by, and between what bounds: 0.02 is 2 %.
    """

    at: str
    share: int
    old: LookSide
    new: LookSide
    decision: Decision
    because: str
    slowdown: tuple[float, float | None, float | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTotal:
    """One side of a finished comparison: runs with their mean billed ms at that memory, and durations.

    ``usd_per_thousand`` is what a thousand runs cost at list prices: compute and requests.

    ``histogram`` has (duration in ms, runs), each for a band of durations two per cent wide.
    """

    memory_mb: int
    runs: int
    billed_ms: float | None
    usd_per_thousand: float | None = None
    histogram: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One function's rollout.

    On track ``alias`` the alias's version ``from_version`` is compared with ``to_version``; on ``watch``
    the time since with the same hours of the week before. ``takes`` was said before it began.
    """

    function: str
    region: str
    account_id: str
    arn: str
    track: Track
    alias: str | None
    from_version: str | None
    to_version: str | None
    status: RolloutStatus
    steps: tuple[int, ...]
    minutes: float = 60.0
    allowed_slowdown: float = 0.25
    allowed_errors: float = 0.01
    per_hour: float = 0.0
    share: int = 0
    started_at: str = ""
    because: str = ""
    takes: str = ""
    looks: tuple[Look, ...] = ()
    old: SideTotal | None = None
    new: SideTotal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRollout:
    """A rollout that nobody has ended: which run's, and at what share of the traffic since when."""

    run_id: str
    function: str
    arn: str
    alias: str | None
    share: int
    started_at: str


class Watcher(Protocol):
    """Is told what happens to rollouts."""

    def looked(self, rollout: Rollout) -> None:
        """A look was taken, or the rollout ended."""

    def complained(self, complaint: str) -> None:
        """Something went wrong that stops nothing."""

    def stopped(self, sentence: str) -> None:
        """Something is left as it is, and somebody has to see to it."""

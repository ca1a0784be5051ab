"""How far a run is, lane by lane: a block of lines that a terminal can show again and again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lambda_tailor.model.plan import Operation
from lambda_tailor.planning.estimate import lane_of_operation, seconds_left
from lambda_tailor.report.texts import duration

ScopeLane = tuple[tuple[str, str], str]
_NAMES: Mapping[str, str] = {
    "lambda": "lambda", "cloudwatch:PutMetricAlarm": "alarms", "logs:PutRetentionPolicy": "log groups",
}  # fmt: skip
# Where so few are done, their pace says little, and AWS's quota says it.
_ENOUGH = 5
_BAR = 16


@dataclass(frozen=True, slots=True)
class LaneState:
    """One lane over all accounts and regions: ``left_s`` is by its own pace, or by AWS's quota before it has one."""

    name: str
    done: int
    total: int
    per_second: float
    left_s: float


class Lanes:
    """Counts a run's operations by lane. ``clock`` is in seconds."""

    def __init__(self, operations: Sequence[Operation], share: float, clock: Callable[[], float]) -> None:
        self._clock, self._share = clock, share
        self._planned = Counter(_where(operation) for operation in operations)
        self._waiting = Counter(self._planned)
        self._began = clock()

    def ended(self, operation: Operation) -> None:
        """An operation ended."""
        self._waiting[_where(operation)] -= 1

    def left_s(self) -> float:
        """Seconds until all of it is done, if AWS's request quotas are all that it waits for."""
        return seconds_left(self._waiting, self._share)

    def slowest(self) -> tuple[ScopeLane, int, int]:
        """The lane of an account and region that takes longest, how many of it are done, and of how many."""
        where = max(self._waiting, key=lambda w: seconds_left({w: self._waiting[w]}, self._share))
        return where, self._planned[where] - self._waiting[where], self._planned[where]

    def states(self) -> list[LaneState]:
        """Each lane, the one with the most left last."""
        elapsed = max(self._clock() - self._began, 0.001)
        found = []
        for lane in dict.fromkeys(lane for _, lane in self._planned):
            total = sum(n for (_, name), n in self._planned.items() if name == lane)
            waiting = {where: n for where, n in self._waiting.items() if where[1] == lane and n > 0}
            done = total - sum(waiting.values())
            pace = done / elapsed
            left = (total - done) / pace if done >= _ENOUGH else seconds_left(waiting, self._share)
            found.append(LaneState(_NAMES.get(lane, lane.partition(":")[2] or lane), done, total, pace, left))
        return sorted(found, key=lambda state: state.left_s)


def block(states: Sequence[LaneState], width: int, *, plain: bool = False) -> list[str]:
    """A line for each lane; ``plain`` where the terminal knows no blocks."""
    if not states:
        return []
    name = min(max(len(state.name) for state in states), 20)
    number = max(len(f"{state.total:,}") for state in states)
    full, empty = ("#", ".") if plain else ("█", "░")
    lines = []
    for state in states:
        filled = round(_BAR * state.done / state.total)
        bar = full * filled + empty * (_BAR - filled)
        left = "done" if state.done == state.total else f"{duration(state.left_s)} left"
        counts = f"{state.done:>{number},}/{state.total:<{number},}"
        lines.append(f"  {state.name[:name]:<{name}}  {bar}  {counts}  {state.per_second:>6.1f}/s  {left}"[: width - 1])
    return lines


def _where(operation: Operation) -> ScopeLane:
    return (operation.account_id, operation.region), lane_of_operation(operation)

"""A guarded rollout's slowest hundredth of the runs, look by look, with when it was applied and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lambda_tailor.model.rollout import Rollout, RolloutStatus
from lambda_tailor.report.page.charts import FULL
from lambda_tailor.report.texts import clean

_ENDED = {
    RolloutStatus.PROMOTED: "promoted",
    RolloutStatus.ROLLED_BACK: "put back",
    RolloutStatus.INCONCLUSIVE: "ended",
}
# The greatest value stays below the words of the marks.
_ROOM = 1.45

_Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the time axis, in per cent, with its words."""

    x: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class RolloutChart:
    """Both sides' lines as points of a polyline; ``dots`` are the last of each, ``label`` says all in words."""

    total: str
    label: str
    old: str
    new: str
    dots: tuple[tuple[float, float], ...]
    marks: tuple[Mark, ...]
    first: str
    last: str


def rollout_chart(rollout: Rollout) -> RolloutChart | None:
    """None where the looks tell of fewer than two moments of the new side."""
    if not rollout.looks or not rollout.started_at:
        return None
    begin = datetime.fromisoformat(rollout.started_at)
    end = datetime.fromisoformat(rollout.looks[-1].at)
    span = (end - begin).total_seconds()
    known = [(look.at, look.old.lately_p99_ms, look.new.lately_p99_ms) for look in rollout.looks]
    every = [ms for _, old, new in known for ms in (old, new) if ms is not None]
    if span <= 0 or sum(new is not None for _, _, new in known) < 2:
        return None
    top = max(every) * _ROOM or 1.0

    def places(side: int) -> _Points:
        return [
            ((datetime.fromisoformat(each[0]) - begin).total_seconds() / span * FULL, FULL - ms / top * FULL)
            for each in known
            if (ms := (each[1], each[2])[side]) is not None
        ]

    old, new = places(0), places(1)
    total = _total(known)
    applied = Mark(0.0, "start", f"applied {begin:%H:%M}")
    marks = [applied]
    if (word := _ENDED.get(rollout.status)) is not None:
        marks.append(Mark(FULL, "end", f"{word} {end:%H:%M}"))
    told = ", ".join(mark.text for mark in marks)
    return RolloutChart(
        total=total,
        label=clean(f"Slowest hundredth of the runs of {rollout.function}, look by look: {total}; {told}"),
        old=_line(old),
        new=_line(new),
        dots=tuple(side[-1] for side in (old, new) if side),
        marks=tuple(marks),
        first=f"{begin:%H:%M}",
        last=f"{end:%H:%M} UTC",
    )


def _total(known: list[tuple[str, float | None, float | None]]) -> str:
    """The last value that each side had."""
    ends = []
    for name, values in (("old", [old for _, old, _ in known]), ("new", [new for _, _, new in known])):
        last = next((ms for ms in reversed(values) if ms is not None), None)
        if last is not None:
            ends.append(f"{name} {last:,.0f} ms")
    return ", ".join(ends)


def _line(points: _Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

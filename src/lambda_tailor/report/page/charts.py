"""The geometry of the pages' charts, in percent of their plots. The markup is in ``templates/charts.j2``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.report.texts import brief

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a bar: where it begins, how wide it is, and what it is drawn as (a class of the style sheet)."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, its label, and on which side of the place the label stands."""

    at: float
    label: str
    anchor: str = "middle"


def split_bar(measured: MonthlyUsd, assumed: MonthlyUsd) -> list[Bar]:
    """Measured up to its low end, on to its high end, then the same of what is assumed; none where nothing is saved."""
    parts = [
        ("measured", measured.low),
        ("measured-range", measured.high - max(measured.low, Decimal(0))),
        ("assumed", assumed.low),
        ("assumed-range", assumed.high - max(assumed.low, Decimal(0))),
    ]
    sizes = [(kind, max(float(size), 0.0)) for kind, size in parts]
    whole = sum(size for _, size in sizes)
    # A hollow bar's frame lies half outside of it.
    return _in_a_row(sizes, whole, 99.8) if whole else []


def _in_a_row(sizes: Sequence[tuple[str, float]], whole: float, room: float) -> list[Bar]:
    bars, at = [], 0.0
    for kind, size in sizes:
        width = size / whole * room
        if width > 0:
            bars.append(Bar(at, width, kind))
        at += width
    return bars


@dataclass(frozen=True, slots=True)
class Scale:
    """From US dollars to percent of a plot, with round ticks."""

    least: float
    most: float
    ticks: tuple[Tick, ...]

    def at(self, usd: float | Decimal) -> float:
        """Where the amount stands."""
        span = self.most - self.least
        return (float(usd) - self.least) / span * FULL if span else 0.0


def scale(least: float, most: float, *, room: float = 1.02) -> Scale:
    """A scale from ``least`` (zero or below) to a little over ``most``, with three to five round ticks."""
    most = max(most, 0.0) * room
    least = min(least, 0.0) * room
    if most == least:
        most = 1.0
    # Long labels need room.
    step = _round_step(most - least, 5 if most < 100_000 else 3)
    first = math.ceil(least / step)
    marks = [n * step for n in range(first, math.floor(most / step) + 1)]
    whole = Scale(least, most, ())
    ticks = tuple(_tick(whole.at(mark), mark) for mark in marks)
    return Scale(least, most, ticks)


def _tick(at: float, mark: float) -> Tick:
    anchor = "start" if at < 1 else "end" if at > FULL - 3 else "middle"
    return Tick(at, brief(Decimal(str(round(mark, 6)))), anchor)


def _round_step(span: float, most: int) -> float:
    """1, 2, 2.5 or 5 times a power of ten, so that a span has at most so many of it."""
    power: float = 10.0 ** math.floor(math.log10(span / most))
    return next((power * m for m in (1, 2, 2.5, 5, 10) if span / (power * m) <= most), power * 10)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a waterfall: its bars, and where the line to the next row runs, or None at the end."""

    bars: tuple[Bar, ...]
    on: float | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The rows' steps, the net's, and the scale that they share."""

    scale: Scale
    steps: tuple[Step, ...]
    net: Step


def waterfall(amounts: Sequence[MonthlyUsd], net: MonthlyUsd) -> Waterfall:
    """Savings to the right, costs to the left; the running line is on the careful end, so that it ends at net's low."""
    cumulated = [0.0]
    for amount in amounts:
        cumulated.append(cumulated[-1] + float(amount.low))
    reached = [begin + float(amount.high) for begin, amount in zip(cumulated, amounts, strict=False)]
    axis = scale(min(*cumulated, float(net.low), *reached, 0.0), max(*cumulated, float(net.high), *reached, 0.0))
    steps = []
    for begin, amount in zip(cumulated, amounts, strict=False):
        low, high = float(amount.low), float(amount.high)
        bars = _saving(axis, begin, low, high) if high > 0 else _cost(axis, begin, -high, -low)
        steps.append(Step(tuple(bars), axis.at(begin + low)))
    last = Step(tuple(_saving(axis, 0.0, float(net.low), float(net.high), "net")), None)
    return Waterfall(axis, tuple(steps), last)


def _saving(axis: Scale, begin: float, low: float, high: float, kind: str = "save") -> list[Bar]:
    solid, hatched = (begin, begin + max(low, 0)), (begin + max(low, 0), begin + high)
    if low < 0 and kind == "net":
        # A net that may be below zero has no sure part: only its range.
        solid, hatched = (0.0, 0.0), (low, high)
    elif low < 0:
        hatched = (begin + low, begin + high)
    return [*_bar(axis, *solid, kind), *_bar(axis, *hatched, f"{kind}-range")]


def _cost(axis: Scale, begin: float, least: float, most: float) -> list[Bar]:
    return [*_bar(axis, begin - least, begin, "cost"), *_bar(axis, begin - most, begin - least, "cost-range")]


def _bar(axis: Scale, begin: float, end: float, kind: str) -> list[Bar]:
    if end <= begin:
        return []
    at, to = axis.at(begin), axis.at(end)
    # What is there is seen: two pixels of a narrow plot.
    return [Bar(at, max(to - at, 0.6), kind)]


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised as a stretch, exact where it has no width, and where what was realized stands, if known."""

    x: float
    width: float
    exact: bool
    realized: float | None


def promise(axis: Scale, promised: MonthlyUsd, realized: Decimal | None) -> Promise:
    """A promise and what became of it on a shared scale."""
    low, high = axis.at(promised.low), axis.at(promised.high)
    return Promise(low, high - low, high - low < 1.0, None if realized is None else axis.at(realized))


@dataclass(frozen=True, slots=True)
class Spark:
    """A line of one value a day, from zero: points for a polygon and a polyline, the peak, and a limit's height."""

    area: str
    line: str
    peak_x: float
    peak_y: float
    peak_anchor: str
    limit_y: float | None


def spark(values: Sequence[float | None], limit: float | None = None) -> Spark | None:
    """None where there are fewer than two values, or nothing but zeros."""
    known = [(n, v) for n, v in enumerate(values) if v is not None]
    if len(known) < 2 or not any(v for _, v in known):
        return None
    peak_at, peak = max(known, key=lambda item: item[1])
    top = max(peak * 1.45, (limit or 0) * 1.5)
    places = [(n / (len(values) - 1) * FULL, FULL - v / top * FULL) for n, v in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[known.index((peak_at, peak))]
    anchor = "start" if x < 12 else "end" if x > 88 else "middle"
    area = f"{places[0][0]:.1f},100 {line} {places[-1][0]:.1f},100"
    return Spark(area, line, x, y, anchor, None if limit is None else FULL - limit / top * FULL)

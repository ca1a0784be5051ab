"""The geometry of the chart of cost against memory: x is the logarithm of the size, y begins at zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.report.curves import Curve
from lambda_tailor.report.page.charts import FULL, Tick, scale
from lambda_tailor.report.texts import brief_range
from lambda_tailor.report.tuned_curve import TunedCurve

# Where zero stands: labels of the sizes are below it. Percent of the plot's height.
GROUND = 88.0
# Names closer to each other than this stand back to back. Percent of the plot's width.
_APART = 38.0
# How far a name reaches to the left and right of its size on the narrowest page, in percent of the width; and how high
# it may stand, since it is two lines high.
_REACH = {"end": (-30.0, 0.0), "middle": (-15.0, 15.0), "start": (0.0, 30.0)}
_TOP = 14.0
_CLOSE = 14.0
_STEPS = 20
_Place = Callable[[float | Decimal], float]
# Sizes that people know, for the axis.
_KNOWN = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 5120, 7168, 10240)


@dataclass(frozen=True, slots=True)
class Mark:
    """A named size: where it stands, where its estimate begins, its money, and on which side its name is."""

    name: str
    x: float
    y: float
    top: float
    money: str
    size: str
    anchor: str
    measured: bool


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured size."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class CurveChart:
    """The band as a polygon, the dots, the two named sizes, the ticks, and what is said of it."""

    band: str
    dots: tuple[Dot, ...]
    marks: tuple[Mark, ...]
    sizes: tuple[Tick, ...]
    money: tuple[Tick, ...]
    measured: str
    label: str
    band_means: str


def curve_chart(
    curve: Curve | TunedCurve,
    proposed_name: str = "proposed",
    now_name: str = "now",
    band_means: str = "bound by CPU at one edge, not bound at the other",
) -> CurveChart:
    """The drawing of a curve, with the size that the function has and the one that is proposed."""
    now, proposed = curve.now_mb, curve.proposed_mb
    sizes = [point.memory_mb for point in curve.points]
    least, most = curve.shown
    if now != proposed and abs(math.log(now / proposed)) / math.log(most / least) * FULL < _CLOSE:
        # The right one's name needs room on its right.
        most *= 2
    from_mb, to_mb = max(least, curve.known[0]), min(most, curve.known[1])
    grid = [from_mb * (to_mb / from_mb) ** (n / _STEPS) for n in range(_STEPS + 1)]
    # What was measured lies on the grid, so that the band closes there.
    grid = sorted({*grid, *(float(size) for size in sizes if from_mb <= size <= to_mb)})
    band = [(size, curve.at(round(size))) for size in grid]
    axis = scale(0, float(max(usd.high for _, usd in band)), room=1.3)

    def x(size: float | Decimal) -> float:
        return math.log(float(size) / least) / math.log(most / least) * FULL

    def y(usd: float | Decimal) -> float:
        return GROUND - axis.at(usd) / FULL * GROUND

    high = [f"{x(size):.1f},{y(usd.high):.1f}" for size, usd in band]
    low = [f"{x(size):.1f},{y(usd.low):.1f}" for size, usd in reversed(band)]
    named = {now_name: now, proposed_name: proposed} if now != proposed else {f"{now_name}, {proposed_name}": now}
    marks = _marks(curve, named, x, y, [(x(size), y(usd.high)) for size, usd in band])
    return CurveChart(
        band=" ".join([*high, *low]),
        dots=tuple(Dot(x(point.memory_mb), y(point.usd)) for point in curve.points),
        marks=marks,
        sizes=tuple(_known_sizes(least, most, marks, x)),
        money=tuple(Tick(GROUND - tick.at / FULL * GROUND, tick.label) for tick in axis.ticks),
        measured=_measured(curve),
        label=f"Cost of a million invocations: {_told(curve.at(now))} at {now:,} MB {now_name}, "
        f"{_told(curve.at(proposed))} at {proposed:,} MB {proposed_name}",
        band_means=band_means,
    )


def _known_sizes(least: float, most: float, marks: Sequence[Mark], x: _Place) -> Iterator[Tick]:
    """Sizes that people know, away from the named ones and from each other."""
    last = -FULL
    for size in _KNOWN:
        at = x(size) if least <= size <= most else -FULL
        near = any(abs(at - mark.x) <= (22 if mark.anchor == "middle" else 31) for mark in marks)
        if 3 < at < 97 and not near and at - last > 18:
            last = at
            yield Tick(at, f"{size:,}")


def _marks(
    curve: Curve | TunedCurve, named: dict[str, int], x: _Place, y: _Place, edge: Sequence[tuple[float, float]]
) -> tuple[Mark, ...]:
    """The named sizes; ``edge`` is the upper edge of the band, above which their names stand."""
    places = {name: x(size) for name, size in named.items()}
    # A name alone is as one with another far away.
    near = len(places) > 1 and max(places.values()) - min(places.values()) < _APART
    marks = []
    for name, size in named.items():
        usd = curve.at(size)
        measured = any(point.memory_mb == size for point in curve.points)
        anchor = "middle"
        if near and places[name] == min(places.values()):
            anchor = "end"
        elif near and places[name] < 75:
            anchor = "start"
        middle = (usd.low + usd.high) / 2
        left, right = _REACH[anchor]
        above = [at for across, at in edge if left <= across - places[name] <= right]
        top = max(min([y(usd.high), *above]), _TOP)
        marks.append(Mark(name, places[name], y(middle), top, _told(usd), f"{size:,}", anchor, measured))
    return tuple(marks)


def _told(usd: MonthlyUsd) -> str:
    return brief_range(usd)


def _measured(curve: Curve | TunedCurve) -> str:
    runs = (f"{p.memory_mb:,} MB in {p.samples:,} run{'' if p.samples == 1 else 's'}" for p in curve.points)
    return f"measured: {', '.join(runs)}"

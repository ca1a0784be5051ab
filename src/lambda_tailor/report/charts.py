"""Charts as SVG, drawn into the page. Colours that the colour-blind tell apart; the page's style adapts them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import leather

from lambda_tailor.report.curves import Curve
from lambda_tailor.report.tables import Total
from lambda_tailor.report.texts import clean

LOW, HIGH = "#005a8f", "#8ccbf2"  # a dark and a light blue, told apart by lightness alone
NOW, PROPOSED = "#b35900", "#1b7837"  # an orange and a green that differ in lightness too
_WIDTH, _BAR, _FRAME, _LABEL, _CURVE = 760, 30, 150, 34, 320


def savings(totals: Sequence[Total], label: str) -> str:
    """Horizontal bars of US dollars a month, the careful end drawn over the hopeful one; empty without money.

    ``label`` is the text alternative. Bars are in the order given, from the top.
    """
    paid = [total for total in totals if total.monthly.low or total.monthly.high]
    if not paid:
        return ""
    names = _unique([_short(total.name) for total in paid])
    chart = leather.Chart()
    for colour, name, amounts in (
        (HIGH, "hopeful end", [total.monthly.high for total in paid]),
        (LOW, "careful end", [total.monthly.low for total in paid]),
    ):
        chart.add_bars(list(zip(map(float, amounts), names, strict=True)), name=name, fill_color=colour)
    chart.add_x_axis(name="US dollars a month", tick_formatter=_dollars)
    height = _FRAME + _BAR * len(paid)
    return _accessible(chart.to_svg(width=_WIDTH, height=height), height, label)


def cost_by_memory(curve: Curve, label: str) -> str:
    """US dollars a million invocations against memory in MB, with the present and the proposed size marked."""
    points = [(point.memory_mb, float(point.usd)) for point in curve.points]
    chart = leather.Chart()
    # From zero on: a curve that begins at its lowest point makes every saving look large.
    chart.add_y_scale(0, 1.1 * max(usd for _, usd in points))
    chart.add_line(points, name="measured", stroke_color=LOW, width=3)
    chart.add_dots(points, name="sizes that it ran at", fill_color=LOW, radius=4)
    for name, size, colour in (("now", curve.change.before, NOW), ("proposed", curve.change.after, PROPOSED)):
        marked = [point for point in points if point[0] == size]
        if marked:
            chart.add_dots(marked, name=name, fill_color=colour, radius=7)
    chart.add_x_axis(name="Memory in MB")
    chart.add_y_axis(name="US dollars a million invocations", tick_formatter=_dollars)
    return _accessible(chart.to_svg(width=_WIDTH, height=_CURVE), _CURVE, label)


def _dollars(value: float, _index: int, _count: int) -> str:
    return f"-${-value:,.10g}" if value < 0 else f"${value:,.10g}"


def _short(name: str) -> str:
    name = clean(name).replace("\n", " ")
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"


def _unique(names: Sequence[str]) -> list[str]:
    """Names told apart, since two bars of one name would be one bar."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    told: dict[str, int] = {}
    result = []
    for name in names:
        told[name] = told.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({told[name]})")
    return result


def _accessible(svg: str, height: int, label: str) -> str:
    """The drawing as one image with a text alternative, which scales with the page."""
    escaped = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    head = f'<svg class="chart" role="img" aria-label="{escaped}" viewBox="0 0 {_WIDTH} {height}"'
    # A width attribute keeps its size where a mail program drops the page's style.
    return re.sub(r"<svg\b", lambda _: head, svg, count=1)

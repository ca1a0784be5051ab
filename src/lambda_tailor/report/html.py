"""A plan, and the run that applied it, as one self-contained page: no request, no script needed, nothing unescaped."""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lambda_tailor.model.evidence import Quote
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.run import Run
from lambda_tailor.report import charts
from lambda_tailor.report.curves import Curve, curves
from lambda_tailor.report.tables import (
    Total,
    by_account,
    by_region,
    by_rule,
    first_to_read,
    function_of,
    rows,
    totals,
)
from lambda_tailor.report.terminal import assumption_lines, plan_total
from lambda_tailor.report.texts import clean, count, place, usd, usd_range, value, worth

# A chart of more bars than this is a wall; the table behind it has them all.
BARS = 15
CURVES = 10


def render(plan: Plan, run: Run | None = None) -> str:
    """The page. With ``run`` it tells what became of each change and how to undo it."""
    return _environment().get_template("report.html.j2").render(
        plan=plan,
        run=run,
        total_line=plan_total(plan),
        first=first_to_read(plan),
        rows=rows(plan),
        groups=_groups(plan),
        sizes=_sizes(every := curves(plan)),
        more_sizes=len(every) - len(every[:CURVES]),
        assumptions=assumption_lines(plan)[1:],
    )  # fmt: skip


def _groups(plan: Plan) -> list[dict[str, Any]]:
    """By what the money is added up, each with its chart and the table behind it."""
    groups = []
    for title, name in (
        ("rule", by_rule),
        ("function", function_of(plan)),
        ("region", by_region),
        ("account", by_account),
    ):
        found = totals(plan, name)
        groups.append({"title": title, "totals": found, "chart": _chart(title, found), "bars": BARS})
    return groups


def _sizes(found: list[Curve]) -> list[dict[str, Any]]:
    """The curves with their drawings."""
    return [{"curve": curve, "chart": _curve(curve)} for curve in found[:CURVES]]


def _curve(curve: Curve) -> Markup:
    cheapest = min(curve.points, key=lambda point: point.usd)
    label = (
        f"Line chart of cost against memory for {clean(curve.function.name)}: cheapest at {cheapest.memory_mb} MB, "
        f"{usd(cheapest.usd)} a million invocations. The table below has every figure."
    )
    return Markup(charts.cost_by_memory(curve, label))  # noqa: S704 - drawn from numbers alone, the label escaped


def _chart(title: str, found: list[Total]) -> Markup:
    """The drawing; a single bar says no more than its row, so that there is none."""
    shown = [total for total in found if total.monthly.low or total.monthly.high][:BARS]
    if len(shown) < 2:
        return Markup()
    most = f"{clean(shown[0].name)} saves most, {usd_range(shown[0].monthly)} a month"
    label = f"Bar chart of monthly savings by {title}: {most}. The table below has every figure."
    return Markup(charts.savings(shown, label))  # noqa: S704 - the chart library escapes names; a test holds it to that


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lambda_tailor", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clean=clean,
        usd=usd,
        usd_range=usd_range,
        worth=worth,
        value=value,
        count=count,
        place=place,
        evidence=_evidence,
    )  # fmt: skip
    return environment


def _evidence(quote: Quote) -> str:
    where = f"{quote.source}, {quote.window_days:g} days, {count(quote.samples, 'sample')}"
    return f"{quote.name} {quote.value:g} {quote.unit} ({where})"

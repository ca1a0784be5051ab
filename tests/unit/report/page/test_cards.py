"""The evidence of a function's card."""

from __future__ import annotations

from dataclasses import replace

from lambda_tailor.model.plan import Series
from lambda_tailor.report import html
from tests.unit.report.plans import a_change, a_plan, a_planned


def page(series: Series) -> str:
    return html.render(a_plan(replace(a_planned("f", (a_change(),)), series=(series,))))


def test_a_sample_is_called_one_in_the_chart_of_memory() -> None:
    values = (390.0, None, 400.0)
    series = Series(name="memory_used", first_day="2026-11-10", values=values, sampled=True)
    assert "Peak memory a day, in a sample" in page(series)
    assert "in a sample" not in page(replace(series, sampled=False))


def test_a_memory_that_is_not_known_by_day_has_a_reason_instead_of_a_chart() -> None:
    shown = page(Series(name="memory_used", first_day="", values=(), because="the sample is not of several days"))
    assert "no peak memory by day: the sample is not of several days" in shown
    assert "Peak memory a day" not in shown

"""The page: complete, escaped, the same each time."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

from lambda_tailor.report import charts, html
from lambda_tailor.report.tables import by_function, by_rule, function_of, totals
from tests.unit.report.plans import HOSTILE, a_change, a_plan, a_planned, fleet, money, small_plan


def test_names_with_html_in_them_are_text_everywhere_on_the_page() -> None:
    page = html.render(small_plan())
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_the_page_names_nothing_that_would_be_fetched() -> None:
    page = html.render(small_plan())
    without_namespace = page.replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|https?://""", without_namespace.replace("src=x", "")
    )


def test_each_heading_is_one_level_under_the_one_before() -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", html.render(small_plan()))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_blocked_changes_come_before_the_money() -> None:
    page = html.render(small_plan())
    assert page.index("the longest run took 41 s") < page.index('id="money"')


def test_the_same_plan_gives_the_same_page() -> None:
    assert html.render(small_plan()) == html.render(small_plan())


def test_every_chart_has_a_text_alternative_and_a_table_behind_it() -> None:
    page = html.render(small_plan())
    drawn = re.findall(r"<svg[^>]*>", page)
    assert drawn and all('role="img"' in tag and "aria-label=" in tag for tag in drawn)
    assert all(f"Table by {by} (" in page for by in ("rule", "function", "region", "account"))


def test_a_chart_is_well_formed_with_any_name_in_it() -> None:
    plan = a_plan(a_planned(HOSTILE, (a_change(),)), a_planned("a\x1b[31m&b", (a_change(),)))
    ElementTree.fromstring(charts.savings(totals(plan, by_function), HOSTILE))


def test_two_names_that_are_cut_to_the_same_keep_bars_of_their_own() -> None:
    plan = a_plan(*(a_planned("x" * 60 + end, (a_change(),)) for end in "ab"))
    drawn = charts.savings(totals(plan, by_function), "label")
    assert "(1)" in drawn and "(2)" in drawn


def test_a_plan_without_money_has_no_chart() -> None:
    plan = a_plan(a_planned("a", (a_change(monthly_usd=money("0")),)))
    assert charts.savings(totals(plan, by_rule), "label") == ""
    assert "<svg" not in html.render(plan)


def test_totals_by_rule_and_by_function_come_to_the_same() -> None:
    plan = fleet(30)
    sums = [sum(t.monthly.high for t in totals(plan, name)) for name in (by_rule, by_function)]
    assert sums[0] == sums[1] == plan.summary.monthly_saving_usd.high - plan.summary.monthly_added_usd


def test_a_function_is_told_from_one_of_that_name_elsewhere() -> None:
    here, there = a_planned("same", (a_change(),)), a_planned("same", (a_change(),), region="eu-west-1")
    plan = a_plan(here, there)
    names = [total.name for total in totals(plan, function_of(plan))]
    assert sorted(names) == ["same (123456789012, eu-west-1)", "same (123456789012, us-east-1)"]
    alone = a_plan(here)
    assert [total.name for total in totals(alone, function_of(alone))] == ["same"]

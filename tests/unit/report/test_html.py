"""The pages: complete, escaped, the same each time, and as they were in every state that they are built for."""

from __future__ import annotations

import itertools
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lambda_tailor.report import html
from lambda_tailor.report.tables import by_function, by_rule, function_of, totals
from tests.unit.report import run_states
from tests.unit.report.plans import HOSTILE, a_change, a_plan, a_planned, fleet, small_plan

GOLDEN = Path(__file__).parents[2] / "golden" / "pages"
PAGES = run_states.pages()
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
# A plan's id is a hash over all that it says: another field changes it, and nothing that is seen.
_PLAN_ID = re.compile(r"plan-[0-9a-f]{16}")
_VERSION = re.compile(r"Made by lambda-tailor [^<]*\.</p>")


def shown(page: str) -> str:
    """A page without its style sheet, its version and its plan's id, which change on their own."""
    bare = _VERSION.sub("Made by lambda-tailor.</p>", _STYLE.sub("<style></style>", page))
    return _PLAN_ID.sub("plan-0000000000000000", bare)


@pytest.mark.parametrize("state", sorted(PAGES))
def test_each_state_looks_as_it_did(state: str) -> None:
    """After a wanted change: LAMBDA_TAILOR_GOLDEN=write pytest FILE, and look at every page."""
    file = GOLDEN / f"{state}.html"
    if os.environ.get("LAMBDA_TAILOR_GOLDEN") == "write":
        file.write_text(shown(PAGES[state]), encoding="utf-8")
    assert shown(PAGES[state]) == shown(file.read_text(encoding="utf-8"))


def test_there_is_no_golden_page_of_a_state_that_is_gone() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(PAGES)


@pytest.mark.parametrize("state", sorted(PAGES))
def test_the_page_names_nothing_that_would_be_fetched(state: str) -> None:
    assert not fetched(PAGES[state])
    assert fetched(PAGES[state].replace("<main", '<img src="x.png"><main'))


def fetched(page: str) -> list[str]:
    return re.findall(r"""(?:src|href)\s*=\s*["'](?!#)|url\((?!#)|@import|https?://|<script""", page)


def test_names_with_html_in_them_are_text_everywhere_on_the_page() -> None:
    page = html.render(small_plan())
    assert "<img" not in page and "&lt;img src=x" in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("state", sorted(PAGES))
def test_each_heading_is_one_level_under_the_one_before(state: str) -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", PAGES[state])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


class Checked(HTMLParser):
    """Tags that are not closed, ids, and links within the page."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.unnamed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href"):
            self.links.append(str(given["href"]))
        outermost = tag == "svg" and "svg" not in self.open
        if outermost and "aria-hidden" not in given and not (given.get("role") == "img" and given.get("aria-label")):
            self.unnamed.append(str(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("state", sorted(PAGES))
def test_a_page_is_whole(state: str) -> None:
    """Every tag is closed, no id is there twice, links have their target, drawings a name or nothing to say."""
    page = Checked()
    page.feed(PAGES[state])
    assert not page.open
    assert len(set(page.ids)) == len(page.ids) > 3
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert not page.unnamed


def test_the_first_screen_says_what_how_sure_and_how_safe() -> None:
    page = PAGES["showcase"]
    before = page[: page.index('id="money"')]
    said = ("Net saving a month", "measured", "assumed", "changes", "at risk", "blocked")
    assert [word for word in said if word not in before] == []
    assert before.count('class="tag') == 0


def test_what_holds_for_most_functions_is_said_once() -> None:
    """Ten of fourteen functions keep their logs for ever: that is a reason to decide on, and no tag of each."""
    page = PAGES["showcase"]
    cards = re.findall(r'<details class="fn".*?</summary>', page, re.DOTALL)
    assert len(cards) == 14
    assert page.count("Older logs are deleted and cannot be put back") == 1
    assert sum("medium risk" in card for card in cards) == 3


def test_the_same_plan_gives_the_same_page() -> None:
    assert html.render(small_plan()) == html.render(small_plan())


def test_a_thousand_functions_are_less_than_a_megabyte_and_a_half() -> None:
    page = html.render(fleet(1000))
    assert len(page.encode()) < 1_500_000
    assert page.count('<details class="fn"') == 1000


def test_of_ten_thousand_functions_the_last_are_counted() -> None:
    page = html.render(fleet(2000))
    assert page.count('<details class="fn"') == 1500
    assert "500 more with less money" in page


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
    assert HOSTILE not in html.render(plan)

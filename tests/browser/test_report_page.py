"""The pages in a real browser: silent, offline, laid out at every width, readable, printable, quick."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ARTIFACTS
from tests.browser.layout import WIDTHS, faults
from tests.unit.report.plans import HOSTILE
from tests.unit.report.run_states import HISTORIES, RUNS
from tests.unit.report.states import PLANS
from tests.unit.report.tune_states import TUNES

STATES = [*PLANS, *RUNS, *HISTORIES, *TUNES]
LOOKED_AT = ("showcase", "run-finished", "run-guarded", "history", "tune")
Opened = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, folder: Path) -> Iterator[Opened]:
    """Opens the page of a state."""
    contexts = []

    def open_(state: str, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.heard, page.asked = [], []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((folder / f"{state}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("state", STATES)
def test_at_every_width_nothing_sticks_out_is_cut_off_or_overlaps(opened: Opened, state: str) -> None:
    page = opened(state)
    assert faults(page) == []
    assert page.heard == []
    assert [url.rpartition("/")[2] for url in page.asked] == [f"{state}.html"]


BROKEN = {
    "sticks out of its card": "document.querySelector('.lead p').style.cssText = 'position:relative; left:-40px'",
    "is cut off": "document.querySelector('h3').style.cssText = 'display:block; width:1px; overflow-wrap:normal'",
    "page is wider than the window": "document.querySelector('h1').style.width = '1400px'",
    "overlaps": "document.querySelectorAll('.frow.axis text').forEach((text) => text.setAttribute('x', '20'))",
}


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_the_check_of_the_layout_sees_what_is_broken(opened: Opened, fault: str) -> None:
    page = opened("showcase")
    page.evaluate(BROKEN[fault])
    found = faults(page)
    assert {text.split(" | ")[0] for text in found if fault in text} & {str(width) for width in WIDTHS}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", LOOKED_AT)
def test_text_stands_out_from_its_ground_and_the_page_is_kept_to_be_looked_at(
    opened: Opened, state: str, scheme: str
) -> None:
    page = opened(state, color_scheme=scheme)
    ARTIFACTS.mkdir(exist_ok=True)
    for width in (400, 800, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=ARTIFACTS / f"{state}-{width}-{scheme}.png", full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 15
    assert min(ratios.values()) >= 4.5, ratios


def test_a_name_with_html_in_it_shows_as_text(opened: Opened) -> None:
    page = opened("small")
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("h3").all_text_contents()


def test_everything_opens_from_the_keyboard(opened: Opened) -> None:
    page = opened("showcase")
    second = page.locator("details.fn").nth(1)
    second.locator("summary").focus()
    page.keyboard.press("Enter")
    assert second.evaluate("(details) => details.open")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_first_tab_leads_past_the_contents(opened: Opened) -> None:
    page = opened("showcase")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"


def test_a_link_under_decide_opens_the_functions_card(opened: Opened) -> None:
    page = opened("showcase")
    link = page.locator("#decide a").first
    target = link.get_attribute("href").removeprefix("#")
    closed = f"document.getElementById('{target}').closest('details').open"
    assert page.evaluate(closed) is False
    link.click()
    page.wait_for_function(closed, timeout=5000)


def test_a_screen_reader_hears_money_and_charts(opened: Opened) -> None:
    tree = opened("showcase").locator("body").aria_snapshot()
    assert "main" in tree and "navigation" in tree and "contentinfo" in tree
    assert re.search(r"Measured \$500 to \$722, assumed \$54 to \$77 a month", tree)
    assert "saves + $272 to $484" in tree
    assert re.search(r"Cost of a million invocations: \$34 at 3,008 MB now", tree)
    assert "becomes" in tree


def test_without_script_every_card_opens(opened: Opened) -> None:
    page = opened("showcase", java_script_enabled=False)
    page.locator("details.fn summary").nth(2).click()
    assert page.locator("details.fn").nth(2).locator(".chg").is_visible()


def test_in_a_mail_programs_sandbox_it_is_the_same_page(browser: Any, folder: Path) -> None:
    """A mail program shows a page in a frame that may do nothing; its own page has no style for us."""
    page = browser.new_page(viewport={"width": 800, "height": 900})
    frame = f'<iframe sandbox="" style="width:780px; height:880px" src="{(folder / "showcase.html").as_uri()}">'
    (folder / "mail.htm").write_text(frame, encoding="utf-8")
    page.goto((folder / "mail.htm").as_uri())
    shown = page.frame_locator("iframe").locator(".figure")
    assert shown.is_visible() and "$554" in shown.inner_text()
    page.close()


def test_without_its_style_no_drawing_grows_over_the_text(opened: Opened) -> None:
    page = opened("showcase")
    page.evaluate("document.querySelector('style').remove()")
    boxes = page.locator("svg").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
    assert len(boxes) > 50 and max(boxes) <= 224


def test_paper_has_every_change_and_no_dark(opened: Opened) -> None:
    page = opened("showcase", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    ratios = page.evaluate(CONTRAST)
    assert min(ratios.values()) >= 4.5, ratios
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    ARTIFACTS.mkdir(exist_ok=True)
    printed = page.pdf(path=ARTIFACTS / "report.pdf", format="A4")
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") >= 3


def test_a_thousand_functions_open_in_two_seconds(opened: Opened) -> None:
    began = time.monotonic()
    page = opened("fleet")
    assert page.locator(".figure").is_visible()
    took = time.monotonic() - began
    # Twice, where another process has the machine.
    if took >= 2:
        began = time.monotonic()
        page.reload()
        took = time.monotonic() - began
    assert took < 2
    assert page.locator("details.fn").count() == 1000


# WCAG 2.1, 1.4.3: relative luminance of each text's colour against the ground it stands on.
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const lum = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("script, .skip")) continue;
    const style = getComputedStyle(node);
    const colour = parse(node.closest("svg") ? style.fill : style.color);
    const pair = [lum(colour), lum(ground(node))].sort((a, b) => b - a);
    const name = `${node.tagName} ${node.className.baseVal ?? node.className} ${colour}`;
    found[name] = Math.min(found[name] ?? 99, (pair[0] + 0.05) / (pair[1] + 0.05));
  }
  return found;
}"""

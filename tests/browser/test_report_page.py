"""The page in a real browser: silent, offline, sortable, filterable, and quick with a thousand functions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.report import html
from tests.unit.report.plans import HOSTILE, fleet, small_plan

playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH")
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.html").write_text(html.render(small_plan()), encoding="utf-8")
    (tmp_path / "fleet.html").write_text(html.render(fleet(1000)), encoding="utf-8")
    return tmp_path


@pytest.fixture
def small(browser: Any, folder: Path) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.heard, page.asked = [], []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((folder / "small.html").as_uri())
    yield page
    page.close()


def test_the_console_is_silent(small: Any) -> None:
    assert small.heard == []


def test_nothing_but_the_page_itself_is_asked_for(small: Any) -> None:
    assert [url.rpartition("/")[2] for url in small.asked] == ["small.html"]


def test_a_name_with_html_in_it_shows_as_text(small: Any) -> None:
    assert small.locator("img").count() == 0
    assert HOSTILE in small.locator("#changes").text_content()


def test_sorting_by_money_puts_the_smallest_first_and_then_the_greatest(small: Any) -> None:
    button = small.locator("#changes th button", has_text="A month")
    first = small.locator("#changes tbody tr").first
    button.click()
    assert "adds $0.20" in first.inner_text()
    button.click()
    assert "$161.46" in first.inner_text()


def test_sorting_works_from_the_keyboard_and_is_announced(small: Any) -> None:
    button = small.locator("#changes th button", has_text="Setting")
    button.focus()
    small.keyboard.press("Enter")
    assert small.locator("#changes th[aria-sort=ascending]").inner_text().strip().startswith("Setting")


def test_filtering_by_text_and_by_status_hides_the_other_rows(small: Any) -> None:
    visible = small.locator("#changes tbody tr:visible")
    small.get_by_label("Filter").fill("timeout")
    assert visible.count() == 1
    small.get_by_label("Filter").fill("")
    small.get_by_label("Show").select_option("finding")
    assert visible.count() == 1 and "nobody invoked it" in visible.first.inner_text()


def test_without_script_everything_is_there(browser: Any, folder: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((folder / "small.html").as_uri())
    assert page.locator("#changes tbody tr:visible").count() == 6
    assert page.locator("svg.chart:visible").count() == 3
    page.context.close()


def test_a_thousand_functions_open_with_every_change_of_theirs(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "fleet.html").as_uri())
    assert page.locator("#changes tbody tr").count() == sum(len(f.changes) for f in fleet(1000).functions)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Any, folder: Path, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 900})
    page.goto((folder / "small.html").as_uri())
    ratios = page.evaluate(CONTRAST)
    assert min(ratios.values()) >= 4.5, ratios
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"report-{scheme}.png", full_page=True)
    page.close()


@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_is_never_wider_than_the_window(browser: Any, folder: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((folder / "small.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=ARTIFACTS / f"report-{width}.png", full_page=True)
    page.close()


def test_it_prints(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "small.html").as_uri())
    ARTIFACTS.mkdir(exist_ok=True)
    printed = page.pdf(path=ARTIFACTS / "report.pdf", format="A4")
    assert printed.startswith(b"%PDF")
    page.close()


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
    if (!own || node.closest("script")) continue;
    const style = getComputedStyle(node);
    const colour = parse(node.closest("svg") ? style.fill : style.color);
    const pair = [lum(colour), lum(ground(node))].sort((a, b) => b - a);
    const name = `${node.tagName} ${node.className.baseVal ?? node.className} ${colour}`;
    found[name] = (pair[0] + 0.05) / (pair[1] + 0.05);
  }
  return found;
}"""

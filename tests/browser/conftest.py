"""A real browser, for what only a browser can tell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of every state as a file, and one of a thousand functions."""
    from lambda_tailor.report import html
    from tests.unit.report.plans import fleet, small_plan
    from tests.unit.report.run_states import pages

    made = tmp_path_factory.mktemp("pages")
    for name, page in {**pages(), "small": html.render(small_plan()), "fleet": html.render(fleet(1000))}.items():
        (made / f"{name}.html").write_text(page, encoding="utf-8")
    return made

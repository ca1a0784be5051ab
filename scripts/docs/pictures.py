"""Draws the README's pictures from what the program really shows: the plan in a terminal, and the report in a browser.

    python -m scripts.docs.pictures

Needs the extra ``demo``, and Chromium for the report. Nothing is fetched from another host.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
COLUMNS = 108
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Draw both; 0 if they were drawn."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print("The picture of the report needs Chromium.", file=sys.stderr)
        return 1
    from lambda_tailor.demo.emulator import Emulator
    from lambda_tailor.demo.realize import realize

    with Emulator.start() as emulator, tempfile.TemporaryDirectory() as folder:
        os.environ.update(emulator.environment())
        realize("dev")
        import lambda_tailor
        from lambda_tailor.report import html
        from lambda_tailor.report.terminal import Terminal

        plan = lambda_tailor.plan(environment_suffix="dev")
        silent = io.StringIO()
        console = Console(record=True, width=COLUMNS, force_terminal=True, highlight=False, file=silent)
        Terminal(console=console).plan(plan)
        drawn = console.export_svg(title="lambda-tailor plan --environment-suffix dev")
        (FOLDER / "plan.svg").write_text(_without_fonts(drawn))
        page = Path(folder) / "report.html"
        page.write_text(html.render(plan))
        _photograph(browser, page, FOLDER / "report.png")
    return 0


def _without_fonts(svg: str) -> str:
    """The drawing in whatever monospaced font the reader has: the recorder's own is on another host."""
    bare = re.sub(r"<!--.*?-->", "", re.sub(r"@font-face\s*{[^}]*}", "", svg), flags=re.DOTALL)
    return bare.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace")


def _photograph(browser: str, page: Path, into: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = opened.new_page(viewport={"width": 1100, "height": 1300})
        tab.goto(page.as_uri())
        tab.screenshot(path=str(into))
        opened.close()


if __name__ == "__main__":
    sys.exit(main())

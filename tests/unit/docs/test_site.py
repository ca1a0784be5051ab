"""The site that ``make docs`` builds: it opens from a file, leads nowhere in vain, and asks no other host."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

ROOT = Path(__file__).parents[3]
# What a browser fetches by itself; <a> is followed only by who clicks on it.
FETCHED = ("src", "srcset", "href", "data", "poster", "xlink:href")


class Page(HTMLParser):
    """The ids of a page, where it leads, and what a browser fetches for it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.leads: list[str] = []
        self.fetches: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif tag == "a" and name == "href" and value:
                self.leads.append(value)
            elif name in FETCHED and value:
                self.fetches.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "scripts.docs.build", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file.resolve(): Page(file) for file in site.rglob("*.html")}


def test_it_has_every_page(site: Path) -> None:
    written = {f"docs/{page.stem}.html" for page in (ROOT / "docs").glob("*.md")}
    generated = {f"docs/{name}.html" for name in ("rules", "cli", "policy", "outputs")}
    built = {str(page.relative_to(site)) for page in site.rglob("*.html")}
    assert written | generated | {"index.html", "SECURITY.html", "CHANGELOG.html"} <= built


def test_no_page_fetches_anything_from_another_host(pages: dict[Path, Page]) -> None:
    fetched = {target for page in pages.values() for target in page.fetches}
    assert fetched
    assert {target for target in fetched if urlsplit(target).scheme not in ("", "data") or target[:2] == "//"} == set()


def test_no_style_fetches_anything_from_another_host(site: Path) -> None:
    styles = [*site.rglob("*.css"), *site.rglob("*.html"), *site.rglob("*.svg")]
    for file in styles:
        assert not re.search(r"@import\s|url\([\"']?(?:https?:)?//", file.read_text()), file.name


def test_every_relative_link_and_anchor_leads_somewhere(pages: dict[Path, Page]) -> None:
    seen = 0
    for file, page in pages.items():
        for target in (*page.leads, *page.fetches):
            if urlsplit(target).scheme or target.startswith("//"):
                continue
            path, anchor = urldefrag(target)
            found = (file.parent / unquote(path.partition("?")[0])).resolve() if path else file
            assert found.is_file(), f"{file.name}: {target}"
            if anchor and found in pages:
                assert unquote(anchor) in pages[found].ids, f"{file.name}: {target}"
            seen += 1
    assert seen > 500


def test_the_way_of_the_data_is_drawn_in_the_page_itself_in_the_colours_of_the_theme(pages: dict[Path, Page]) -> None:
    (file,) = (file for file in pages if file.name == "architecture.html")
    drawn = re.findall(r"<svg[^>]*class=\"way\".*?</svg>", file.read_text(), re.DOTALL)
    assert len(drawn) == 1
    assert 'aria-label="' in drawn[0] and 'data-theme="dark"' in drawn[0] and "prefers-color-scheme: dark" in drawn[0]
    for part in ("inventory", "evidence", "rules", "plan", "executor", "journal", "report"):
        assert f">{part}</text>" in drawn[0]

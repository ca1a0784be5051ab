"""Draws the way of the data: docs/pictures/way.svg for readers of the source, with a light background wherever it is
shown, and the same picture for the site, light or dark as the page is.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "way.svg"
WIDTH, HEIGHT = 960, 330
LIGHT = "--ink:#1b1f24;--ground:#fff;--world:#0b5fa5;--world-in:#e8f1fa;--pure:#3a7d2c;--pure-in:#eaf5e6"
DARK = "--ink:#e6e8eb;--ground:#1a1c1e;--world:#6cb2f0;--world-in:#12293d;--pure:#83c774;--pure-in:#1a301a"
# The reader's choice on the page goes before that of the system.
THEMED = (
    f'body[data-theme="dark"] .way{{{DARK}}}'
    f'@media (prefers-color-scheme: dark){{body:not([data-theme="light"]) .way{{{DARK}}}}}'
)
# Name, what it is, left, top, whether it touches the world outside.
BOXES = (
    ("inventory", "functions, tags,|reservations", 20, 40, True),
    ("evidence", "metrics, logs,|recommendations", 20, 190, True),
    ("rules", "one file each,|pure", 220, 115, False),
    ("plan", "changes, money,|operations: data", 400, 115, False),
    ("executor", "lanes by quota", 580, 115, True),
    ("journal", "before and after,|on disk first", 580, 235, True),
    ("report", "terminal, HTML,|Markdown, SARIF", 400, 235, True),
)
BOX_W, BOX_H = 140, 80
ARROWS = (
    ("inventory", "rules", ""),
    ("evidence", "rules", ""),
    ("rules", "plan", ""),
    ("plan", "executor", "yes"),
    ("executor", "journal", ""),
    ("plan", "report", ""),
)


def main() -> None:
    """Write the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawing())


def drawing() -> str:
    """The picture as a file."""
    return "\n".join(_lines(dark="")) + "\n"


def inline() -> str:
    """The picture as a part of a page: in the colours of the page's theme."""
    return "\n".join(_lines(THEMED))


def _lines(dark: str) -> Iterator[str]:
    label = "From inventory and evidence through rules, plan, executor and journal to AWS, and to the report"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" class="way" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    yield f'aria-label="{label}">'
    # Every selector starts with the picture's class: in a page, its styles are the page's.
    yield f"<style>.way{{{LIGHT}}}{dark}.way text{{font-family:system-ui,sans-serif;fill:var(--ink)}}"
    yield ".way .t{font-size:17px;font-weight:600}.way .s{font-size:13px}.way .b{fill:var(--ground)}"
    yield ".way .w{stroke:var(--world);fill:var(--world-in)}.way .p{stroke:var(--pure);fill:var(--pure-in)}"
    yield ".way .h{fill:var(--ink)}.way .a{stroke:var(--ink);stroke-width:1.6;fill:none;marker-end:url(#way-h)}</style>"
    yield '<defs><marker id="way-h" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    yield '<path class="h" d="M0 0L8 4L0 8z"/></marker></defs>'
    yield f'<rect class="b" width="{WIDTH}" height="{HEIGHT}" rx="10"/>'
    places = {name: (left, top) for name, _, left, top, _ in BOXES}
    for start, end, told in ARROWS:
        yield _arrow(places[start], places[end], told)
    yield '<rect class="w" x="790" y="115" width="150" height="80" rx="8" stroke-width="1.6" stroke-dasharray="5 4"/>'
    yield '<text class="t" x="865" y="150" text-anchor="middle">AWS</text>'
    yield '<text class="s" x="865" y="172" text-anchor="middle">one guarded call</text>'
    yield '<path class="a" d="M720 155H788"/>'
    yield '<path class="a" d="M865 113V24H92V38"/>'
    yield '<text class="s" x="480" y="18" text-anchor="middle">read by page, under the quotas</text>'
    yield '<path class="a" d="M650 235V197"/>'
    yield '<text class="s" x="662" y="222">rollback, resume</text>'
    for name, told, left, top, outside in BOXES:
        yield from _box(name, told, left, top, outside)
    yield '<text class="s" x="730" y="270">blue: touches the world outside</text>'
    yield '<text class="s" x="730" y="290">green: pure</text>'
    yield "</svg>"


def _box(name: str, told: str, left: int, top: int, outside: bool) -> Iterator[str]:
    kind = "w" if outside else "p"
    yield f'<rect class="{kind}" x="{left}" y="{top}" width="{BOX_W}" height="{BOX_H}" rx="8" stroke-width="1.6"/>'
    middle = left + BOX_W // 2
    yield f'<text class="t" x="{middle}" y="{top + 28}" text-anchor="middle">{escape(name)}</text>'
    for number, line in enumerate(told.split("|")):
        yield f'<text class="s" x="{middle}" y="{top + 49 + 17 * number}" text-anchor="middle">{escape(line)}</text>'


def _arrow(start: tuple[int, int], end: tuple[int, int], told: str) -> str:
    if start[0] == end[0]:
        x = start[0] + (BOX_W // 2 if start[0] == 400 else BOX_W // 3)
        return f'<path class="a" d="M{x} {start[1] + BOX_H}V{end[1] - 2}"/>'
    x1, y1, x2, y2 = start[0] + BOX_W, start[1] + BOX_H // 2, end[0] - 2, end[1] + BOX_H // 2
    word = f'<text class="s" x="{(x1 + x2) // 2}" y="{y1 - 8}" text-anchor="middle">{told}</text>' if told else ""
    return f'<path class="a" d="M{x1} {y1}L{x2} {y2}"/>{word}'


if __name__ == "__main__":
    main()

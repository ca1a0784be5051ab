"""The tables of docs/guarantees.md: each guard, and what came of the last pass, by kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.mutants.guard import Guard
from scripts.mutants.trying import KILLED, NOT_TRIED, ROOT, SURVIVED

PAGE = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- mutants: made by python -m scripts.mutants --write -->", "<!-- end of mutants -->"
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `[^|]+` \| ([^|]+) \|$", re.MULTILINE)
_PROMISE = re.compile(r"^\| ([^|]+) \| `(tests/[^`|]+)` \| ([^|]+) \|$", re.MULTILINE)
NONE = "none: "
Name = tuple[str, str]


def promises(page: str) -> list[tuple[str, str, str]]:
    """Each guarantee with its test, and the kind of guard without which that is red, or why there is none."""
    return [(promise, test, kind) for promise, test, kind in _PROMISE.findall(page.partition(BEGIN)[0])]


def came_before(page: str) -> dict[Name, str]:
    """What came of each guard, as the page has it."""
    rows = page.partition(BEGIN)[2].partition(END)[0]
    return {(kind, what): came for kind, what, came in _ROW.findall(rows)}


def table(guards: Sequence[Guard], came: Mapping[Name, str]) -> str:
    """The counts by kind, and every guard with the test that turns red without it."""
    kinds = dict.fromkeys(guard.kind for guard in guards)
    counted = ["| guarantee | points | killed | survived | not tried |", "|---|--:|--:|--:|--:|"]
    ends = [(guard.kind, came.get((guard.kind, guard.what), NOT_TRIED)) for guard in guards]
    for kind in kinds:
        those = [end for each, end in ends if each == kind]
        counted.append(_counts(kind, those))
    counted.append(_counts("**all**", [end for _, end in ends]))
    rows = [
        f"| {g.kind} | {g.what} | `{g.test}` | {came.get((g.kind, g.what), NOT_TRIED)} |" for g in guards
    ]  # fmt: skip
    return "\n".join(
        [*counted, "", "| guarantee | taken out, so that | turns red | came |", "|---|---|---|---|", *rows]
    )


def _counts(kind: str, ends: Sequence[str]) -> str:
    counts = " | ".join(str(ends.count(each)) for each in (KILLED, SURVIVED, NOT_TRIED))
    return f"| {kind} | {len(ends)} | {counts} |"


def written(page: str, guards: Sequence[Guard], came: Mapping[Name, str] | None = None) -> str:
    """The page with the tables of today; what was not tried now stays as it was."""
    before, _, rest = page.partition(BEGIN)
    known = {**came_before(page), **(came or {})}
    return f"{before}{BEGIN}\n{table(guards, known)}\n{END}{rest.partition(END)[2]}"


def read() -> str:
    """The page."""
    return PAGE.read_text()


def write(text: str, page: Path = PAGE) -> None:
    """Put it there."""
    page.write_text(text)

"""The recipes of docs/cookbook.md as they stand there: their commands, and what else is in their blocks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

COOKBOOK = Path(__file__).parents[2] / "docs/cookbook.md"
_SCHEDULE = re.compile(r"^(?:\S+ ){4}\S+\s+(?=lambda-tailor )")


def recipes() -> dict[str, str]:
    """The text of each recipe by its heading."""
    _, *parts = COOKBOOK.read_text().split("\n## ")
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def block(heading: str) -> list[str]:
    """The lines of a recipe that are indented, without what cron reads of them."""
    lines = [line[4:] for line in recipes()[heading].splitlines() if line.startswith("    ")]
    return [_SCHEDULE.sub("", line) for line in lines]


def commands(heading: str, **names: str) -> list[list[str]]:
    """The arguments of each command of a recipe, with names in place of the words in capitals; without redirections."""
    found = []
    for line in block(heading):
        program, *words = shlex.split(line.partition(" > ")[0])
        assert program == "lambda-tailor", line
        found.append([names.get(word, word) for word in words])
    assert found
    return found

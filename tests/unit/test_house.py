"""The house: a newcomer finds the room of every file, and each room says what it is for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "lambda_tailor"
FOLDERS = sorted(p.parent for p in SOURCE.glob("*/__init__.py"))
MOST_AT_THE_TOP, MOST_LINES = 9, 350


def test_few_modules_lie_at_the_top() -> None:
    found = sorted(path.name for path in SOURCE.glob("*.py"))
    assert len(found) <= MOST_AT_THE_TOP, f"which folder is the room of one of {found}?"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_says_what_lives_there_what_may_not_and_what_to_read_first(folder: Path) -> None:
    text = (folder / "__init__.py").read_text().split('"""')[1]
    assert re.search(r"\b(no|not|nothing|nobody|only)\b", text, re.IGNORECASE), f"{folder}: what may not live there?"
    named = re.findall(r"Read ``([\w/]+\.py)``", text)
    assert named, f"{folder}/__init__.py does not say which file to read first"
    assert all((folder / name).is_file() for name in named)


def test_no_file_is_too_long() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}
    assert len(long) > 150
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_unit_tests_lie_in_the_folders_of_their_subjects() -> None:
    mirrored = {
        path.parent.relative_to(ROOT / "tests" / "unit") for path in (ROOT / "tests" / "unit").rglob("test_*.py")
    }
    assert len(mirrored) > 10
    # Tests of the pages themselves have a folder of their own.
    strange = [str(each) for each in mirrored if str(each) != "docs" and not (SOURCE / each).is_dir()]
    assert strange == [], "tests/unit has folders that src/lambda_tailor has not"


def test_the_newcomers_table_names_paths_that_exist() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().split("| I want to", 1)[1].split("\n\n", 1)[0]
    paths = re.findall(r"`((?:src|tests|docs)/[\w./-]+)`", table)
    assert len(paths) >= 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    rows = re.findall(r"^\| ([a-z][a-z, ]*) \| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    words = [word for word, meaning in rows if meaning != "meaning"]
    assert len(words) > 30
    assert len(set(words)) == len(words)

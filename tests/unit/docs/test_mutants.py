"""The guards of ``make mutants``: each stands where it is said to, and the page tells of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.mutants.__main__ import PAGE, ROOT, mutated, written
from scripts.mutants.guard import Guard
from scripts.mutants.guards import GUARDS


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.kind}: {guard.what}")
def test_each_guard_stands_once_where_it_is_said_to(guard: Guard) -> None:
    text = (ROOT / "src" / "lambda_tailor" / guard.file).read_text()
    assert text.count(guard.old) == 1
    compile(text.replace(guard.old, guard.new), guard.file, "exec")
    assert (ROOT / guard.tests.split(" ")[0]).is_file()


def test_a_guard_that_is_gone_is_not_counted_as_killed(tmp_path: Path) -> None:
    file = tmp_path / "lambda_tailor" / "x.py"
    file.parent.mkdir()
    file.write_text("a = 1\n")
    assert not mutated(Guard("k", "w", "x.py", "b = 1", "", "t"), tmp_path)
    assert mutated(Guard("k", "w", "x.py", "a = 1", "a = 2", "t"), tmp_path)
    assert file.read_text() == "a = 2\n"


def test_the_page_has_the_table_of_today() -> None:
    assert written(PAGE.read_text()) == PAGE.read_text(), "run: python -m scripts.mutants --write"

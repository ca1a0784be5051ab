"""The guards of ``make mutants``: each stands where it is said to, and each guarantee of the page has one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from scripts.mutants import page, trying
from scripts.mutants.guard import Guard
from scripts.mutants.guards import GUARDS
from scripts.mutants.trying import KILLED, NOT_TRIED, ROOT, SURVIVED, mutated

PROMISES = page.promises(page.read())


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.kind}: {guard.what}")
def test_each_guard_stands_once_where_it_is_said_to(guard: Guard) -> None:
    for edit in guard.edits:
        text = (ROOT / "src" / "lambda_tailor" / edit.file).read_text()
        assert text.count(edit.old) == 1
        assert edit.old != edit.new
        compile(text.replace(edit.old, edit.new), edit.file, "exec")
    file, _, name = guard.test.partition("::")
    assert (ROOT / file).is_file()
    assert not name or f"\ndef {name}(" in (ROOT / file).read_text()


def test_no_two_guards_are_called_the_same() -> None:
    assert not [name for name, n in Counter((guard.kind, guard.what) for guard in GUARDS).items() if n > 1]


def test_every_guarantee_of_the_page_is_read() -> None:
    rows = [line for line in page.read().partition(page.BEGIN)[0].splitlines() if "`tests/" in line]
    assert len(PROMISES) == len(rows) > 70


@pytest.mark.parametrize(("promise", "test", "kind"), PROMISES, ids=[promise for promise, _, _ in PROMISES])
def test_every_guarantee_has_a_guard_without_which_its_test_turns_red(promise: str, test: str, kind: str) -> None:
    """Or it is said why there is none."""
    if kind.startswith(page.NONE):
        assert len(kind) > len(page.NONE) + 10
        return
    theirs = [guard.test for guard in GUARDS if guard.kind == kind]
    # A guarantee that names a whole file is seen red by any test of it.
    assert any(each == test or each.startswith(f"{test}::") for each in theirs), f"{kind} does not try {test}"


def test_every_kind_of_guard_belongs_to_a_guarantee() -> None:
    assert {guard.kind for guard in GUARDS} == {kind for _, _, kind in PROMISES if not kind.startswith(page.NONE)}


def test_a_guard_that_is_gone_is_not_counted_as_killed(tmp_path: Path) -> None:
    file = tmp_path / "lambda_tailor" / "x.py"
    file.parent.mkdir()
    file.write_text("a = 1\n")
    assert not mutated(Guard("k", "w", "x.py", "b = 1", "", "t"), tmp_path)
    assert mutated(Guard("k", "w", "x.py", "a = 1", "a = 2", "t"), tmp_path)
    assert file.read_text() == "a = 2\n"


@pytest.mark.parametrize(
    ("code", "cases", "came"),
    [
        (1, "<testcase><failure/></testcase>", KILLED),
        (0, "<testcase/>", SURVIVED),
        # A test that could not begin, one that was skipped, one that does not exist: nothing was seen.
        (1, "<testcase><error/></testcase>", NOT_TRIED),
        (0, "<testcase><skipped/></testcase>", NOT_TRIED),
        (5, "", NOT_TRIED),
        (None, "<testcase><failure/></testcase>", NOT_TRIED),
    ],
)
def test_only_a_test_that_ran_and_failed_kills(tmp_path: Path, code: int | None, cases: str, came: str) -> None:
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert trying._came(code, report) == came
    assert trying._came(code, tmp_path / "none.xml") == NOT_TRIED


def test_no_test_runs_another_tree_than_the_one_that_is_tested() -> None:
    """Else a guard that is taken out is still there in the processes that the test begins."""
    own = re.compile(r"PYTHONPATH.*\bparents\[\d\]\s*/\s*.src|PYTHONPATH.*ROOT\s*/\s*.src")
    files = [file for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    assert [file.name for file in files if own.search(file.read_text())] == []
    assert sum("own_tree import environment" in file.read_text() for file in files) >= 5


def test_the_page_has_the_tables_of_today() -> None:
    text = page.read()
    assert page.written(text, GUARDS) == text, "run: python -m scripts.mutants --write KIND"
    assert set(page.came_before(text)) == {(guard.kind, guard.what) for guard in GUARDS}

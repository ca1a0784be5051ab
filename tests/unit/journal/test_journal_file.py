"""The journal's file: private whoever makes it, and missed at once where it is gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_tailor.errors import JournalError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from tests.unit.planning.plans import the_plan


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_to_all() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_folder_and_file_are_their_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "state" / "journal.db"
    journal = Journal(f"sqlite:///{file}")
    journal.begin("run-1", the_plan(), user="")
    assert mode(file.parent) == 0o700
    assert {mode(each) for each in file.parent.iterdir()} == {0o600}
    journal.close()
    file.chmod(0o644)
    Journal(f"sqlite:///{file}").close()
    assert mode(file) == 0o600


def gone(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    file.rename(file.with_suffix(".old"))
    file.touch()


def moved(file: Path) -> None:
    file.parent.rename(file.parent.with_name("elsewhere"))


@pytest.mark.parametrize("strike", [gone, replaced, moved])
def test_a_journal_that_is_deleted_in_use_is_missed_before_the_next_write(
    strike: Callable[[Path], None], tmp_path: Path
) -> None:
    file = tmp_path / "state" / "journal.db"
    journal = Journal(f"sqlite:///{file}")
    journal.begin("run-1", the_plan(), user="")
    strike(file)
    with pytest.raises(JournalError, match="deleted or replaced"):
        journal.hold(Holder(run_id="run-1", who=""), ["arn"])
    journal.close()

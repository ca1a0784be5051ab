"""The journal's file: private whoever makes it, and missed at once where it is gone."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_tailor.errors import JournalError
from lambda_tailor.journal.database import without_password
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


@pytest.mark.parametrize(
    "named", ["", "/:memory:", "/file::memory:?uri=true", "/file:x?mode=memory&uri=true", "/file:x?vfs=memdb&uri=true"]
)
def test_a_journal_that_would_be_gone_with_the_process_is_refused(named: str) -> None:
    with pytest.raises(JournalError, match="kept in memory"):
        Journal(f"sqlite://{named}")


@pytest.mark.parametrize("statement", ["create table bookmarks (id)", "create table alembic_version (version_num)"])
def test_another_program_s_database_is_left_as_it_is(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "places.db"
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
        if "alembic" in statement:
            connection.execute("insert into alembic_version values ('ae1027a6acf')")
    connection.close()
    file.chmod(0o644)
    before = file.read_bytes()
    with pytest.raises(JournalError, match="another program's"):
        Journal(f"sqlite:///{file}")
    assert mode(file) == 0o644
    assert file.read_bytes()[100:] == before[100:], "something was written into it"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@db/x",
        "postgresql://ann@db/x?password=hunter2",
        "postgresql://db/x?options=-c%20hunter2&sslpassword=hunter2",
        "postgresql://ann:hunter2@db:port/x",
    ],
)
def test_a_password_is_not_in_what_complaints_call_the_journal(url: str) -> None:
    assert "hunter2" not in without_password(url)


def test_a_port_that_is_none_is_a_sentence_without_the_password() -> None:
    with pytest.raises(JournalError, match="a port that is no number") as refused:
        Journal("postgresql://ann:hunter2@db:port/x")
    assert "hunter2" not in str(refused.value)

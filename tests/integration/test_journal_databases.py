"""The journal in SQLite and in a real PostgreSQL: runs, leases, migrations, and disks that fail."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lambda_tailor.demo.snapshot import differences
from lambda_tailor.errors import JournalError
from lambda_tailor.journal import database
from lambda_tailor.journal.database import open_engine
from lambda_tailor.journal.journal import Journal, leases
from lambda_tailor.journal.leases import LEASE_S, Holder
from lambda_tailor.journal.tables import COUNTERS, HEAD, JOURNAL_KEYS, LEASES, ROLLOUTS, RUNS, TALLIES, TUNINGS, VERSION
from lambda_tailor.model.run import Status
from tests.integration.conftest import Aws

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
OTHER = FUNCTION + "2"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
        return
    server = sa.make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    name = f"j{os.getpid()}_{time.monotonic_ns()}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    yield server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture
def there(stack: Aws, url: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The stack, with the journal in that database."""
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", url)
    return stack


def test_a_run_is_applied_listed_and_put_back(there: Aws) -> None:
    before = there.snapshot()
    run = there.json("apply", "-e", "dev", "--auto-approve")
    assert run["summary"]["applied"] == 10
    assert [r["run_id"] for r in there.json("runs")["runs"]] == [run["run_id"]]
    undone = there.json("rollback", "latest", "--auto-approve")
    assert undone["summary"]["rolled_back"] == 10
    assert differences(before, there.snapshot()) == []


def holding(url: str, holder: Holder, function: str = FUNCTION) -> tuple[Journal, bool]:
    journal = Journal(url)
    return journal, not journal.hold(holder, [function])


def test_a_lease_is_one_runs_until_it_lets_go(url: str) -> None:
    first = Holder(run_id="run-1", who="ann", host="elsewhere", pid=1)
    second = Holder(run_id="run-2", who="bob", host="elsewhere", pid=2)
    journal = Journal(url)
    assert journal.hold(first, [FUNCTION]) == {}
    held = journal.hold(second, [FUNCTION, OTHER])
    assert list(held) == [FUNCTION]
    assert "run-1 of ann on elsewhere holds it since" in str(held[FUNCTION])
    assert journal.hold(first, [FUNCTION]) == {}
    journal.release(first)
    assert journal.hold(second, [FUNCTION]) == {}
    journal.close()


def test_a_lease_expires_unless_it_is_renewed(url: str) -> None:
    first = Holder(run_id="run-1", who="ann", host="elsewhere", pid=1)
    second = Holder(run_id="run-2", who="bob", host="elsewhere", pid=2)
    engine = open_engine(url)
    with engine.begin() as connection:
        assert leases.take(connection, first, [FUNCTION], clock=lambda: 1000.0) == {}
        assert leases.take(connection, second, [FUNCTION], clock=lambda: 1000.0 + LEASE_S - 1)
        assert leases.renew(connection, first, clock=lambda: 1000.0 + LEASE_S - 1) == 1
        assert leases.take(connection, second, [FUNCTION], clock=lambda: 1000.0 + LEASE_S + 1)
        assert leases.take(connection, second, [FUNCTION], clock=lambda: 1000.0 + 3 * LEASE_S) == {}
        assert leases.renew(connection, first, clock=lambda: 1000.0 + 3 * LEASE_S) == 0
    engine.dispose()


def test_a_process_that_is_gone_holds_nothing(url: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal = Journal(url)
    assert journal.hold(Holder(run_id="run-1", who="ann", pid=gone.pid), [FUNCTION]) == {}
    assert journal.hold(Holder(run_id="run-2", who="bob"), [FUNCTION]) == {}
    journal.close()


def _race(url: str, run_id: str, won: Any) -> None:
    journal = Journal(url)
    functions = [f"{FUNCTION}{n}" for n in range(50)]
    holder = Holder(run_id=run_id, who=run_id, host=run_id)
    won.put((run_id, [f for f in functions if f not in journal.hold(holder, functions)]))
    journal.close()


def test_of_two_processes_each_function_is_held_by_one(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    won = context.Queue()
    processes = [context.Process(target=_race, args=(url, f"run-{n}", won)) for n in range(3)]
    for process in processes:
        process.start()
    taken = [function for _ in processes for function in won.get(timeout=60)[1]]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sorted(taken) == sorted({f"{FUNCTION}{n}" for n in range(50)})


def test_a_second_run_is_told_who_holds_the_function_and_writes_nothing(there: Aws, url: str) -> None:
    arn = there.client("lambda").get_function(FunctionName="lambda-function-dev")["Configuration"]["FunctionArn"]
    journal, got = holding(url, Holder(run_id="run-of-ann", who="ann", host="elsewhere", pid=1), arn)
    assert got
    before = there.snapshot()
    run = there.json("apply", "-e", "dev", "--auto-approve", exit_code=1)
    assert (run["summary"]["failed"], run["summary"]["applied"]) == (10, 0)
    told = {outcome["detail"] for outcome in run["outcomes"] if outcome["outcome"] == "failed"}
    assert all("run-of-ann of ann on elsewhere holds it" in detail for detail in told)
    assert differences(before, there.snapshot()) == []
    # Once it is let go, the same run is finished.
    journal.release(Holder(run_id="run-of-ann", who="ann"))
    with open_engine(url).begin() as connection:
        connection.execute(LEASES.delete())
    assert there.json("resume", run["run_id"], "--auto-approve")["summary"]["applied"] == 10
    journal.close()


def test_listing_runs_reads_the_plans_only_of_those_that_were_cut_short(there: Aws, url: str) -> None:
    there.run("apply", "-e", "dev", "--auto-approve")
    there.run("rollback", "latest", "--auto-approve")
    listed = there.json("runs")["runs"]
    assert [(r["status"], r["summary"]["applied"], r["summary"]["rolled_back"]) for r in listed] == [
        ("rolled-back", 10, 0),
        ("succeeded", 0, 10),
    ]
    with open_engine(url).begin() as connection:
        connection.execute(RUNS.update().values(summary=None))
    assert there.json("runs")["runs"] == listed
    with open_engine(url).begin() as connection:
        connection.execute(RUNS.update().values(summary=json.dumps(listed[0]["summary"]), plan="unread"))
    assert len(there.json("runs")["runs"]) == 2
    # A run that goes on is not what it was summed up as.
    Journal(url).mark(listed[0]["run_id"], Status.RUNNING)
    assert "damaged" in there.run("runs", exit_code=1).stderr


def test_a_run_lets_go_when_it_ends(there: Aws, url: str) -> None:
    there.run("apply", "-e", "dev", "--auto-approve")
    with open_engine(url).connect() as connection:
        assert connection.execute(sa.select(LEASES)).all() == []


def to_first_version(url: str) -> None:
    """Make a journal what version 0.1 left: no leases, no run summed up, and no word of its revision."""
    with open_engine(url).begin() as connection:
        LEASES.drop(connection)
        COUNTERS.drop(connection)
        ROLLOUTS.drop(connection)
        JOURNAL_KEYS.drop(connection)
        TUNINGS.drop(connection)
        TALLIES.drop(connection)
        later = {
            "runs": ("summary", "seq", "epoch", "signature", "worker", "standing"),
            "steps": ("state", "sent_at", "seen", "made", "left", "token", "signature"),
        }
        connection.execute(sa.text("drop index runs_by_number"))
        for table, column in ((table, column) for table, columns in later.items() for column in columns):
            connection.execute(sa.text(f'alter table {table} drop column "{column}"'))
        VERSION.drop(connection)


def test_a_journal_of_the_first_version_still_rolls_back(there: Aws, url: str) -> None:
    before = there.snapshot()
    run = there.json("apply", "-e", "dev", "--auto-approve")
    to_first_version(url)
    # Nobody vouches for what that version wrote.
    refused = there.run("rollback", run["run_id"], "--auto-approve", exit_code=1)
    assert "--trust-journal" in refused.stderr
    there.run("rollback", run["run_id"], "--auto-approve", "--trust-journal")
    assert differences(before, there.snapshot()) == []
    with open_engine(url).connect() as connection:
        assert connection.execute(sa.select(VERSION.c.version_num)).scalar_one() == HEAD


def test_a_new_journal_and_a_migrated_one_have_the_same_tables(url: str) -> None:
    def tables() -> Any:
        inspector = sa.inspect(open_engine(url))
        return {
            name: {column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)}
            for name in inspector.get_table_names()
        }

    fresh = tables()
    to_first_version(url)
    assert tables() == fresh


def test_a_journal_of_a_newer_version_is_refused(there: Aws, url: str) -> None:
    with open_engine(url).begin() as connection:
        connection.execute(VERSION.update().values(version_num="9999"))
    there.control.reset()
    said = there.run("apply", "-e", "dev", "--auto-approve", exit_code=1).stderr
    assert "written by a newer lambda-tailor" in said
    assert writes(there) == 0


def writes(aws: Aws) -> int:
    from lambda_tailor.aws.gateway import writes as changes

    return sum(n for name, n in aws.control.calls().items() if changes(name.partition(":")[2]))


# Disks that fail; SQLite only.


def journal_file(aws: Aws) -> Path:
    return Path(os.environ["LAMBDA_TAILOR_JOURNAL"].removeprefix("sqlite:///"))


def refused(aws: Aws) -> str:
    """An apply that has to fail for its journal; nothing may have been written to AWS."""
    aws.control.reset()
    result = aws.run("apply", "-e", "dev", "--auto-approve", exit_code=1)
    assert writes(aws) == 0
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_damaged_journal_stops_the_run_before_it_writes(stack: Aws) -> None:
    journal_file(stack).write_bytes(b"no database at all" * 1000)
    assert "The journal sqlite:///" in refused(stack)


def test_a_journal_with_damaged_pages_stops_the_run_before_it_writes(stack: Aws) -> None:
    stack.run("runs")
    content = bytearray(journal_file(stack).read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    journal_file(stack).write_bytes(content)
    assert "The journal sqlite:///" in refused(stack)


def test_a_folder_that_cannot_be_made_stops_the_run_before_it_writes(
    stack: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{tmp_path / 'file' / 'journal.db'}")
    assert "Not a directory" in refused(stack)


def test_a_read_only_journal_stops_the_run_before_it_writes(stack: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.run("runs")
    # The one who runs the tests may be root, whom no mode of a file stops.
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///file:{journal_file(stack)}?mode=ro&uri=true")
    assert "readonly database" in refused(stack)


def full_after(aws: Aws, pages: int) -> Any:
    """The database may not grow by more than so many pages, as on a full disk."""

    def limit(connection: Any, _record: Any) -> None:
        have = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={have + pages}")

    return limit


def let_go(url: str) -> None:
    """As if the process were gone, which could not write down that it let go: this one runs on."""
    with open_engine(url).begin() as connection:
        connection.execute(LEASES.delete())


def test_a_disk_that_fills_up_at_any_point_stops_the_run_and_leaves_it_undoable(stack: Aws) -> None:
    before = stack.snapshot()
    # Small pages, to fill up at many points.
    with sqlite3.connect(journal_file(stack)) as connection:
        connection.execute("PRAGMA page_size=512")
        connection.execute("VACUUM")
    stack.run("runs")
    written: list[int] = []
    for pages in range(0, 200, 2):
        limit = full_after(stack, pages)
        sa.event.listen(sa.engine.Engine, "connect", limit)
        stack.control.reset()
        try:
            result = stack.run("apply", "-e", "dev", "--auto-approve", exit_code=None)
        finally:
            sa.event.remove(sa.engine.Engine, "connect", limit)
        if result.exit_code == 0:
            break
        assert "full" in result.stderr
        written.append(writes(stack))
        let_go(os.environ["LAMBDA_TAILOR_JOURNAL"])
        runs = stack.json("runs")["runs"]
        if runs and runs[-1]["of_run"] is None:
            stack.run("rollback", runs[-1]["run_id"], "--auto-approve")
        assert differences(before, stack.snapshot()) == []
    # Nothing is written where not even the plan fits; later, what was begun is put back.
    assert written[0] == 0
    assert any(written)


def test_a_database_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalError, match="pip install 'lambda-tailor\\[postgres\\]'"):
        Journal("postgresql://nobody:secret@127.0.0.1:9/none")


def test_a_database_that_does_not_answer_is_one_sentence_without_the_password(stack: Aws) -> None:
    os.environ["LAMBDA_TAILOR_JOURNAL"] = "postgresql://nobody:canary-secret@127.0.0.1:9/none"
    said = refused(stack)
    assert "cannot be used" in said
    assert "canary-secret" not in said


def test_the_journal_is_as_durable_as_sqlite_can_be(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'j.db'}")
    with engine.connect() as connection:
        modes = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", 2]
    engine.dispose()


def test_a_process_that_is_stopped_in_a_transaction_does_not_keep_the_others_out(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sa.make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    monkeypatch.setattr(database, "_IDLE_S", 1)
    engine = open_engine(server.render_as_string(hide_password=False))
    change = "update stands set value = value + 1"
    with engine.begin() as connection:
        connection.exec_driver_sql("create table stands as select 1 as value")
    asleep = engine.connect()
    asleep.exec_driver_sql(change)
    began = time.monotonic()
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
        assert time.monotonic() - began > 0.5, "nothing was locked"
        assert connection.exec_driver_sql("select value from stands").scalar() == 2
        connection.exec_driver_sql("drop table stands")
    with pytest.raises(sa.exc.DBAPIError, match="idle-in-transaction"):
        asleep.exec_driver_sql(change)
    asleep.invalidate()
    engine.dispose()

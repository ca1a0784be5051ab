"""A run that was deleted from the journal is missed, and so is a count or an order that somebody changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_tailor.applying import lineage
from lambda_tailor.applying.keys import prove_key, require_latest
from lambda_tailor.errors import JournalError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.run import Status
from tests.unit.planning.plans import the_plan

FILE = "journal.db"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / FILE}")
    prove_key(opened, Vault(tmp_path / "vault.key"), trust=False)
    for n in (1, 2, 3):
        opened.begin(f"run-{n}", the_plan(), user="ann")
        opened.finish(f"run-{n}", Status.SUCCEEDED)
    yield opened
    opened.close()


def changed(tmp_path: Path, *statements: str) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
    connection.close()


def gone(run: str) -> tuple[str, str]:
    return f"delete from tallies where run_id = '{run}'", f"delete from runs where run_id = '{run}'"


def test_a_journal_that_nobody_touched_has_every_run(journal: Journal) -> None:
    assert journal.strange() == ()
    assert [journal.run(each.run_id).unverified for each in journal.runs()] == [(), (), ()]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (gone("run-1"), "run number 1 is gone"),
        (gone("run-2"), "run number 2 is gone"),
        (gone("run-3"), "run number 3 is gone"),
        ((*gone("run-2"), *gone("run-3")), "runs number 2 to 3 are gone"),
        ((*gone("run-3"), "update counters set value = 2 where name = 'run'"), "how many runs"),
        ((*gone("run-3"), "update counters set value = 2, signature = null where name = 'run'"), "how many runs"),
        ((*gone("run-3"), "delete from counters where name = 'run'"), "how many runs"),
        (("update runs set seq = 3 where run_id = 'run-1'",), "numbered the journal's runs anew"),
        (("update runs set seq = null where run_id = 'run-1'",), "numbered the journal's runs anew"),
        (("update runs set status = 'rolled-back' where run_id = 'run-2'",), "how run-2 stands"),
        (("update counters set value = 99999999999999 where name = 'run'",), "how many runs"),
    ],
)
def test_what_somebody_did_to_the_runs_is_told_and_stays_told(
    journal: Journal, tmp_path: Path, statements: tuple[str, ...], told: str
) -> None:
    changed(tmp_path, *statements)
    assert told in "; ".join(journal.strange())
    journal.begin("run-4", the_plan(), user="ann")
    assert told in "; ".join(journal.strange())
    assert journal.run("run-4").unverified == ()
    numbers = sqlite3.connect(tmp_path / FILE).execute("select seq from runs where run_id = 'run-4'").fetchone()
    assert numbers[0] > 2, "it is no newer than those before it"


def test_who_trusts_the_journal_has_it_counted_anew(journal: Journal, tmp_path: Path) -> None:
    changed(tmp_path, *gone("run-3"), "update counters set value = 2 where name = 'run'")
    journal.begin("run-4", the_plan(), user="ann", trust=True)
    assert journal.strange() == ()


def test_a_journal_of_before_is_counted_from_now_on(journal: Journal, tmp_path: Path) -> None:
    changed(tmp_path, "update counters set signature = null where name = 'run'", "update runs set standing = null")
    assert journal.strange() == ()
    journal.begin("run-4", the_plan(), user="ann")
    assert journal.strange() == ()
    changed(tmp_path, *gone("run-4"))
    assert any("run number 4 is gone" in each for each in journal.strange())


def test_a_status_that_somebody_changed_is_not_vouched_for_by_who_takes_its_functions(
    journal: Journal, tmp_path: Path
) -> None:
    arn = the_plan().functions[0].arn
    journal.hold(Holder(run_id="run-1", who="ann", machine="another", host="another"), [arn])
    changed(tmp_path, "update runs set status = 'running' where run_id = 'run-1'", "update leases set expires_at = 0")
    assert journal.hold(Holder(run_id="run-2", who="bob"), [arn]) == {}
    assert journal.status("run-1") is Status.INTERRUPTED
    assert "how it stands" in journal.run("run-1").unverified


def test_a_run_that_somebody_wrote_into_the_journal_does_not_tell_what_another_run_made(
    journal: Journal, tmp_path: Path
) -> None:
    columns = "plan_id, status, started_at, user, plan, api_calls, seq, epoch"
    changed(
        tmp_path,
        f"insert into runs (run_id, of_run, {columns}) select 'forged', 'run-1', {columns} from runs "
        "where run_id = 'run-2'",
        "insert into steps (run_id, operation_id, call, was, wrote, detail, intended_at, state, made) "
        "values ('forged', 'op-00001', 'x', '{}', '{}', '', '', 'confirmed', '{\"creationTime\": 1}')",
    )
    known = lineage.of(journal, "run-1")
    assert "forged" in known.family
    assert known.made == {}


@pytest.mark.parametrize("garbage", ["'soon'", "1e300", "x'00ff'"])
def test_a_lease_that_nobody_could_have_written_keeps_nobody_out_and_is_no_traceback(
    journal: Journal, tmp_path: Path, garbage: str
) -> None:
    arn = the_plan().functions[0].arn
    journal.hold(Holder(run_id="run-1", who="ann", machine="another", host="another"), [arn])
    changed(tmp_path, f"update leases set taken_at = {garbage}, expires_at = {garbage}")
    held = journal.hold(Holder(run_id="run-2", who="bob"), [arn])
    assert [str(each) for each in held.values()] == ([str(held[arn])] if garbage == "1e300" else [])
    assert journal.at_work("run-3") is None


def test_no_run_is_taken_for_the_latest_where_a_later_one_is_gone(journal: Journal, tmp_path: Path) -> None:
    require_latest(journal, journal.run("run-3"), trust=False)
    changed(tmp_path, *gone("run-1"))
    require_latest(journal, journal.run("run-3"), trust=False)
    changed(tmp_path, *gone("run-3"))
    with pytest.raises(JournalError, match="Which run is the latest cannot be known: run number 3 is gone"):
        require_latest(journal, journal.run("run-2"), trust=False)
    require_latest(journal, journal.run("run-2"), trust=True)

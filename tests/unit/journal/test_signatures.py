"""Rows of the journal that the team's key vouches for, and a key that is not the journal's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_tailor.applying.keys import known_key, prove_key, require_verified, without_unopenable
from lambda_tailor.applying.undo import undo_plan
from lambda_tailor.errors import JournalError, KeyRefused
from lambda_tailor.journal import processes
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.record import Sending
from lambda_tailor.model.run import Ended, Result, Status, StepState
from lambda_tailor.model.secret import Secret
from tests.unit.planning.plans import a_run, a_step, the_plan

ARN = the_plan().functions[0].arn


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault.key")


@pytest.fixture
def journal(tmp_path: Path, vault: Vault) -> Iterator[Journal]:
    """A journal with one run of which two steps were sent and one of them settled."""
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    prove_key(opened, vault, trust=False)
    opened.begin("run-1", the_plan(), user="ann")
    holder = Holder(run_id="run-1", who="ann")
    opened.hold(holder, [ARN])
    first, second, third = the_plan().operations[:3]
    opened.intend("run-1", [each.id for each in the_plan().operations])
    for operation in (first, second):
        step = a_step(operation)
        sending = Sending(call=step.call, was=step.was, wrote=step.wrote, holder=holder.id, function=ARN)
        opened.sent("run-1", operation.id, sending)
    token = opened.token(holder)
    opened.settle("run-1", first.id, Ended(Result.APPLIED, state=StepState.CONFIRMED), token)
    opened.settle("run-1", third.id, Ended(Result.BLOCKED, "not so"), token)
    yield opened
    opened.close()


def test_what_was_written_is_vouched_for(journal: Journal) -> None:
    record = journal.run("run-1")
    assert record.unverified == ()
    assert {step.state for step in record.steps.values()} > {StepState.SENT, StepState.CONFIRMED}
    require_verified(record, trust=False)


CHANGES = (
    "update runs set user = 'bob'", "update runs set of_run = 'run-1'", "update runs set started_at = '2020'",
    "update runs set signature = null", "update runs set signature = (select signature from steps limit 1)",
    "update steps set was = '{}' where call != ''", "update steps set wrote = '{}' where call != ''",
    "update steps set call = 'x' where call != ''", "update steps set state = 'sent' where state = 'confirmed'",
    "update steps set made = '{}' where call != ''", "update steps set seen = '{}' where call != ''",
    "update steps set signature = null where call != ''", "update steps set call = 'x' where call = ''",
    "update steps set was = '{\"a\": 1}' where call = ''",
    "update steps set signature = (select max(signature) from steps) where call != ''",
    "delete from steps where call != '' and state = 'sent'", "delete from steps where call != ''",
    "update runs set seq = 7", "update runs set seq = null", "update runs set status = 'rolled-back'",
    "update runs set standing = null", "update runs set status = 'succeeded', standing = null",
    "delete from tallies", "update tallies set sent = sent - 1", "update tallies set signature = null",
    "insert into steps (run_id, operation_id, call, was, wrote, detail, intended_at) "
    "values ('run-1', 'more', 'x', '{}', '{}', '', '')",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_somebody_changed_is_not(journal: Journal, tmp_path: Path, change: str) -> None:
    journal.run("run-1")
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute(change).rowcount
    record = journal.run("run-1")
    assert record.unverified
    with pytest.raises(JournalError, match="--trust-journal"):
        require_verified(record, trust=False)
    require_verified(record, trust=True)


def test_a_row_that_was_changed_while_the_run_went_on_is_not_vouched_for_by_its_end(
    journal: Journal, tmp_path: Path
) -> None:
    second = the_plan().operations[1]
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("update steps set was = '{}' where operation_id = ?", (second.id,))
    journal.settle("run-1", second.id, Ended(Result.APPLIED, state=StepState.CONFIRMED), 99)
    assert second.id in journal.run("run-1").unverified


def test_nor_by_another_process_that_goes_on_with_it(journal: Journal, tmp_path: Path, vault: Vault) -> None:
    second = the_plan().operations[1]
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("update steps set was = '{}' where operation_id = ?", (second.id,))
    other = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    other.sign_with(vault.key())
    other.settle("run-1", second.id, Ended(Result.APPLIED, state=StepState.CONFIRMED), 99)
    assert second.id in other.run("run-1").unverified
    other.close()


def test_without_its_key_nothing_of_a_journal_is_vouched_for(journal: Journal, tmp_path: Path) -> None:
    again = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    assert again.run("run-1").unverified
    again.sign_with(Vault(tmp_path / "other.key").key())
    assert again.run("run-1").unverified == ("run-1", "how it stands", "op-00001", "op-00002")
    again.close()


def test_another_key_or_none_is_told_before_the_first_write(journal: Journal, tmp_path: Path, vault: Vault) -> None:
    lost, other = Vault(tmp_path / "lost.key"), Vault(tmp_path / "other.key")
    other.key()
    for strange in (lost, other):
        assert known_key(journal, strange) is None
        with pytest.raises(KeyRefused, match="--trust-journal"):
            prove_key(journal, strange, trust=False)
    assert not (tmp_path / "lost.key").exists()
    prove_key(journal, other, trust=True)
    assert {known_key(journal, each) is not None for each in (vault, other)} == {True}


def test_a_journal_of_before_proves_the_key_by_what_is_sealed_in_it(tmp_path: Path, vault: Vault) -> None:
    opened = Journal(f"sqlite:///{tmp_path / 'old.db'}")
    opened.begin("run-1", the_plan(), user="")
    opened.close()
    with sqlite3.connect(tmp_path / "old.db") as connection:
        was = '{"environment.A": {"$sealed": "' + vault.seal(Secret("x")) + '"}}'
        connection.execute(
            "insert into steps (run_id, operation_id, call, was, wrote, detail, intended_at) values (?,?,?,?,?,?,?)",
            ("run-1", "op-1", "c", was, "{}", "", ""),
        )
    opened = Journal(f"sqlite:///{tmp_path / 'old.db'}")
    with pytest.raises(KeyRefused):
        prove_key(opened, Vault(tmp_path / "other.key"), trust=False)
    prove_key(opened, vault, trust=False)
    opened.close()


def test_a_value_that_cannot_be_opened_leaves_only_its_own_field(vault: Vault) -> None:
    run = a_run(the_plan())
    steps = {
        id: replace(step, was={n: {"$sealed": vault.seal(Secret("x"))} if isinstance(v, dict) and "$sealed" in v else v
                               for n, v in step.was.items()})
        for id, step in run.steps.items()
    }  # fmt: skip
    plan = undo_plan(replace(run, steps=steps), "2026-11-24")
    assert without_unopenable(plan, vault.key()) == plan
    lost = without_unopenable(plan, None)
    blocked = {c.setting for f in lost.functions for c in f.changes if c.blocked}
    assert blocked == {"environment.DATABASE_URL", "environment.LOG_LEVEL"}
    fields = {field for operation in lost.operations for field in operation.after}
    assert "memory_mb" in fields and not any(field.startswith("environment.") for field in fields)
    assert len(lost.operations) == len(plan.operations)


def test_a_run_whose_process_died_was_interrupted(journal: Journal, tmp_path: Path) -> None:
    assert journal.run("run-1").status is Status.RUNNING
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("update leases set pid = 2147483646").rowcount
    assert journal.run("run-1").status is Status.INTERRUPTED
    assert [run.status for run in journal.runs()] == [Status.INTERRUPTED]


DEAD = '["{machine}", 2147483646, "1"]'


def test_a_run_whose_process_died_before_it_held_anything_was_interrupted(journal: Journal, tmp_path: Path) -> None:
    journal.begin("run-2", the_plan(), user="ann")
    assert journal.run("run-2").status is Status.RUNNING
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        dead = DEAD.replace("{machine}", processes.machine())
        assert connection.execute("update runs set worker = ? where run_id = 'run-2'", (dead,)).rowcount
    assert journal.run("run-2").status is Status.INTERRUPTED


def test_a_run_that_was_interrupted_stays_so_when_another_takes_its_functions(journal: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("update leases set pid = 2147483646").rowcount
    journal.begin("run-2", the_plan(), user="bob")
    holder = Holder(run_id="run-2", who="bob")
    assert not journal.hold(holder, [ARN])
    assert journal.run("run-1").status is Status.INTERRUPTED
    journal.release(holder)
    assert journal.run("run-1").status is Status.INTERRUPTED
    assert journal.run("run-2").status is Status.RUNNING


def test_a_step_that_was_deleted_is_missed_and_one_that_was_never_sent_is_not(journal: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("delete from steps where call = ''")
    assert journal.run("run-1").unverified == ()
    second = the_plan().operations[1]
    journal.unsent("run-1", second.id, list(second.after), 99)
    assert journal.run("run-1").unverified == ()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("delete from steps")
    assert journal.run("run-1").unverified == ("a step that was deleted",)


def test_that_something_was_not_sent_after_all_is_on_disk_at_once(journal: Journal, tmp_path: Path) -> None:
    second = the_plan().operations[1]
    journal.unsent("run-1", second.id, list(second.after), 99)
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        told = connection.execute("select state, call from steps where operation_id = ?", (second.id,)).fetchone()
    assert told == ("intended", "")


def test_a_count_that_somebody_changed_is_not_vouched_for_by_the_next_step(journal: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        gone = connection.execute("delete from steps where state = 'sent'").rowcount
        # Whoever deleted them counts as the program does.
        assert connection.execute("update tallies set sent = sent - ?", (gone,)).rowcount == 1
        told = "select (select sent from tallies) - (select count(*) from steps where call <> '')"
        assert gone > 0 and connection.execute(told).fetchone() == (0,)
    fourth = the_plan().operations[3]
    step = a_step(fourth)
    holder = Holder(run_id="run-1", who="ann")
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("delete from leases")
    journal.hold(holder, [ARN])
    sending = Sending(call=step.call, was=step.was, wrote=step.wrote, holder=holder.id, function=ARN)
    journal.sent("run-1", fourth.id, sending)
    assert journal.run("run-1").unverified == ("a step that was deleted",)

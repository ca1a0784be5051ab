"""Guarded runs from outside: what was put back is not gone on with, whatever its rollouts say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lambda_tailor.applying.keys import prove_key
from lambda_tailor.applying.runner import Runner
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.errors import BadInput
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.run import Status
from lambda_tailor.rollout.doors import resume, roll_back
from lambda_tailor.rollout.guarded import GuardedRuns
from tests.unit.journal.test_rollouts import a_rollout
from tests.unit.planning.plans import the_plan


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with closing(Journal(f"sqlite:///{tmp_path / 'journal.db'}")) as journal:
        vault = Vault(tmp_path / "vault.key")
        prove_key(journal, vault, trust=False)
        journal.begin("run-1", the_plan(), user="ann", rollouts=[RolloutRow(a_rollout(), "{}")])
        yield Runner(connection=Connection(), journal=journal, vault=vault)


def test_a_run_that_was_put_back_stays_so_although_a_rollout_is_still_open(runner: Runner) -> None:
    runner.journal.mark("run-1", Status.ROLLED_BACK)
    with pytest.raises(BadInput, match="run-1 was put back: make a new plan"):
        resume(runner, "run-1")
    assert runner.journal.status("run-1") is Status.ROLLED_BACK


def test_no_alias_of_a_run_at_work_or_put_back_is_moved(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    monkeypatch.setattr(GuardedRuns, "roll_back", lambda _guarded, run_id: moved.append(run_id) or ())
    holder = Holder(run_id="run-1", who="ann")
    runner.journal.hold(holder, [the_plan().functions[0].arn])
    with pytest.raises(BadInput, match="run-1 is at work"):
        roll_back(runner, "run-1")
    runner.journal.release(holder)
    runner.journal.mark("run-1", Status.ROLLED_BACK)
    assert roll_back(runner, "run-1").run_id == "run-1"
    assert moved == []


def test_a_rollout_that_is_put_back_in_part_is_not_shown_as_running(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedRuns, "roll_back", lambda _guarded, _run_id: ())
    monkeypatch.setattr(Runner, "rollback", lambda self, _run_id: run_of(self.journal.run("run-1")))
    roll_back(runner, "run-1")
    assert runner.journal.status("run-1") is Status.FAILED

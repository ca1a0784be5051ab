"""Rollouts in the journal: whoever writes over another process's word is told, and can go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_tailor.errors import FunctionHeld
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.journal.unfinished import unfinished_in
from lambda_tailor.model.rollout import Rollout, RolloutStatus
from lambda_tailor.model.run import Status
from tests.unit.planning.plans import the_plan


def a_rollout() -> Rollout:
    return Rollout(
        function="f", region="us-east-1", account_id="123456789012", track="alias", alias="live", from_version="1",
        arn="arn:aws:lambda:us-east-1:123456789012:function:f", to_version="2", status=RolloutStatus.RUNNING,
        steps=(5, 100),
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    opened.begin("run-1", the_plan(), user="ann", rollouts=[RolloutRow(a_rollout(), "first")])
    yield opened
    opened.close()


def test_another_process_s_word_is_not_written_over_and_nothing_else_is_lost_by_it(journal: Journal) -> None:
    arn = a_rollout().arn
    journal.save_rollout("run-1", RolloutRow(a_rollout(), "second"), "first")
    with pytest.raises(FunctionHeld, match="Another process looks after the rollout of f: see"):
        journal.save_rollout("run-1", RolloutRow(replace(a_rollout(), share=50), "other"), "first")
    assert journal.rollouts("run-1")[arn].state == "second"
    # The same journal goes on being written: a refusal is no failure of the database.
    journal.save_rollout("run-1", RolloutRow(a_rollout(), "third"), "second")
    journal.mark("run-1", Status.FAILED)
    assert journal.rollouts("run-1")[arn].state == "third"
    assert journal.status("run-1") is Status.FAILED


def test_what_nobody_has_ended_is_found_without_the_engine(journal: Journal, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    assert unfinished_in(url) == journal.unfinished_rollouts()
    assert [each.run_id for each in unfinished_in(url)] == ["run-1"]
    assert unfinished_in(f"sqlite:///{tmp_path / 'none.db'}") == ()

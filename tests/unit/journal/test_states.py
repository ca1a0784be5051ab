"""Every way of a run from state to state: those that are drawn are taken, the others are refused in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lambda_tailor.errors import BadInput
from lambda_tailor.journal.leases import Held
from lambda_tailor.journal.states import TRANSITIONS, check_go_on, check_resume, check_rollback
from lambda_tailor.model.run import RunOverview, RunSummary, Status

PAGE = Path(__file__).parents[3] / "docs" / "runs.md"


def run(id: str, status: Status, of_run: str | None = None, rolled_back: int = 0) -> RunOverview:
    return RunOverview(
        run_id=id, plan_id="p", status=status, started_at="t", finished_at=None, user="u", of_run=of_run,
        summary=RunSummary(rolled_back=rolled_back), api_calls={},
    )  # fmt: skip


AT_WORK = Held("arn", "run-1", "ann", "laptop", 1.0, 2.0)
OVER = [status for status in Status if status is not Status.ROLLED_BACK]


def test_the_page_draws_exactly_the_transitions() -> None:
    drawn = re.findall(r"^ *([a-z-]+) --> ([a-z-]+)", PAGE.read_text(), re.MULTILINE)
    assert {(Status(one), Status(other)) for one, other in drawn if one != "begin"} == TRANSITIONS
    assert ("begin", "running") in drawn


@pytest.mark.parametrize("status", OVER)
def test_what_is_not_put_back_can_be_gone_on_with_and_put_back(status: Status) -> None:
    this = run("run-1", status)
    check_resume(this, [this], None)
    assert check_rollback(this, [this], None) is None
    assert (status, Status.RUNNING) in TRANSITIONS
    assert (status, Status.ROLLED_BACK) in TRANSITIONS


@pytest.mark.parametrize("status", Status)
def test_what_is_at_work_is_left_to_it(status: Status) -> None:
    this = run("run-1", status)
    for check in (check_resume, check_go_on, check_rollback):
        with pytest.raises(BadInput, match="run-1 is at work, by ann on laptop"):
            check(this, [this], AT_WORK)


def test_what_was_put_back_is_not_gone_on_with() -> None:
    first, undo = run("run-1", Status.ROLLED_BACK), run("run-2", Status.SUCCEEDED, "run-1", 3)
    with pytest.raises(BadInput, match="run-1 was put back by run-2: make a new plan"):
        check_resume(first, [first, undo], None)
    with pytest.raises(BadInput, match="run-1 was put back by run-2: make a new plan"):
        check_go_on(first, [first, undo], None)
    assert (Status.ROLLED_BACK, Status.RUNNING) not in TRANSITIONS


def test_rollouts_go_on_where_one_of_them_went_back_in_part() -> None:
    this, one = run("run-1", Status.RUNNING), run("run-2", Status.FAILED, "run-1", 1)
    check_go_on(this, [this, one], None)


def test_a_second_rollback_is_the_first_again() -> None:
    first, undo = run("run-1", Status.ROLLED_BACK), run("run-2", Status.SUCCEEDED, "run-1", 3)
    assert check_rollback(first, [first, undo], None) == undo


@pytest.mark.parametrize(("status", "rolled_back"), [(Status.INTERRUPTED, 0), (Status.RUNNING, 1), (Status.FAILED, 1)])
def test_what_is_put_back_in_part_is_not_gone_on_with(status: Status, rolled_back: int) -> None:
    first, undo = run("run-1", Status.SUCCEEDED), run("run-2", status, "run-1", rolled_back)
    with pytest.raises(BadInput, match="run-1 is put back in part, by run-2"):
        check_resume(first, [first, undo], None)
    assert check_rollback(first, [first, undo], None) is None
    check_resume(undo, [first, undo], None)


def test_of_several_rollbacks_of_a_run_only_the_newest_counts() -> None:
    first, old = run("run-1", Status.ROLLED_BACK), run("run-2", Status.INTERRUPTED, "run-1", 1)
    new = run("run-3", Status.SUCCEEDED, "run-1", 3)
    for check in (check_resume, check_go_on, check_rollback):
        with pytest.raises(BadInput, match="run-1 was put back again after run-2, by run-3"):
            check(old, [first, old, new], None)
    assert check_rollback(new, [first, old, new], None) is None

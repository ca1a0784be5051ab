"""The history: what a run promised with what it put in place, until when, and what was measured."""

from __future__ import annotations

from lambda_tailor.model.run import Result, Status
from lambda_tailor.review.history import history_of, in_effect
from tests.unit.report.plans import money
from tests.unit.report.run_states import REFUSED, a_run, finished
from tests.unit.report.states import a_few, showcase

AT = "2026-12-01T00:00:00+00:00"


def test_only_what_is_in_place_is_promised() -> None:
    plan = showcase()
    whole, partly = a_run(plan, run_id="run-1"), a_run(plan, REFUSED, run_id="run-2", status=Status.FAILED)
    one, two = history_of([(plan, whole), (plan, partly)], {}, AT).runs
    assert one.promised_usd == money("554.4", "799.2")
    # $14 of /tmp failed, $44 to $79 went back.
    assert two.promised_usd == money("496.4", "706.2")
    assert (one.changes, two.changes, two.failed) == (41, 38, 1)


def test_a_run_that_was_put_back_is_over_since_then() -> None:
    plan = a_few()
    run = a_run(plan, run_id="run-1", status=Status.ROLLED_BACK)
    ends = {(f.name, c.rule): (Result.ROLLED_BACK, "") for f in plan.functions for c in f.changes if not c.blocked}
    back = a_run(plan, ends, run_id="run-2", of_run="run-1", started_at="2026-11-25T08:00:00+00:00")
    first, second = history_of([(plan, run), (plan, back)], {}, AT).runs
    assert first.until == "2026-11-25T08:00:00+00:00"
    assert second.of_run == "run-1" and second.promised_usd == money("0") and second.changes == first.changes
    assert in_effect([(plan, run), (plan, back)]) == []


def test_a_rollback_that_failed_leaves_the_run_in_effect() -> None:
    plan = a_few()
    run = a_run(plan, run_id="run-1")
    back = a_run(plan, run_id="run-2", of_run="run-1", status=Status.FAILED)
    first, _ = history_of([(plan, run), (plan, back)], {}, AT).runs
    assert first.until is None
    assert [found.run_id for found in in_effect([(plan, run), (plan, back)])] == ["run-1"]


def test_what_was_measured_is_compared_with_what_was_promised_for_the_same_functions() -> None:
    plan, run, realized = finished()
    assert realized is not None
    (past,) = history_of([(plan, run)], {run.run_id: realized}, AT).runs
    assert past.realized_usd is not None and past.judged_usd is not None
    assert (round(past.realized_usd), round(past.judged_usd.low), round(past.judged_usd.high)) == (465, 427, 606)

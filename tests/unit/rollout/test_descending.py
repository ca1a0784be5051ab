"""The ladder of ``--descend``, and what a finished rollout says of money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor.model.rollout import Look, LookSide, Rollout, RolloutStatus, SideTotal
from lambda_tailor.model.run import Outcome, Result
from lambda_tailor.planning.agreement import check_operations
from lambda_tailor.report.rollout import ended
from lambda_tailor.review.from_rollout import compared_side_by_side, realized_by
from lambda_tailor.rollout.descending import next_rung_of
from lambda_tailor.rollout.keeping import priced
from tests.unit.report.plans import small_plan
from tests.unit.rollout.test_deciding import state as a_state

PLAN = small_plan()
FUNCTION = PLAN.functions[0]


def promoted(new_mb: int = 1024, slowdown: float = 0.05, **given: Any) -> Rollout:
    look = Look(
        at="2026-11-24T13:00:00+00:00",
        share=50,
        old=LookSide(invocations=900, errors=9, p50_ms=100.0, p95_ms=200.0),
        new=LookSide(invocations=800, errors=8, p50_ms=105.0, p95_ms=210.0),
        decision="promote",
        because="within what is allowed",
        slowdown=(slowdown, slowdown - 0.05, slowdown + 0.05),
    )
    return replace(
        Rollout(
            function=FUNCTION.name,
            region="us-east-1",
            account_id=FUNCTION.account_id,
            arn=FUNCTION.arn,
            track="alias",
            alias="live",
            from_version="1",
            to_version="2",
            status=RolloutStatus.PROMOTED,
            steps=(50, 100),
            per_hour=10_000.0,
            started_at="2026-11-24T12:30:00+00:00",
            looks=(look,),
            old=SideTotal(memory_mb=2048, runs=900, billed_ms=100.0),
            new=SideTotal(memory_mb=new_mb, runs=800, billed_ms=105.0),
        ),
        **given,
    )


def rung(rollout: Rollout, fullest: float = 0.2) -> Any:
    return next_rung_of(PLAN, rollout, fullest, "revision-2", "2026-11-24T13:00:00.000+00:00")


def test_the_next_rung_is_at_most_a_halving_below_and_spends_what_slowdown_is_left() -> None:
    found = rung(promoted())
    (operation,) = found.plan.operations
    assert (operation.before, operation.after, operation.revision_id) == (
        {"memory_mb": 1024}, {"memory_mb": 512}, "revision-2",
    )  # fmt: skip
    assert found.allowed_slowdown == pytest.approx(1.25 / 1.05 - 1)
    check_operations(found.plan)


@pytest.mark.parametrize(
    ("rollout", "fullest"),
    [
        (promoted(new_mb=128), 0.2),
        (promoted(slowdown=0.25), 0.2),
        # There is no room below for what was in use.
        (promoted(), 0.95),
        (promoted(status=RolloutStatus.ROLLED_BACK), 0.2),
    ],
)
def test_a_ladder_ends(rollout: Rollout, fullest: float) -> None:
    assert rung(rollout, fullest) is None


def outcome() -> Outcome:
    return Outcome(
        function=FUNCTION.name, region="us-east-1", account_id=FUNCTION.account_id, rule="memory", setting="memory_mb",
        before=2048, after=1024, outcome=Result.APPLIED,
    )  # fmt: skip


def test_a_finished_rollout_is_the_realized_saving_with_its_interval() -> None:
    found = realized_by(promoted(), [outcome()], "x86_64", 25.0)
    assert found.measured == "side-by-side"
    assert found.saved_usd is not None and found.saved_interval_usd is not None
    # 7.3 million runs a month: 2 GB for 100 ms, then 1 GB for 105 ms, at 0.0000166667 a GB-s.
    assert float(found.saved_usd) == pytest.approx(7.3e6 * 0.0000166667 * (0.2 - 0.105), rel=0.01)
    assert found.saved_interval_usd.low < found.saved_usd < found.saved_interval_usd.high
    assert found.saved_usd - found.saved_interval_usd.low < Decimal(2)


def test_only_what_was_promoted_side_by_side_is_compared_so() -> None:
    assert compared_side_by_side(promoted())
    assert not compared_side_by_side(promoted(track="watch"))
    assert not compared_side_by_side(promoted(status=RolloutStatus.INCONCLUSIVE))


def test_too_few_runs_say_nothing_of_money() -> None:
    few = promoted()
    look = replace(few.looks[0], new=replace(few.looks[0].new, invocations=5))
    found = realized_by(replace(few, looks=(look,)), [outcome()], "x86_64", 25.0)
    assert (found.held, found.saved_usd) == (None, None)
    assert "only 5 invocations" in found.because


def test_a_finished_rollout_tells_what_a_thousand_runs_cost() -> None:
    state = replace(a_state(), region="us-east-1")
    total = priced(state, SideTotal(memory_mb=1024, runs=9, billed_ms=100.0))
    # 0.1 GB-s a run at 0.0000166667 a GB-s, and 0.20 a million requests.
    assert total.usd_per_thousand == pytest.approx(1000 * (0.1 * 0.0000166667 + 0.2e-6), rel=0.01)
    assert priced(state, SideTotal(memory_mb=1024, runs=0, billed_ms=None)).usd_per_thousand is None
    assert priced(replace(state, region="nowhere"), total) == total
    assert "a thousand runs cost $" in ended(promoted(old=total, new=total))

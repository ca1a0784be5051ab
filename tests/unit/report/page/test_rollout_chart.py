"""A rollout's slowest runs over its time, with when it was applied and how it ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_tailor.model.rollout import RolloutStatus
from lambda_tailor.report.page.rollout_chart import Mark, rollout_chart
from tests.unit.report import run_states
from tests.unit.report.run_states import rollout
from tests.unit.report.states import one_function

LOOKS = [(5, 800.0, 1000.0), (25, None, 1200.0), (100, 900.0, None), (100, 700.0, 1100.0)]


def drawn(status: RolloutStatus = RolloutStatus.ROLLED_BACK, looks: list = LOOKS):  # type: ignore[no-untyped-def,type-arg]
    return rollout_chart(rollout(one_function().functions[0], status, "slower", looks))


def test_both_sides_are_drawn_at_the_time_of_the_look_and_on_one_scale() -> None:
    chart = drawn()
    assert chart is not None
    new = [tuple(map(float, point.split(","))) for point in chart.new.split()]
    old = [tuple(map(float, point.split(","))) for point in chart.old.split()]
    assert [x for x, _ in new] == [25.0, 50.0, 100.0] and [x for x, _ in old] == [25.0, 75.0, 100.0]
    # The greater the slower, from zero: 1,000 is five quarters of 800.
    assert (100 - new[0][1]) / (100 - old[0][1]) == pytest.approx(1.25, rel=0.01)
    assert min(y for _, y in new + old) > 20  # below the words
    assert chart.total == "old 700 ms, new 1,100 ms"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (RolloutStatus.PROMOTED, "promoted"),
        (RolloutStatus.ROLLED_BACK, "put back"),
        (RolloutStatus.INCONCLUSIVE, "ended"),
    ],
)
def test_it_is_marked_when_it_was_applied_and_how_it_ended(status: RolloutStatus, word: str) -> None:
    chart = drawn(status)
    assert chart.marks == (Mark(0.0, "start", "applied 12:31"), Mark(100.0, "end", f"{word} 13:51"))
    assert "applied 12:31" in chart.label and f"{word} 13:51" in chart.label


def test_one_that_goes_on_has_no_end() -> None:
    assert len(drawn(RolloutStatus.RUNNING).marks) == 1


def test_one_value_is_no_line() -> None:
    assert drawn(looks=LOOKS[:1]) is None
    function = one_function().functions[0]
    assert rollout_chart(replace(rollout(function, RolloutStatus.RUNNING, "", LOOKS), looks=())) is None


def test_a_function_under_guard_has_the_chart_in_its_card() -> None:
    page = run_states.pages()["run-guarded"]
    assert page.count("put back 13:11</text>") == 2  # among the rollouts and among the functions
    assert page.count("promoted 13:31</text>") == 2

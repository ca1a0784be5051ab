"""Geometry in percent: hand-worked places."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lambda_tailor.report.page.charts import promise, scale, spark, split_bar, waterfall
from tests.unit.report.plans import money


def test_a_split_bar_fills_its_width_in_the_order_of_how_sure_it_is() -> None:
    bars = split_bar(money("40", "60"), money("10", "40"))
    assert [bar.kind for bar in bars] == ["measured", "measured-range", "assumed", "assumed-range"]
    # Of 100 dollars: 40, 20, 10, 30.
    assert [round(bar.width, 1) for bar in bars] == [39.9, 20.0, 10.0, 29.9]
    assert bars[-1].x + bars[-1].width == pytest.approx(99.8)


def test_what_is_all_assumed_has_no_solid_bar() -> None:
    assert {bar.kind for bar in split_bar(money("0"), money("5", "9"))} == {"assumed", "assumed-range"}


def test_nothing_saved_has_no_bar() -> None:
    assert split_bar(money("0"), money("0")) == []


def test_the_waterfall_ends_where_net_begins_to_be_unsure() -> None:
    flow = waterfall([money("100", "150"), money("50"), money("-20", "-5")], money("130", "195"))
    assert flow.steps[-1].on == pytest.approx(flow.scale.at(130))
    solid, hatched = flow.net.bars
    assert (solid.kind, hatched.kind) == ("net", "net-range")
    assert solid.width == pytest.approx(flow.scale.at(130)) and hatched.x == pytest.approx(flow.scale.at(130))


def test_a_cost_runs_to_the_left_from_the_running_line() -> None:
    flow = waterfall([money("100"), money("-20", "-5")], money("80", "95"))
    sure, unsure = flow.steps[1].bars
    assert sure.x == pytest.approx(flow.scale.at(95)) and unsure.x == pytest.approx(flow.scale.at(80))
    assert flow.steps[1].on == pytest.approx(flow.scale.at(80))


def test_a_net_below_zero_moves_the_beginning_of_the_axis_and_has_no_sure_part() -> None:
    flow = waterfall([money("2"), money("-12", "-6")], money("-10", "-4"))
    assert flow.scale.least < -9 and [bar.kind for bar in flow.net.bars] == ["net-range"]
    assert any(tick.label == "$0" for tick in flow.scale.ticks)


def test_everything_of_a_waterfall_lies_within_its_plot() -> None:
    for amounts, net in (
        ([money("-8", "27")], money("-8", "27")),
        ([money("3", "4"), money("-50", "-1")], money("-47", "3")),
    ):
        flow = waterfall(amounts, net)
        bars = [bar for step in (*flow.steps, flow.net) for bar in step.bars]
        assert bars
        assert all(bar.x >= -0.01 and bar.x + bar.width <= 101 for bar in bars)


@pytest.mark.parametrize("most", [0.3, 7, 42, 830, 12_345, 987_654])
def test_an_axis_has_two_to_six_round_ticks(most: float) -> None:
    ticks = scale(0, most).ticks
    assert 2 <= len(ticks) <= 6 and ticks[0].label == "$0"
    assert all(0 <= tick.at <= 100 for tick in ticks)


def test_a_promise_without_width_is_exact_and_the_mark_stands_beside_it() -> None:
    axis = scale(0, 200)
    exact = promise(axis, money("118"), Decimal(123))
    assert exact.exact and exact.realized is not None and exact.realized > exact.x
    unsure = promise(axis, money("90", "160"), None)
    assert not unsure.exact and unsure.realized is None


def test_a_spark_begins_at_zero_and_leaves_room_for_a_limits_name() -> None:
    drawn = spark([0, 50, None, 100], limit=200)
    assert drawn is not None
    assert drawn.line == "0.0,100.0 33.3,83.3 100.0,66.7"
    assert drawn.limit_y == pytest.approx(100 - 200 / 300 * 100)


def test_a_single_day_and_days_of_nothing_are_no_spark() -> None:
    assert spark([5]) is None and spark([0, 0, 0]) is None and spark([None, 4, None]) is None

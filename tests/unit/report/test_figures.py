"""The figures of a plan: measured and assumed apart, and what reaches no traffic not counted."""

from __future__ import annotations

from lambda_tailor.model.evidence import Quote
from lambda_tailor.report.figures import by_money, days_of_load, figures_of
from tests.unit.report.plans import a_change, a_plan, a_planned, money
from tests.unit.report.states import no_prices, showcase


def test_net_is_measured_and_assumed_together() -> None:
    figures = figures_of(showcase())
    assert figures.net == figures.measured + figures.assumed
    assert figures.net == figures.saves + -figures.adds
    assert (figures.measured_functions, figures.assumed_functions) == (14, 2)


def test_a_saving_that_reaches_no_traffic_is_not_counted() -> None:
    plan = a_plan(a_planned("f", (a_change(monthly_usd=money("5"), counted=False), a_change(monthly_usd=money("2")))))
    assert figures_of(plan).net == money("2")


def test_blocked_money_is_not_saved_and_not_net() -> None:
    plan = a_plan(a_planned("f", (a_change(blocked="no", monthly_usd=money("18", "25")),)))
    figures = figures_of(plan)
    assert figures.net == money("0") and figures.not_saved == money("18", "25") and figures.changes == 0


def test_what_the_functions_cost_is_not_known_unless_it_is_known_of_all() -> None:
    assert figures_of(showcase()).cost_now == money("1970")
    assert figures_of(a_plan(*showcase().functions, a_planned("f", (a_change(),)))).cost_now is None


def test_regions_without_prices_are_named() -> None:
    assert figures_of(no_prices()).unpriced == ("cn-north-1",)


def test_the_most_money_comes_first_and_what_costs_last() -> None:
    names = [function.name for function in by_money(showcase().functions)]
    assert names[0] == "orders-api" and names[-1] == "payment-capture"


def test_days_of_load_are_those_of_the_invocations_and_not_of_a_longer_look_back() -> None:
    longest, counted = Quote("duration_max", 6000, "ms", "x", 35.0, 1), Quote("invocations", 5, "count", "x", 14.0, 5)
    assert days_of_load(a_plan(a_planned("f", (a_change(evidence=(longest, counted)),)))) == "14 days"
    assert days_of_load(a_plan(a_planned("f", (a_change(evidence=(longest,)),)))) == "35 days"
    assert days_of_load(a_plan(a_planned("f", (a_change(evidence=()),)))) == ""

"""The evidence readers against answers as AWS gives them: batches, budgets, absence with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor.aws.evidence_metrics import AccountUse
from lambda_tailor.model.evidence import Absent, Measured
from lambda_tailor.settings.setting import Answer
from tests.builders import a_function
from tests.unit.aws.answering import ALL, NOW, VALUES, Answering, fleet, insights, metric_data, one_size, read, row


def test_metrics_carry_source_window_and_samples() -> None:
    (evidence,) = read(Answering({"GetMetricData": metric_data(VALUES)}), fleet(1)).evidence.values()
    assert evidence.invocations == Measured(1000.0, "count", "CloudWatch Invocations Sum", 14.0, 1000)
    assert evidence.duration_p99 == Measured(120.0, "ms", "CloudWatch Duration p99", 14.0, 1000)


def test_what_cloudwatch_does_not_know_is_absent_and_never_zero() -> None:
    (evidence,) = read(Answering({"GetMetricData": metric_data({})}), fleet(1)).evidence.values()
    assert evidence.throttles == Absent("CloudWatch has no Throttles in the window of 14 days")


def test_metrics_that_may_not_be_read_are_absent_with_the_reason() -> None:
    (evidence,) = read(Answering({}), fleet(1), readings=ALL).evidence.values()
    assert isinstance(evidence.invocations, Absent)
    assert "may not cloudwatch:GetMetricData" in evidence.invocations.because
    assert isinstance(evidence.idle_days, Absent)


def test_five_hundred_functions_take_at_most_a_fifth_of_a_call_each() -> None:
    replies = {
        "GetMetricData": metric_data(VALUES),
        **insights(one_size),
        "GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": []},
        "ListEventSourceMappings": lambda _: {"EventSourceMappings": []},
    }
    gateway = Answering(replies)
    gathered = read(gateway, fleet(500), readings=ALL)
    assert gateway.calls.total() <= 100
    assert all(isinstance(e.memory_used, Measured) for e in gathered.evidence.values())
    assert max(len(c.parameters["MetricDataQueries"]) for c in gateway.asked if c.action == "GetMetricData") == 500


def test_the_call_limit_holds_where_logs_are_not_aggregated() -> None:
    replies = {
        "GetMetricData": metric_data(VALUES),
        **insights(lambda group: [row(group, **{"@message": "START"})]),
        "FilterLogEvents": lambda _: {"events": [], "nextToken": "more"},
    }
    gateway = Answering(replies)
    gathered = read(gateway, fleet(500), readings=ALL)
    assert gateway.calls.total() <= 100
    assert gateway.calls["logs:StartQuery"] == 1
    assert "logs are sampled of the 20 functions that cost most" in " ".join(gathered.notes)


def test_the_number_of_metrics_and_the_price_are_told() -> None:
    gathered = read(Answering({"GetMetricData": metric_data(VALUES), **insights(one_size)}), fleet(3), readings=ALL)
    assert gathered.metrics == 3 * 11
    assert gathered.usd == 33 * Decimal("0.00001") + 2 * Decimal("0.005")


def test_the_budget_caps_the_metrics_and_says_so() -> None:
    functions = [a_function("small", memory_mb=128), a_function("large", memory_mb=3008)]
    gathered = read(Answering({"GetMetricData": metric_data(VALUES)}), functions, budget_usd=Decimal("0.0001"))
    assert gathered.usd <= Decimal("0.0001")
    assert gathered.metrics == 9
    assert isinstance(gathered.evidence[functions[1].arn].invocations, Measured)
    assert gathered.evidence[functions[0].arn].invocations == Absent("beyond the evidence budget of $0.0001")


def test_the_budget_keeps_logs_insights_from_scanning_too_much() -> None:
    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(one_size)})
    read(gateway, fleet(1), readings=ALL, budget_usd=Decimal("0.01"))  # 5 GB would cost $0.025
    assert gateway.calls["logs:StartQuery"] == 0


def test_functions_that_were_not_invoked_have_no_logs_read() -> None:
    gateway = Answering({"GetMetricData": metric_data({}), **insights(one_size)})
    read(gateway, fleet(3), readings=ALL)
    assert gateway.calls["logs:StartQuery"] == 0


def test_lambda_insights_is_asked_where_its_layer_is_attached() -> None:
    layer = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"
    gateway = Answering({"GetMetricData": metric_data({**VALUES, "used_memory_max": 333.0})})
    (evidence,) = read(gateway, [a_function("f", layers=(layer,))], readings=ALL).evidence.values()
    assert evidence.memory_used == Measured(333.0, "MB", "Lambda Insights used_memory_max Maximum", 35.0, 1000)


def idle(last: timedelta | None, deployed: timedelta = timedelta(days=400)) -> float:
    def answer(asked: Mapping[str, Any]) -> Answer:
        long = asked["EndTime"] - asked["StartTime"] > timedelta(days=30)
        points = {"Timestamps": [NOW - last], "Values": [1.0]} if long and last is not None else {}
        return {"MetricDataResults": [{"Id": q["Id"], **points} for q in asked["MetricDataQueries"]]}

    modified = (NOW - deployed).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    function = a_function("f", last_modified=modified)
    (evidence,) = read(Answering({"GetMetricData": answer}), [function], readings=ALL).evidence.values()
    assert isinstance(evidence.idle_days, Measured)
    return evidence.idle_days.value


def test_idleness_is_counted_from_the_last_invocation_or_deployment() -> None:
    assert idle(timedelta(days=40)) == pytest.approx(40, abs=0.1)
    assert idle(timedelta(days=400), deployed=timedelta(days=500)) == pytest.approx(400, abs=0.1)
    assert idle(None, deployed=timedelta(days=500)) == 455
    assert idle(None, deployed=timedelta(days=2)) == pytest.approx(2, abs=0.1)


def test_invocations_come_by_day_for_no_more_metrics_and_days_that_begin_before_the_window_count_whole() -> None:
    asked_periods: list[int] = []

    def answer(asked: Mapping[str, Any]) -> Answer:
        results = []
        for query in asked["MetricDataQueries"]:
            period = query["MetricStat"]["Period"]
            asked_periods.append(period)
            begin = asked["StartTime"] - timedelta(hours=6)
            days = [begin + timedelta(days=n) for n in range(14)]
            daily = {"Timestamps": days, "Values": [10.0] * 14}
            one = {"Timestamps": [asked["StartTime"]], "Values": [5.0]}
            results.append({"Id": query["Id"], **(daily if period == 86_400 else one)})
        return {"MetricDataResults": results}

    gathered = read(Answering({"GetMetricData": answer}), [a_function("f")], readings=frozenset())
    (evidence,) = gathered.evidence.values()
    assert isinstance(evidence.invocations, Measured) and isinstance(evidence.duration_avg, Measured)
    assert evidence.invocations.value == 140 and len(evidence.invocations.daily) == 14
    assert evidence.invocations.window_days == pytest.approx(14.25, abs=0.01)
    assert evidence.duration_avg.daily == () and evidence.duration_avg.window_days == 14
    assert asked_periods.count(86_400) == 1 and gathered.metrics == len(asked_periods)


def test_a_run_once_a_month_is_seen_by_what_bounds_memory_and_timeout() -> None:
    gateway = Answering({"GetMetricData": metric_data(VALUES)})
    (evidence,) = read(gateway, [a_function()]).evidence.values()
    assert isinstance(evidence.duration_max, Measured) and isinstance(evidence.duration_avg, Measured)
    assert (evidence.duration_max.window_days, evidence.duration_avg.window_days) == (35, 14)
    (evidence,) = read(gateway, [a_function()], lookback_days=40).evidence.values()
    assert isinstance(evidence.duration_max, Measured) and evidence.duration_max.window_days == 40


def test_what_runs_and_is_claimed_in_the_whole_account_is_read_in_one_call() -> None:
    values = VALUES | {"UnreservedConcurrentExecutions": 300.0, "ClaimedAccountConcurrency": 450.0}
    replies = {"GetMetricData": metric_data(values), "ListEventSourceMappings": lambda _: {"EventSourceMappings": []}}
    gateway = Answering(replies)
    gathered = read(gateway, fleet(1), readings=frozenset({"concurrency_max", "event_sources"}))
    assert gathered.account == AccountUse(unreserved=300.0, claimed=450.0)
    of_the_account = [
        call
        for call in gateway.asked
        if call.action == "GetMetricData"
        and any(not q["MetricStat"]["Metric"].get("Dimensions") for q in call.parameters["MetricDataQueries"])
    ]
    assert len(of_the_account) == 1

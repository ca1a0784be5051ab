from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.alarms import AlarmsOptions, judge
from tests.builders import a_function, evidence

OPTIONS = AlarmsOptions(error_rate_percent=1, duration_ms=20_000)
NAMES = ("lambda-error-rate-dev", "lambda-duration-dev")
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


def judged(resources: dict[str, Resource], options: AlarmsOptions = OPTIONS) -> list[Verdict]:
    known = {Lookup("alarm", name): resources.get(name, Missing()) for name in NAMES}
    return list(judge(a_function(resources=known), Evidence(), options))


def definition(verdict: Verdict) -> dict[str, Any]:
    assert isinstance(verdict, Proposed)
    after = verdict.transitions[0].after
    assert isinstance(after, dict)
    return after


def test_the_error_rate_is_a_share_of_the_invocations() -> None:
    wanted = definition(judged({})[0])
    assert wanted["Threshold"] == 1.0
    expressions = [query.get("Expression") for query in wanted["Metrics"]]
    assert expressions == ["100*errors/invocations", None, None]


def test_the_duration_alarm_is_in_milliseconds() -> None:
    wanted = definition(judged({})[1])
    assert (wanted["Threshold"], wanted["MetricName"]) == (20_000.0, "Duration")


def test_an_equal_alarm_is_left_alone() -> None:
    there = {name: Found({"definition": definition(v)}) for name, v in zip(NAMES, judged({}), strict=True)}
    assert all(isinstance(verdict, Kept) for verdict in judged(dict(there)))


def test_an_alarm_that_differs_is_shown_as_a_change_of_what_differs() -> None:
    theirs = {**definition(judged({})[1]), "Threshold": 5000.0}
    verdict = judged({NAMES[1]: Found({"definition": theirs})})[1]
    assert isinstance(verdict, Proposed)
    assert verdict.before == {"alarm": NAMES[1], "Threshold": 5000.0}
    assert verdict.after == {"alarm": NAMES[1], "Threshold": 20_000.0}


def test_the_users_actions_and_description_are_kept() -> None:
    theirs = {**definition(judged({})[1]), "Threshold": 1.0, "AlarmActions": ["a"], "AlarmDescription": "ours"}
    wanted = definition(judged({NAMES[1]: Found({"definition": theirs})}, OPTIONS)[1])
    assert (wanted["AlarmActions"], wanted["AlarmDescription"]) == (["a"], "ours")


def test_a_topic_is_added_to_the_users_actions() -> None:
    theirs = {**definition(judged({})[1]), "AlarmActions": ["a"]}
    options = OPTIONS.model_copy(update={"topic_arn": TOPIC})
    wanted = definition(judged({NAMES[1]: Found({"definition": theirs})}, options)[1])
    assert wanted["AlarmActions"] == ["a", TOPIC]


def test_a_composite_alarm_of_that_name_blocks() -> None:
    assert isinstance(judged({NAMES[0]: Found({"definition": None, "composite": True})})[0], Blocked)


def test_a_metric_math_alarm_costs_each_metric_it_reads() -> None:
    error_rate, duration = judged({})
    assert isinstance(error_rate, Proposed)
    assert isinstance(duration, Proposed)
    assert (error_rate.adds.alarm_metrics, duration.adds.alarm_metrics) == (Decimal(2), Decimal(1))


def test_a_topic_of_another_region_blocks() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:oncall"
    options = AlarmsOptions(error_rate_percent=1, duration_ms=1000, topic_arn=topic)
    verdicts = judge(a_function(), Evidence(), options)
    assert len(verdicts) == 2
    assert all(isinstance(v, Blocked) and "own region" in v.because for v in verdicts)


@pytest.mark.parametrize(("period_s", "periods", "fits"), [
    (60, 1440, True), (60, 1441, False), (3600, 168, True), (3600, 169, False), (1800, 49, False),
])  # fmt: skip
def test_period_times_periods_is_bounded(period_s: int, periods: int, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(ValidationError):
        AlarmsOptions(period_s=period_s, evaluation_periods=periods)


def test_errors_that_come_late_are_told_in_the_change_itself() -> None:
    known = {Lookup("alarm", name): Missing() for name in NAMES}
    for timeout_s, late in ((299, False), (300, False), (301, True)):
        error_rate, duration = judge(a_function(timeout_s=timeout_s, resources=known), Evidence(), OPTIONS)
        assert isinstance(error_rate, Proposed) and isinstance(duration, Proposed)
        # Stated as it is: 300 s.
        assert _metric_period(error_rate) == 300
        assert ("counted at the time at which it began" in error_rate.reason) is late
        assert ("began" in duration.reason) is late


def test_a_derived_period_is_long_enough_for_the_longest_run() -> None:
    known: dict[Lookup, Resource] = {Lookup("alarm", name): Missing() for name in NAMES}
    known[Lookup("alarm-topic", "")] = Found({"topic": TOPIC})
    seen = evidence(invocations=10_000, errors=10, duration_max=9_000)
    for timeout_s, period in ((60, 300), (300, 300), (301, 360), (900, 900)):
        function = a_function(timeout_s=timeout_s, resources=known)
        error_rate = judge(function, seen, AlarmsOptions(from_evidence=True))[0]
        assert _metric_period(error_rate) == period
        assert isinstance(error_rate, Proposed) and "began" not in error_rate.reason
    said = AlarmsOptions(from_evidence=True, period_s=60)
    (error_rate, *_) = judge(a_function(timeout_s=900, resources=known), seen, said)
    # What the policy says stays, with the note.
    assert _metric_period(error_rate) == 60
    assert isinstance(error_rate, Proposed) and "began" in error_rate.reason


def _metric_period(verdict: Verdict) -> int:
    (period,) = {query["MetricStat"]["Period"] for query in definition(verdict)["Metrics"] if "MetricStat" in query}
    return int(period)

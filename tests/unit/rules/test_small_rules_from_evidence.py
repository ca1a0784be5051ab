"""Reserved concurrency, alarms and the dead-letter queue as the evidence wants them."""

from __future__ import annotations

from typing import Any

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource
from lambda_tailor.model.verdict import Finding, Kept, Proposed, Verdict
from lambda_tailor.rules import alarms, dead_letter_queue
from lambda_tailor.rules.alarms import AlarmsOptions
from lambda_tailor.rules.dead_letter_queue import DeadLetterQueueOptions
from lambda_tailor.rules.reserved_concurrency import ReservedConcurrencyOptions, judge
from tests.builders import ACCOUNT, REGION, a_function, evidence

FIT = ReservedConcurrencyOptions(from_evidence=True)
PROTECTS = FIT.model_copy(update={"protects": "the database's connections"})
TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
BASELINE = AlarmsOptions(from_evidence=True, topic_arn=TOPIC)


def reserved(options: ReservedConcurrencyOptions, seen: Evidence, now: int | None = None) -> Verdict:
    (verdict,) = judge(a_function(reserved_concurrency=now), seen, options)
    return verdict


def test_a_limit_that_protects_nothing_is_not_proposed() -> None:
    assert isinstance(reserved(FIT, evidence(concurrency_max=40)), Kept)


def test_a_limit_that_protects_something_is_the_peak_plus_headroom() -> None:
    verdict = reserved(PROTECTS, evidence(concurrency_max=40))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 80
    assert "the database's connections" in verdict.reason


def test_a_reservation_that_throttles_is_raised() -> None:
    verdict = reserved(FIT, evidence(concurrency_max=10, throttles=7), now=10)
    assert isinstance(verdict, Proposed)
    assert verdict.after == 20


def test_a_reservation_that_does_not_throttle_is_kept() -> None:
    assert isinstance(reserved(FIT, evidence(concurrency_max=10, throttles=0), now=10), Kept)


def test_no_limit_is_derived_without_a_peak_or_against_a_switch_off() -> None:
    assert isinstance(reserved(PROTECTS, Evidence()), Kept)
    assert isinstance(reserved(PROTECTS, evidence(concurrency_max=3), now=0), Kept)


def alarm_thresholds(seen: Evidence, resources: dict[Lookup, Resource] | None = None, **given: Any) -> list[float]:
    names = ("lambda-error-rate-dev", "lambda-duration-dev")
    known: dict[Lookup, Resource] = {Lookup("alarm", name): Missing() for name in names}
    verdicts = alarms.judge(a_function(resources={**known, **(resources or {})}, **given), seen, BASELINE)
    steps = [v.transitions[0].after for v in verdicts if isinstance(v, Proposed)]
    return [step["Threshold"] for step in steps if isinstance(step, dict)]  # type: ignore[misc]


def test_thresholds_follow_from_the_baseline() -> None:
    seen = evidence(invocations=1000, errors=8, duration_max=4_200)
    assert alarm_thresholds(seen) == [2.5, 7000.0]


def test_a_function_that_never_fails_is_told_of_one_percent() -> None:
    assert alarm_thresholds(evidence(invocations=1000, duration_max=200)) == [1.0, 1000.0]


def test_the_duration_alarm_comes_before_the_timeout() -> None:
    assert alarm_thresholds(evidence(invocations=1000, duration_max=7_000), timeout_s=10) == [1.0, 9000.0]


def test_an_alarm_that_is_near_its_baseline_is_left_alone() -> None:
    seen = evidence(invocations=1000, errors=8, duration_max=4_200)
    (first, _) = alarms.judge(
        a_function(resources={Lookup("alarm", n): Missing() for n in ("lambda-error-rate-dev", "lambda-duration-dev")}),
        seen,
        BASELINE,
    )
    assert isinstance(first, Proposed)
    there = Found({"definition": first.transitions[0].after})
    drifted = evidence(invocations=1000, errors=11, duration_max=4_200)
    assert alarm_thresholds(drifted, {Lookup("alarm", "lambda-error-rate-dev"): there}) == [7000.0]
    broken = evidence(invocations=1000, errors=150, duration_max=4_200)
    assert alarm_thresholds(broken, {Lookup("alarm", "lambda-error-rate-dev"): there}) == [45.0, 7000.0]


def test_an_alarm_that_would_tell_nobody_is_a_finding_and_the_topic_of_the_others_is_taken() -> None:
    options = AlarmsOptions(from_evidence=True)
    seen = evidence(invocations=1000, errors=8, duration_max=4_200)
    names = {Lookup("alarm", n): Missing() for n in ("lambda-error-rate-dev", "lambda-duration-dev")}
    nobody = alarms.judge(a_function(resources={**names, Lookup("alarm-topic", ""): Missing()}), seen, options)
    assert [type(verdict) for verdict in nobody] == [Finding, Finding]
    assert "--topic" in nobody[0].note  # type: ignore[union-attr]
    theirs = Found({"topic": TOPIC, "alarms": 3, "of": 4})
    told = alarms.judge(a_function(resources={**names, Lookup("alarm-topic", ""): theirs}), seen, options)
    for verdict in told:
        assert isinstance(verdict, Proposed)
        assert isinstance(definition := verdict.transitions[0].after, dict)
        assert definition["AlarmActions"] == [TOPIC]
        assert (definition["EvaluationPeriods"], definition["DatapointsToAlarm"]) == (3, 2)
        assert "it tells on-call" in verdict.reason
    assert [lookup.name for lookup in alarms.lookups(a_function(), options)][-1] == ""


def test_a_derived_error_rate_needs_a_minimum_of_invocations_and_a_stated_one_is_as_stated() -> None:
    names: dict[Lookup, Resource] = {
        Lookup("alarm", n): Missing() for n in ("lambda-error-rate-dev", "lambda-duration-dev")
    }
    seen = evidence(invocations=1000, errors=8, duration_max=4_200)
    derived, _ = alarms.judge(a_function(resources=names), seen, BASELINE)
    (stated,) = alarms.judge(a_function(resources=names), seen, AlarmsOptions(error_rate_percent=1))
    expressions = [
        v.transitions[0].after["Metrics"][0]["Expression"]  # type: ignore[index, call-overload]
        for v in (derived, stated)
        if isinstance(v, Proposed)
    ]
    assert expressions == ["IF(invocations >= 10, 100*errors/invocations, 0)", "100*errors/invocations"]


def test_a_function_that_fails_half_the_time_is_a_finding_and_no_threshold() -> None:
    seen = evidence(invocations=1000, errors=500, duration_max=4_200)
    names = {Lookup("alarm", n): Missing() for n in ("lambda-error-rate-dev", "lambda-duration-dev")}
    first, second = alarms.judge(a_function(resources=dict(names)), seen, BASELINE)
    assert isinstance(first, Finding)
    assert "50 % of its invocations fail" in first.note
    assert isinstance(second, Proposed)


def test_the_duration_alarm_has_room_for_the_memory_that_the_plan_gives() -> None:
    seen = evidence(invocations=1000, duration_max=4_200)
    assert alarm_thresholds(seen, memory_mb=1024, planned={"memory_mb": 512}) == [1.0, 11_000.0]
    assert alarm_thresholds(seen, memory_mb=1024) == [1.0, 7000.0]


def test_runs_that_come_near_the_timeout_get_no_alarm_that_would_not_stop() -> None:
    assert alarm_thresholds(evidence(invocations=1000, duration_max=9_500), timeout_s=10) == [1.0]


def test_without_a_baseline_no_alarm_is_made() -> None:
    for seen in (Evidence(), evidence(invocations=3)):
        (verdict,) = alarms.judge(a_function(), seen, BASELINE)
        assert isinstance(verdict, Kept)


def test_the_alarms_are_looked_up_by_their_names() -> None:
    assert [lookup.name for lookup in alarms.lookups(a_function(), BASELINE)] == [
        "lambda-error-rate-dev",
        "lambda-duration-dev",
    ]


def test_a_queue_is_only_proposed_for_a_function_that_is_invoked_asynchronously() -> None:
    options = DeadLetterQueueOptions(queue="q", only_asynchronous=True)
    role, arn = f"arn:aws:iam::{ACCOUNT}:role/lambda-role-dev", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    resources: dict[Lookup, Resource] = {
        Lookup("queue", "q"): Missing(),
        Lookup("role-may", f"{role} sqs:SendMessage {arn}"): Found({"allowed": True}),
    }
    (unknown,) = dead_letter_queue.judge(a_function(resources=resources), Evidence(), options)
    (known,) = dead_letter_queue.judge(a_function(resources=resources), evidence(async_events=4), options)
    assert isinstance(unknown, Kept)
    assert isinstance(known, Proposed)


def test_a_role_is_only_asked_about_where_events_are_asynchronous() -> None:
    options = DeadLetterQueueOptions(queue="q", only_asynchronous=True)
    assert list(dead_letter_queue.lookups(a_function(), options)) == []
    assert list(dead_letter_queue.more_lookups(a_function(), Evidence(), options)) == []
    needed = dead_letter_queue.more_lookups(a_function(), evidence(async_events=4), options)
    assert [lookup.kind for lookup in needed] == ["queue", "role-may", "event-invoke-config"]
    always = DeadLetterQueueOptions(queue="q")
    kinds = [lookup.kind for lookup in dead_letter_queue.lookups(a_function(), always)]
    assert kinds == ["queue", "role-may", "event-invoke-config"]
    assert list(dead_letter_queue.more_lookups(a_function(), evidence(async_events=4), always)) == []

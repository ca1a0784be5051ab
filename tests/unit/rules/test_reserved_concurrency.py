from __future__ import annotations

from dataclasses import replace

from lambda_tailor.model.evidence import EventSource, Evidence
from lambda_tailor.model.function import Found, Lookup
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Risk, Verdict
from lambda_tailor.rules.reserved_concurrency import ReservedConcurrencyOptions, judge, lookups, settle
from lambda_tailor.rules.rule import ConcurrencyPool, Judged
from tests.builders import a_function, evidence

TARGET = ReservedConcurrencyOptions(target=50)


def judged(names: list[str], pool: ConcurrencyPool | None, **given: int) -> list[Verdict]:
    functions = [a_function(name, **given) for name in names]
    answers: list[Judged] = [(f, judge(f, Evidence(), TARGET)) for f in functions]
    return [verdict for _, verdicts in settle(answers, pool) for verdict in verdicts]


def test_a_reservation_that_fits_is_proposed() -> None:
    (verdict,) = judged(["a"], ConcurrencyPool(1000, 0))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 50


def test_the_pool_is_counted_over_the_whole_plan() -> None:
    verdicts = judged(["a", "b", "c"], ConcurrencyPool(200, 0))
    assert [type(v) for v in verdicts] == [Proposed, Proposed, Blocked]


def test_the_arithmetic_is_shown() -> None:
    (verdict,) = judged(["a"], ConcurrencyPool(200, 60))
    assert isinstance(verdict, Blocked)
    assert verdict.because == "200 limit - 60 reserved - 50 more = 90, and AWS keeps 100 unreserved"
    assert verdict.transitions == ()


def test_a_new_account_can_reserve_nothing() -> None:
    (verdict,) = judged(["a"], ConcurrencyPool(10, 0))
    assert isinstance(verdict, Blocked)


def test_what_is_reserved_already_counts_once() -> None:
    (verdict,) = judged(["a"], ConcurrencyPool(200, 80), reserved_concurrency=40)
    assert isinstance(verdict, Proposed)


def test_an_unreadable_pool_blocks() -> None:
    (verdict,) = judged(["a"], None)
    assert isinstance(verdict, Blocked)


def test_a_function_that_is_switched_off_stays_off() -> None:
    (verdict,) = judge(a_function(reserved_concurrency=0), Evidence(), TARGET)
    assert isinstance(verdict, Blocked)
    assert "switched off" in verdict.because


def test_a_reservation_under_the_measured_peak_is_blocked() -> None:
    (verdict,) = judge(a_function(), evidence(concurrency_max=51), TARGET)
    assert isinstance(verdict, Blocked)


def test_the_wanted_reservation_is_kept() -> None:
    (verdict,) = judge(a_function(reserved_concurrency=50), Evidence(), TARGET)
    assert isinstance(verdict, Kept)


QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


def polled(*sources: EventSource, **values: float) -> Evidence:
    return replace(evidence(**values), event_sources=sources)


def a_queue(**given: object) -> EventSource:
    return replace(EventSource(uuid="u", source=QUEUE, kind="queue"), **given)  # type: ignore[arg-type]


def test_a_target_at_the_peak_has_no_headroom() -> None:
    options = ReservedConcurrencyOptions(target=50)
    (verdict,) = judge(a_function(), evidence(concurrency_max=50), options)
    assert isinstance(verdict, Blocked) and "no headroom" in verdict.because
    assert isinstance(judge(a_function(), evidence(concurrency_max=49), options)[0], Proposed)


def test_a_stated_target_is_kept_with_a_warning_where_a_queue_feeds_the_function() -> None:
    options = ReservedConcurrencyOptions(target=50)
    (verdict,) = judge(a_function(), polled(a_queue()), options)
    assert isinstance(verdict, Proposed) and verdict.risk is Risk.HIGH
    assert "MaximumConcurrency" in verdict.reason and "orders" in verdict.reason
    for calm in (a_queue(max_concurrency=50), a_queue(enabled=False), a_queue(kind="stream")):
        (verdict,) = judge(a_function(), polled(calm), options)
        assert isinstance(verdict, Proposed) and "MaximumConcurrency" not in verdict.reason


def test_a_derived_limit_under_a_queue_is_blocked() -> None:
    options = ReservedConcurrencyOptions(from_evidence=True, protects="the database")
    (verdict,) = judge(a_function(), polled(a_queue(), concurrency_max=9), options)
    assert isinstance(verdict, Blocked) and "dead-letter queue" in verdict.because
    (verdict,) = judge(a_function(), polled(a_queue(max_concurrency=10), concurrency_max=9), options)
    assert isinstance(verdict, Proposed)


def test_no_reservation_is_under_what_is_provisioned() -> None:
    resources = {Lookup("provisioned", "lambda-function-dev"): Found({"provisioned": {"live": 40, "7": 20}})}
    (verdict,) = judge(a_function(resources=resources), Evidence(), ReservedConcurrencyOptions(target=50))
    assert isinstance(verdict, Blocked) and "60 executions are provisioned" in verdict.because
    (verdict,) = judge(a_function(resources=resources), Evidence(), ReservedConcurrencyOptions(target=60))
    assert isinstance(verdict, Proposed)


def test_what_the_others_use_is_told_where_too_little_is_left_to_them() -> None:
    options = ReservedConcurrencyOptions(target=50)
    judged = [(a_function(), judge(a_function(), evidence(concurrency_max=20), options))]
    for busy, crowded in ((None, False), (960.0, False), (980.0, True)):
        ((_, (verdict,)),) = settle(judged, ConcurrencyPool(1000, 0, busy))
        assert isinstance(verdict, Proposed)
        # What the function itself used of it moves into its reservation: 20.
        assert ("all other functions ran up to 960 at once" in verdict.reason) is crowded


def test_what_is_claimed_is_told_where_the_account_has_no_room_for_more() -> None:
    options = ReservedConcurrencyOptions(target=50)
    judged = [(a_function(), judge(a_function(), evidence(concurrency_max=20), options))]
    for claimed, full in ((None, False), (970.0, False), (971.0, True)):
        ((_, (verdict,)),) = settle(judged, ConcurrencyPool(1000, 0, busy=None, claimed=claimed))
        assert isinstance(verdict, Proposed)
        # 971 claimed, 20 of them this function's own, and 50 more.
        assert ("971 of 1000 executions were claimed" in verdict.reason) is full
        assert (verdict.risk is Risk.HIGH) is full


def test_a_derived_reservation_is_not_under_what_is_provisioned() -> None:
    options = ReservedConcurrencyOptions(from_evidence=True, protects="the database")
    name = "lambda-function-dev"
    assert list(lookups(a_function(), options)) == [Lookup("provisioned", name)]
    for ready, wanted in ((60, 60), (10, 18)):
        function = a_function(resources={Lookup("provisioned", name): Found({"provisioned": {"live": ready}})})
        (verdict,) = judge(function, evidence(concurrency_max=9), options)
        assert isinstance(verdict, Proposed) and verdict.after == wanted

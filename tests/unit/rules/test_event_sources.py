"""The rules about what Lambda polls: a queue's own limit, batches that fill, streams that one record cannot stop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_tailor.model.evidence import Absent, EventSource, Evidence
from lambda_tailor.model.function import Found, Lookup
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Proposed, Risk, Verdict
from lambda_tailor.rules import event_source_batching, event_source_concurrency, poison_pills
from lambda_tailor.rules.event_source_batching import EventSourceBatchingOptions
from lambda_tailor.rules.event_source_concurrency import EventSourceConcurrencyOptions
from lambda_tailor.rules.poison_pills import PoisonPillsOptions
from tests.builders import a_function, evidence

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"


def a_queue(**given: Any) -> EventSource:
    return replace(EventSource(uuid="u-1", source=QUEUE, kind="queue"), **given)


def limited(*sources: EventSource, reserved: int | None = 50, target: int | None = None) -> list[Verdict]:
    seen = Evidence(event_sources=sources)
    options = EventSourceConcurrencyOptions(target=target)
    return list(event_source_concurrency.judge(a_function(reserved_concurrency=reserved), seen, options))


def test_a_queue_is_limited_to_what_is_reserved() -> None:
    (verdict,) = limited(a_queue())
    assert isinstance(verdict, Proposed)
    (step,) = verdict.transitions
    assert (verdict.setting, verdict.after, step.key.resource) == ("max_concurrency.orders", 50, "u-1")
    two = limited(a_queue(), a_queue(uuid="u-2", source=QUEUE + "2"))
    assert [v.after for v in two if isinstance(v, Proposed)] == [25, 25]


def test_a_lower_limit_is_kept_and_without_a_reservation_there_is_nothing_to_protect() -> None:
    assert isinstance(limited(a_queue(max_concurrency=20))[0], Kept)
    assert isinstance(limited(a_queue(), reserved=None)[0], Kept)
    (stated,) = limited(a_queue(max_concurrency=20), target=40)
    assert isinstance(stated, Proposed) and stated.after == 40


def test_what_aws_takes_no_limit_for_is_blocked() -> None:
    assert isinstance(limited(a_queue(provisioned=True))[0], Blocked)
    assert isinstance(limited(a_queue(), reserved=1)[0], Blocked)
    assert limited(a_queue(enabled=False)) == [] == limited(a_queue(source=STREAM, kind="stream"))


def batched(messages: float | None, source: EventSource, *others: EventSource, calls: float = 100_000) -> Verdict:
    told = Found({"messages": messages, "window_days": 14})
    known = {} if messages is None else {Lookup("queue-messages", "orders"): told}
    seen = replace(evidence(invocations=calls), event_sources=(source, *others))
    function = a_function(timeout_s=5, resources=known)
    return event_source_batching.judge(function, seen, EventSourceBatchingOptions())[0]


def test_nearly_empty_batches_wait_a_little() -> None:
    # 1.3 messages a call, and 1.65 a second.
    busy = batched(2_000_000, a_queue(visibility_timeout_s=60), calls=1_500_000)
    assert isinstance(busy, Proposed)
    assert (busy.setting, busy.before, busy.after) == ("batching_window_s.orders", 0, 5)
    # Five seconds bring 8.3: all but a sixth of 3.3 million calls a month go.
    assert -2_800_000 < busy.adds.requests < -2_600_000
    assert busy.risk is Risk.MEDIUM and "repeats its batch" in busy.reason
    calm = batched(2_000_000, a_queue(visibility_timeout_s=60, partial=True), calls=1_500_000)
    assert isinstance(calm, Proposed) and calm.risk is Risk.LOW


def test_full_batches_few_calls_and_unknown_messages_are_left_be() -> None:
    assert isinstance(batched(600_000, a_queue()), Kept)
    assert isinstance(batched(11_000, a_queue(), calls=9_000), Kept)
    assert isinstance(batched(None, a_queue()), Kept)
    assert isinstance(batched(110_000, a_queue(window_s=5)), Kept)
    assert isinstance(batched(110_000, a_queue(), a_queue(uuid="u-2")), Kept)
    assert isinstance(batched(110_000, a_queue(source=QUEUE + ".fifo")), Kept)


def test_a_window_that_the_queue_does_not_hide_messages_for_is_blocked() -> None:
    verdict = batched(2_000_000, a_queue(visibility_timeout_s=30), calls=1_500_000)
    assert isinstance(verdict, Blocked) and "takes 35 s" in verdict.because


def grown(messages: float, source: EventSource | None = None, *, calls: float, **given: Any) -> list[Verdict]:
    """The verdicts on a queue whose function takes 200 ms on average and 500 ms at most, unless said otherwise."""
    options = given.pop("options", EventSourceBatchingOptions())
    took = {"duration_avg": 200.0, "duration_max": 500.0, **given}
    seen = replace(
        evidence(invocations=calls, **took),
        event_sources=(source or a_queue(visibility_timeout_s=600),),
    )
    known = {Lookup("queue-messages", "orders"): Found({"messages": messages, "window_days": 14})}
    return list(event_source_batching.judge(a_function(timeout_s=30, resources=known), seen, options))


def test_full_batches_grow_to_what_comes_within_the_wait() -> None:
    # 9 messages a call, and 8 a second: 40 in five seconds.
    window, size = grown(8 * 14 * 86_400, calls=8 * 14 * 86_400 / 9)
    assert isinstance(window, Proposed) and isinstance(size, Proposed)
    assert (window.setting, window.after, size.setting, size.before, size.after) == (
        "batching_window_s.orders", 5, "batch_size.orders", 10, 40,
    )  # fmt: skip
    # Both are fields of one mapping, so that one call has both.
    assert window.transitions[0].key == size.transitions[0].key
    calls_a_month = 8 * 86_400 * 730 / 24 / 9
    assert float(window.adds.requests + size.adds.requests) == pytest.approx(-calls_a_month * (1 - 9 / 40), rel=1e-6)
    assert "memory" in size.reason and size.risk is Risk.MEDIUM


def test_a_batch_grows_no_further_than_the_policy_the_timeout_and_the_wait_allow() -> None:
    rate, calls = 200 * 14 * 86_400.0, 20 * 14 * 86_400.0
    (_, most) = grown(rate, calls=calls)
    assert isinstance(most, Proposed) and most.after == 100
    (_, said) = grown(rate, calls=calls, options=EventSourceBatchingOptions(max_batch_size=30))
    assert isinstance(said, Proposed) and said.after == 30
    # Ten messages took ten seconds at worst: 25 take the timeout of 30 s, with a fifth to spare.
    (_, timely) = grown(rate, calls=calls, duration_max=10_000)
    assert isinstance(timely, Proposed) and timely.after == 25
    # Ten take two seconds on average: five more seconds are 25 more.
    (_, soon) = grown(rate, calls=calls, duration_avg=2_000, duration_max=2_000)
    assert isinstance(soon, Proposed) and soon.after == 35


def test_a_batch_stays_where_its_runs_are_not_known_or_take_the_timeout() -> None:
    rate, calls = 8 * 14 * 86_400.0, 8 * 14 * 86_400.0 / 9
    slow = grown(rate, calls=calls, duration_max=29_000)
    assert [v.setting for v in slow] == ["batching_window_s.orders"] and isinstance(slow[0], Kept)
    unknown = replace(evidence(invocations=calls), event_sources=(a_queue(visibility_timeout_s=600),))
    known = {Lookup("queue-messages", "orders"): Found({"messages": rate, "window_days": 14})}
    verdicts = event_source_batching.judge(a_function(resources=known), unknown, EventSourceBatchingOptions())
    assert [type(v) for v in verdicts] == [Kept]


def test_a_batch_that_the_queue_cannot_hide_for_long_enough_is_blocked_whole() -> None:
    verdicts = grown(8 * 14 * 86_400, a_queue(visibility_timeout_s=60), calls=8 * 14 * 86_400 / 9)
    assert [(type(v), v.setting) for v in verdicts] == [
        (Blocked, "batching_window_s.orders"), (Blocked, "batch_size.orders"),
    ]  # fmt: skip


def test_a_queue_that_waits_already_only_gets_a_larger_batch() -> None:
    (size,) = grown(8 * 14 * 86_400, a_queue(visibility_timeout_s=600, window_s=5), calls=8 * 14 * 86_400 / 9)
    assert isinstance(size, Proposed) and size.setting == "batch_size.orders"


def piled(options: PoisonPillsOptions, **given: Any) -> list[Verdict]:
    stream = replace(EventSource(uuid="u-3", source=STREAM, kind="stream", retries=-1), **given)
    return list(poison_pills.judge(a_function(), Evidence(event_sources=(stream,)), options))


def test_a_stream_that_retries_for_ever_and_tells_nobody_is_grave() -> None:
    (verdict,) = piled(PoisonPillsOptions())
    assert isinstance(verdict, Finding) and verdict.risk is Risk.HIGH
    assert "nobody is told" in verdict.note and verdict.setting == "record_retries.clicks"
    (told,) = piled(PoisonPillsOptions(), on_failure="arn:aws:sqs:us-east-1:1:dlq")
    assert isinstance(told, Finding) and told.risk is Risk.MEDIUM


def test_an_end_to_retries_is_proposed_where_the_policy_says_so_with_what_it_loses() -> None:
    retries, bisect = piled(PoisonPillsOptions(fix=True, retries=3))
    assert isinstance(retries, Proposed) and isinstance(bisect, Proposed)
    assert (retries.before, retries.after, retries.risk) == (-1, 3, Risk.HIGH)
    assert (bisect.setting, bisect.after) == ("bisect.clicks", True)
    (safe,) = piled(PoisonPillsOptions(fix=True, retries=3, bisect=False), on_failure="arn:aws:sqs:us-east-1:1:dlq")
    assert isinstance(safe, Proposed) and safe.risk is Risk.MEDIUM


def test_a_stream_that_gives_up_is_kept() -> None:
    assert isinstance(piled(PoisonPillsOptions(), retries=5)[0], Kept)
    assert isinstance(piled(PoisonPillsOptions(), max_age_s=3600)[0], Kept)
    assert piled(PoisonPillsOptions(), enabled=False) == []


def test_unknown_event_sources_are_told() -> None:
    unknown = Evidence(event_sources=Absent("denied"))
    for rule in (event_source_batching, event_source_concurrency, poison_pills):
        (verdict,) = rule.judge(a_function(), unknown, rule.RULE.options())  # type: ignore[attr-defined]
        assert isinstance(verdict, Kept) and "denied" in verdict.because

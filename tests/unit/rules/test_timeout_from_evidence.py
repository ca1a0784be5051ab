from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.model.evidence import Absent, Evidence, Trigger
from lambda_tailor.model.verdict import Kept, Proposed, Risk, Verdict
from lambda_tailor.rules.timeout import TimeoutOptions, judge
from tests.builders import a_function, measured

FIT = TimeoutOptions(from_evidence=True)
GATEWAY = Trigger("request-response", "apigateway.amazonaws.com", limit_s=29)
QUEUE = Trigger("queue", "arn:aws:sqs:us-east-1:123456789012:orders", visibility_timeout_s=30)


def judged(
    timeout_s: int, longest_ms: float, samples: int = 1000, options: TimeoutOptions = FIT, **more: Any
) -> Verdict:
    seen = Evidence(duration_max=measured(longest_ms, samples=samples), **more)
    (verdict,) = judge(a_function(memory_mb=512, timeout_s=timeout_s), seen, options)
    return verdict


@pytest.mark.parametrize(
    ("timeout", "longest_ms", "proposed"),
    [
        (300, 4_000, 12),
        (300, 200, 3),  # never under three seconds
        (14, 4_000, None),  # near enough
        (10, 9_990, 20),  # runs end at the timeout
        (600, 600_000, 900),  # Lambda gives no more
        (900, 899_999, None),
    ],
)
def test_the_timeout_follows_the_longest_run(timeout: int, longest_ms: float, proposed: int | None) -> None:
    verdict = judged(timeout, longest_ms)
    assert (verdict.after if isinstance(verdict, Proposed) else None) == proposed


def test_reports_of_runs_that_timed_out_raise_it() -> None:
    verdict = judged(10, 4_000, timeouts=measured(3, "count"))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 20


def test_the_triggers_own_limit_caps_it() -> None:
    verdict = judged(300, 15_000, triggers=(GATEWAY,))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 29
    assert "gives up after 29 s" in verdict.reason


def test_the_triggers_limit_never_undercuts_the_longest_run() -> None:
    verdict = judged(300, 60_000, triggers=(GATEWAY,))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 180


def test_another_trigger_without_a_limit_lifts_the_cap() -> None:
    verdict = judged(300, 15_000, triggers=(GATEWAY, QUEUE))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 45


def test_more_time_than_the_trigger_waits_is_not_proposed() -> None:
    verdict = judged(29, 29_000, triggers=(GATEWAY,))
    assert isinstance(verdict, Kept)
    assert "more time helps nobody" in verdict.because


def test_room_is_left_for_the_slowdown_of_the_memory_that_the_plan_gives() -> None:
    seen = Evidence(duration_max=measured(10_000))
    for planned, wanted in (({}, 30), ({"memory_mb": 1769}, 30), ({"memory_mb": 384}, 53)):
        (verdict,) = judge(a_function(memory_mb=3008, timeout_s=300, planned=planned), seen, FIT)
        assert isinstance(verdict, Proposed)
        assert verdict.after == wanted  # 1769 MB / 384 MB, and 13 % more


def test_the_replays_of_a_durable_function_tell_no_timeout() -> None:
    (verdict,) = judge(a_function(durable=True), Evidence(duration_max=measured(900)), FIT)
    assert isinstance(verdict, Kept)
    assert "replays" in verdict.because


def test_a_timeout_is_not_raised_over_the_visibility_of_its_queue() -> None:
    queue = Trigger("queue", "arn:aws:sqs:us-east-1:1:q", visibility_timeout_s=60)
    verdict = judged(50, 50_000, triggers=(queue,))
    assert isinstance(verdict, Kept)
    assert "shows a message again after 60 s" in verdict.because


def test_a_target_that_the_slower_runs_would_pass_is_proposed_with_the_objection() -> None:
    function = a_function(memory_mb=1024, planned={"memory_mb": 512})
    (verdict,) = judge(function, Evidence(duration_max=measured(20_000)), TimeoutOptions(target_s=30))
    assert isinstance(verdict, Proposed)
    assert verdict.risk is Risk.HIGH
    assert "bound by CPU it would take 45.2 s at 512 MB" in verdict.reason


def test_the_99th_percentile_can_be_the_basis() -> None:
    options = TimeoutOptions(from_evidence=True, basis="p99")
    verdict = judged(300, 20_000, options=options, duration_p99=measured(2_000))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 21  # six seconds would be under the longest run


def test_too_few_runs_lower_nothing() -> None:
    assert isinstance(judged(300, 4_000, samples=10), Kept)


def test_unmeasured_runs_are_said() -> None:
    (verdict,) = judge(a_function(), Evidence(duration_max=Absent("no metrics")), FIT)
    assert isinstance(verdict, Kept)
    assert "no metrics" in verdict.because


@given(
    timeout=st.integers(1, 900),
    longest=st.floats(0.1, 900_000),
    p99=st.floats(0.1, 900_000),
    basis=st.sampled_from(["max", "p99"]),
    limit=st.none() | st.floats(1, 900),
)
def test_no_proposal_is_under_the_longest_run(
    timeout: int, longest: float, p99: float, basis: Any, limit: float | None
) -> None:
    options = TimeoutOptions(from_evidence=True, basis=basis)
    triggers = (Trigger("request-response", "a", limit_s=limit),)
    verdict = judged(timeout, longest, options=options, duration_p99=measured(p99), triggers=triggers)
    if isinstance(verdict, Proposed):
        assert isinstance(verdict.after, int)
        assert min(longest / 1000, 900) <= verdict.after <= 900

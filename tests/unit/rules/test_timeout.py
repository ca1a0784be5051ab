from __future__ import annotations

import pytest

from lambda_tailor.model.evidence import Evidence, Trigger
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Risk
from lambda_tailor.rules.timeout import TimeoutOptions, judge
from tests.builders import a_function, evidence

TARGET = TimeoutOptions(target_s=30)


@pytest.mark.parametrize(("longest_ms", "allowed"), [(1200, True), (29_999, True), (30_000, False), (45_000, False)])
def test_timeout_is_never_set_under_the_longest_run_seen(longest_ms: int, allowed: bool) -> None:
    (verdict,) = judge(a_function(timeout_s=300), evidence(duration_max=longest_ms), TARGET)
    assert isinstance(verdict, Proposed if allowed else Blocked)


def test_an_unmeasured_function_is_the_greater_risk() -> None:
    (unmeasured,) = judge(a_function(timeout_s=300), Evidence(), TARGET)
    (known,) = judge(a_function(timeout_s=300), evidence(duration_max=900), TARGET)
    assert isinstance(unmeasured, Proposed)
    assert isinstance(known, Proposed)
    assert (unmeasured.risk, known.risk) == (Risk.MEDIUM, Risk.LOW)


def test_timeout_at_the_target_is_kept() -> None:
    (verdict,) = judge(a_function(timeout_s=30), Evidence(), TARGET)
    assert isinstance(verdict, Kept)


def test_a_stated_timeout_above_what_a_queue_hides_for_is_told_and_grave() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:orders"
    for hidden, grave in ((19, True), (20, False), (None, False)):
        seen = Evidence(triggers=(Trigger("queue", queue, visibility_timeout_s=hidden),))
        (verdict,) = judge(a_function(timeout_s=10), seen, TimeoutOptions(target_s=20))
        assert isinstance(verdict, Proposed)
        assert (verdict.risk is Risk.HIGH) is grave
        assert ("shows a message again after 19 s" in verdict.reason) is grave

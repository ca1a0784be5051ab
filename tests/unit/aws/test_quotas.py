"""No second has more calls of a lane than its quota, and no call waits without need."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.aws.quotas import Pace

RATES = {"logs:DescribeLogGroups": 10, "lambda:ListFunctions": 15, "cloudwatch:PutMetricAlarm": 3}


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(share: float, call: str, rests: list[float]) -> list[float]:
    """When each call is sent, after the rest before it."""
    clock = Clock()
    pace = Pace(share, clock, clock.sleep)
    sent = []
    for rest in rests:
        clock.sleep(rest)
        pace.wait(call)
        sent.append(clock())
    return sent


@given(
    st.sampled_from(sorted(RATES)),
    st.floats(0.05, 1.0),
    st.lists(st.floats(0, 2), min_size=1, max_size=120),
)
def test_no_second_has_more_than_the_quota(call: str, share: float, rests: list[float]) -> None:
    sent = paced(share, call, rests)
    for n, at in enumerate(sent):
        # A millionth less than a second, for what floating point makes of a sum.
        assert bisect_left(sent, at + 1 - 1e-6) - n <= RATES[call]


@given(st.sampled_from(sorted(RATES)), st.floats(0.05, 1.0), st.integers(1, 300))
def test_long_work_gets_its_share(call: str, share: float, calls: int) -> None:
    sent = paced(share, call, [0.0] * calls)
    assert sent[-1] - sent[0] <= (calls - 1) / (RATES[call] * share) + 1e-6


@pytest.mark.parametrize(
    ("calls", "intervals"), [(1, 0), (2, 1 / 3), (10, 3), (11, 10), (20, 13), (21, 20), (200, 193)]
)
def test_a_lane_that_rested_makes_haste(calls: int, intervals: float) -> None:
    """In intervals of the lane's even beat, which 200 calls would take 199 of."""
    sent = paced(0.95, "logs:DescribeLogGroups", [0.0] * calls)
    assert sent[-1] - sent[0] == pytest.approx(intervals / 9.5, abs=0.001)


def test_calls_that_arrive_late_are_not_refused() -> None:
    """AWS's bucket holds a second's worth; the first calls take a quarter of a second longer, as new connections do."""
    sent = paced(0.95, "lambda:ListFunctions", [0.0] * 100)
    tokens, at = 15.0, sent[0]
    for n, sending in enumerate(sent):
        arrives = max(sending + (0.25 if n < 15 else 0.0), at)
        tokens = min(15.0, tokens + (arrives - at) * 15) - 1
        assert tokens >= 0
        at = arrives


def test_lanes_do_not_wait_for_each_other() -> None:
    clock = Clock()
    pace = Pace(1.0, clock, clock.sleep)
    for call in RATES:
        pace.wait(call)
    assert clock() == 100.0


def test_what_is_global_to_an_account_has_one_pace_for_all_regions() -> None:
    now, slept = [0.0], list[float]()
    shared, *regions = [Pace(1.0, clock=lambda: now[0], sleep=slept.append) for _ in range(3)]
    for each in regions:
        each.shared = shared
    for n in range(60):
        regions[n % 2].wait("iam:SimulatePrincipalPolicy")
    # Sixty at fifteen a second: three seconds and more, where each region for itself would need but one.
    assert max(slept) >= 3
    regions[0].wait("lambda:GetFunction")
    assert len(slept) == 59

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.model.evidence import Absent, AtMemory, Evidence, Recommendation, Trigger, Tuned
from lambda_tailor.model.function import Found, Lookup, Resource
from lambda_tailor.model.verdict import Kept, Proposed, Risk, Verdict
from lambda_tailor.rules.memory import MemoryOptions, judge, more_lookups
from tests.builders import a_function, evidence, measured

FIT = MemoryOptions(from_evidence=True)


def judged(memory_mb: int, used: float, samples: int = 1000, options: MemoryOptions = FIT, **more: Any) -> Verdict:
    seen = Evidence(memory_used=measured(used, "MB", samples), **more)
    (verdict,) = judge(a_function(memory_mb=memory_mb), seen, options)
    return verdict


def at(memory_mb: int, duration_ms: float, invocations: int = 500) -> AtMemory:
    return AtMemory(memory_mb, invocations, duration_ms, duration_ms, 200)


@pytest.mark.parametrize(
    ("memory", "used", "proposed"),
    [
        (3008, 400, 1769),  # one vCPU first: a single thread loses nothing
        (3008, 60, 1769),
        (1769, 60, 896),  # then the half, rounded up
        (1792, 60, 896),  # as good as one vCPU
        (1024, 60, 512),
        (1024, 600, 832),  # what was used and headroom
        (192, 20, 128),  # never under 128
        (10_240, 2400, 3136),
        (1024, 950, 1280),  # over 90 % in use: more
        (128, 128, 192),  # ran out of memory
        (1024, 700, None),  # 960 MB would fit: not worth a change
        (1024, 900, None),  # under 90 %, and headroom would want more
        (10_240, 10_200, None),  # there is no more
    ],
)
def test_unknown_need_of_cpu_goes_one_step(memory: int, used: float, proposed: int | None) -> None:
    verdict = judged(memory, used)
    assert (verdict.after if isinstance(verdict, Proposed) else None) == proposed


def test_the_ladder_is_shown_and_the_first_step_is_of_low_risk() -> None:
    verdict = judged(3008, 96)
    assert isinstance(verdict, Proposed)
    assert "3008 -> 1769 now, then by what is measured there (as far as 128)" in verdict.reason
    assert verdict.risk is Risk.LOW
    below = judged(1024, 96)
    assert isinstance(below, Proposed)
    assert (below.after, below.risk) == (512, Risk.MEDIUM)
    assert below.slowdown is not None and below.slowdown[0] == 1.0 < below.slowdown[1]


@pytest.mark.parametrize(
    ("seen", "because"),
    [
        ({"duration_max": measured(118_000)}, "its timeout is 240 s"),
        ({"duration_max": measured(238_000)}, "runs end at its timeout"),
        ({"duration_max": measured(9_000), "timeouts": measured(2, "count")}, "runs end at its timeout"),
        (
            {"duration_max": measured(20_000), "triggers": (Trigger("request-response", "api", limit_s=29.0),)},
            "api gives up after 29 s",
        ),
        (
            {"duration_max": measured(20_000), "triggers": (Trigger("queue", "q", visibility_timeout_s=30),)},
            "q shows a message again after 30 s",
        ),
        (
            {"duration_max": measured(900), "throttles": measured(3, "count"), "triggers": (Trigger("stream", "s"),)},
            "it throttles behind a stream",
        ),
    ],
)
def test_the_worst_case_stops_a_step(seen: dict[str, Any], because: str) -> None:
    options = FIT.model_copy(update={"min_change_percent": 45})
    used = Evidence(memory_used=measured(96, "MB"), **seen)
    (verdict,) = judge(a_function(memory_mb=1024, timeout_s=240), used, options)
    assert isinstance(verdict, Kept), verdict
    assert because in verdict.because
    # It was that which stopped it: without, the step is proposed.
    (free,) = judge(a_function(memory_mb=1024, timeout_s=240), Evidence(memory_used=measured(96, "MB")), options)
    assert isinstance(free, Proposed)


def test_a_duration_alarm_stops_a_step_that_would_make_it_ring() -> None:
    seen = Evidence(memory_used=measured(96, "MB"), duration_max=measured(2_500))
    options = FIT.model_copy(update={"min_change_percent": 45})
    ringing = Found({"thresholds_ms": {"slow": 3000.0}})
    function = a_function(memory_mb=1024, resources={Lookup("duration-alarms", "lambda-function-dev"): ringing})
    (verdict,) = judge(function, seen, options)
    assert isinstance(verdict, Kept)
    assert "the alarm slow is set at 3 s" in verdict.because
    assert isinstance(judge(a_function(memory_mb=1024), seen, options)[0], Proposed)


def test_a_step_stops_where_the_worst_case_still_fits() -> None:
    seen = Evidence(memory_used=measured(96, "MB"), duration_max=measured(118_000))
    (verdict,) = judge(a_function(memory_mb=1024, timeout_s=200), seen, FIT)
    assert isinstance(verdict, Proposed)
    assert isinstance(verdict.after, int)
    assert 118 * 1.13 * 1024 / verdict.after < 200
    assert "not further, since bound by CPU the longest run of 118 s would take 267 s at 512 MB" in verdict.reason


def test_a_target_is_proposed_as_stated_with_the_objection() -> None:
    seen = Evidence(memory_used=measured(96, "MB"), duration_max=measured(118_000))
    (verdict,) = judge(a_function(memory_mb=1024, timeout_s=200), seen, MemoryOptions(target_mb=320))
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.risk) == (320, Risk.HIGH)
    assert "but bound by CPU the longest run of 118 s would take 427 s at 320 MB" in verdict.reason


def test_on_managed_instances_no_size_is_derived() -> None:
    (verdict,) = judge(a_function(managed_instances=True), Evidence(memory_used=measured(96, "MB")), FIT)
    assert isinstance(verdict, Kept)
    assert "managed instances" in verdict.because


def test_a_tuned_size_goes_before_every_guess_but_not_under_what_was_used() -> None:
    tuned = Tuned(640, 1024, "cheapest", settled=True, slowdown=(0.9, 1.1), source="tuned 2026-11-20")
    verdict = judged(1024, 96, tuned=tuned)
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.risk, verdict.slowdown) == (640, Risk.LOW, (0.9, 1.1))
    over = judged(1024, 700, tuned=tuned)
    assert isinstance(over, Proposed) and over.after == 700
    assert isinstance(judged(640, 96, tuned=tuned), Kept)


def test_too_few_samples_derive_nothing_and_are_not_called_invocations() -> None:
    verdict = judged(3008, 400, samples=49)
    assert isinstance(verdict, Kept)
    assert "not judged: only 49 REPORT records" in verdict.because


def test_one_run_that_filled_the_memory_is_enough_to_propose_more() -> None:
    assert isinstance(judged(512, 512, samples=1), Proposed)


def test_unknown_use_is_said_and_changes_nothing() -> None:
    (verdict,) = judge(a_function(), Evidence(memory_used=Absent("the logs may not be read")), FIT)
    assert isinstance(verdict, Kept)
    assert "the logs may not be read" in verdict.because


def test_a_recommendation_stands_in_where_use_was_not_measured_and_goes_one_step_too() -> None:
    advised = Evidence(memory_used=Absent("no logs"), recommendation=Recommendation(896, "Overprovisioned"))
    (verdict,) = judge(a_function(), advised, FIT)
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.risk) == (1769, Risk.MEDIUM)
    assert "recommends 896 MB" in verdict.reason


def test_two_sizes_tell_the_curve_and_the_wanted_size_is_taken() -> None:
    # 60 ms of waiting and 40 ms of computing at one vCPU: 1024 MB takes 129 ms, 640 MB 171 ms.
    verdict = judged(1769, 200, at_memory=(at(1769, 100), at(896, 139)))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 1152
    assert "by that about 121 ms at 1152 MB" in verdict.reason
    assert verdict.slowdown is not None and verdict.slowdown[1] < 1.4


def test_a_run_that_only_waits_goes_one_halving_below_what_was_measured() -> None:
    verdict = judged(1024, 96, at_memory=(at(2048, 100), at(1024, 100)))
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.risk) == (512, Risk.MEDIUM)


def test_a_cpu_bound_function_stays_where_less_memory_is_slower_and_no_cheaper() -> None:
    verdict = judged(1024, 200, at_memory=(at(1024, 100), at(512, 205)))
    assert isinstance(verdict, Kept)
    assert "205 ms at 512 MB" in verdict.because


def test_a_cheaper_size_that_is_much_slower_is_not_taken() -> None:
    verdict = judged(2048, 200, at_memory=(at(2048, 100), at(512, 300)))
    assert isinstance(verdict, Proposed)
    assert isinstance(verdict.after, int) and verdict.after > 1024


def test_no_second_step_is_made_before_the_first_is_measured() -> None:
    verdict = judged(1769, 200, at_memory=(at(3008, 100),))
    assert isinstance(verdict, Kept)
    assert "no REPORT records at 1769 MB" in verdict.because
    again = judged(1769, 200, at_memory=(at(3008, 100), at(1769, 101)))
    assert isinstance(again, Proposed) and again.after == 896


def test_a_size_with_few_invocations_is_no_measurement() -> None:
    verdict = judged(2048, 200, at_memory=(at(2048, 100), at(1024, 500, invocations=3)))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 1769


def test_a_target_goes_before_the_evidence() -> None:
    verdict = judged(3008, 400, options=FIT.model_copy(update={"target_mb": 2048}))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 2048


@given(
    memory=st.integers(128, 10_240),
    used=st.floats(1, 10_240),
    headroom=st.floats(0, 400),
    step=st.integers(1, 1024),
    sizes=st.lists(st.builds(at, st.integers(128, 10_240), st.floats(1, 1e5), st.integers(0, 999)), max_size=4),
)
def test_no_proposal_is_under_what_was_used(
    memory: int, used: float, headroom: float, step: int, sizes: list[AtMemory]
) -> None:
    options = MemoryOptions(from_evidence=True, headroom_percent=headroom, round_to_mb=step)
    verdict = judged(memory, used, options=options, at_memory=tuple(sizes))
    if isinstance(verdict, Proposed):
        assert isinstance(verdict.after, int)
        assert max(used, 128) <= verdict.after <= 10_240


def test_of_a_function_that_nobody_invokes_there_is_nothing_to_judge() -> None:
    idle = Evidence(invocations=Absent("CloudWatch has no Invocations in the window of 14 days"))
    (verdict,) = judge(a_function(), idle, FIT)
    assert isinstance(verdict, Kept)
    assert verdict.because.startswith("nobody invoked it")
    assert "not judged" not in verdict.because


def test_how_far_a_stream_is_behind_is_asked_where_there_is_one() -> None:
    function = a_function(memory_mb=1024, timeout_s=60)
    seen = evidence(memory_used=300, duration_max=1000, invocations=1e6)
    asked = [each.kind for each in more_lookups(function, seen, FIT)]
    assert asked == ["duration-alarms"]
    streamed = replace(seen, triggers=(Trigger("stream", "clicks"),))
    assert [each.kind for each in more_lookups(function, streamed, FIT)] == ["duration-alarms", "iterator-age"]


@pytest.mark.parametrize(("most_ms", "taken"), [(3_000.0, True), (3_600_000.0, False)])
def test_a_stream_that_is_far_behind_keeps_its_cpu(most_ms: float, taken: bool) -> None:
    age: dict[Lookup, Resource] = {Lookup("iterator-age", "lambda-function-dev"): Found({"most_ms": most_ms})}
    function = a_function(memory_mb=1024, timeout_s=60, resources=age)
    seen = replace(
        evidence(memory_used=300, duration_max=1000, invocations=1e6), triggers=(Trigger("stream", "clicks"),)
    )
    (verdict,) = judge(function, seen, FIT)
    assert isinstance(verdict, Proposed) is taken
    assert taken or "3,600 s behind its stream" in verdict.because  # type: ignore[union-attr]


@pytest.mark.parametrize(("now", "risk"), [(3008, Risk.LOW), (10_240, Risk.MEDIUM)])
def test_many_vcpus_at_once_are_no_low_risk(now: int, risk: Risk) -> None:
    function = a_function(memory_mb=now, timeout_s=300)
    (verdict,) = judge(function, evidence(memory_used=300, duration_max=1000, invocations=1e6), FIT)
    assert isinstance(verdict, Proposed) and (verdict.after, verdict.risk) == (1769, risk)

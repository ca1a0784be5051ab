from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.model.evidence import Absent, AtMemory, Evidence, Recommendation
from lambda_tailor.model.verdict import Kept, Proposed, Risk, Verdict
from lambda_tailor.rules.memory import MemoryOptions, judge
from tests.builders import a_function, measured

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
        (3008, 400, 576),  # 520 MB, rounded up to 64
        (3008, 60, 128),  # never under 128
        (1024, 950, 1280),  # over 90 % in use: more
        (128, 128, 192),  # ran out of memory
        (1024, 700, None),  # 960 MB would fit: not worth a change
        (1024, 900, None),  # under 90 %, and headroom would want more
        (10_240, 10_200, None),  # there is no more
    ],
)
def test_memory_is_the_peak_plus_headroom(memory: int, used: float, proposed: int | None) -> None:
    verdict = judged(memory, used)
    assert (verdict.after if isinstance(verdict, Proposed) else None) == proposed


def test_a_function_whose_need_of_cpu_is_unknown_is_labelled_so() -> None:
    verdict = judged(3008, 400)
    assert isinstance(verdict, Proposed)
    assert "its need of CPU cannot be told, so the saving is a range" in verdict.reason
    assert verdict.risk is Risk.MEDIUM


def test_too_few_invocations_derive_nothing() -> None:
    verdict = judged(3008, 400, samples=49)
    assert isinstance(verdict, Kept)
    assert "only 49 invocations" in verdict.because


def test_one_run_that_filled_the_memory_is_enough_to_propose_more() -> None:
    assert isinstance(judged(512, 512, samples=1), Proposed)


def test_unknown_use_is_said_and_changes_nothing() -> None:
    (verdict,) = judge(a_function(), Evidence(memory_used=Absent("the logs may not be read")), FIT)
    assert isinstance(verdict, Kept)
    assert "the logs may not be read" in verdict.because


def test_a_recommendation_stands_in_where_use_was_not_measured() -> None:
    advised = Evidence(memory_used=Absent("no logs"), recommendation=Recommendation(896, "Overprovisioned"))
    (verdict,) = judge(a_function(), advised, FIT)
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.risk) == (896, Risk.MEDIUM)


def test_the_cheapest_size_that_was_measured_is_taken() -> None:
    verdict = judged(2048, 200, at_memory=(at(2048, 100), at(1024, 110)))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 1024


def test_a_cpu_bound_function_stays_where_less_memory_is_slower_and_no_cheaper() -> None:
    verdict = judged(1024, 200, at_memory=(at(1024, 100), at(512, 205)))
    assert isinstance(verdict, Kept)
    assert "205 ms at 512 MB" in verdict.because


def test_a_cheaper_size_that_is_much_slower_is_not_taken() -> None:
    assert isinstance(judged(2048, 200, at_memory=(at(2048, 100), at(512, 300))), Kept)


def test_a_size_with_few_invocations_is_no_measurement() -> None:
    verdict = judged(2048, 200, at_memory=(at(2048, 100), at(1024, 500, invocations=3)))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 320


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

from __future__ import annotations

import pytest

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.verdict import Blocked, Kept, Proposed
from lambda_tailor.rules.memory import MemoryOptions, judge
from tests.builders import a_function, evidence

TARGET = MemoryOptions(target_mb=1024)


def test_memory_goes_to_the_target() -> None:
    (verdict,) = judge(a_function(memory_mb=3008), evidence(memory_used=300), TARGET)
    assert isinstance(verdict, Proposed)
    assert (verdict.before, verdict.after) == (3008, 1024)


def test_memory_at_the_target_is_kept() -> None:
    (verdict,) = judge(a_function(memory_mb=1024), Evidence(), TARGET)
    assert isinstance(verdict, Kept)


@pytest.mark.parametrize(("used", "allowed"), [(1023, True), (1024, True), (1025, False), (2900, False)])
def test_memory_is_never_set_under_what_was_used(used: int, allowed: bool) -> None:
    (verdict,) = judge(a_function(), evidence(memory_used=used), TARGET)
    assert isinstance(verdict, Proposed) is allowed
    if not allowed:
        assert isinstance(verdict, Blocked)
        assert f"{used} MB were in use" in verdict.because


def test_without_a_target_nothing_is_said() -> None:
    assert judge(a_function(), Evidence(), MemoryOptions()) == ()

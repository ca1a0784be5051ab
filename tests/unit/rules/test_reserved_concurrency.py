from __future__ import annotations

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.reserved_concurrency import ReservedConcurrencyOptions, judge, settle
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

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.evidence.memory_curve import (
    BEYOND_PROPORTIONAL,
    ONE_VCPU_MB,
    Curve,
    Factor,
    NoCurve,
    Size,
    cost_of_step,
    fit,
    is_one_step,
    ladder,
    next_rung,
    slowdown,
    worst_slowdown,
)

sizes_mb = st.integers(128, 10_240)


@pytest.mark.parametrize(
    ("now", "floor", "rungs"),
    [
        (3008, 128, (1769, 896, 448, 256, 128)),
        (10_240, 128, (1769, 896, 448, 256, 128)),
        (3008, 2048, (2048,)),  # what is in use decides above one vCPU
        (1769, 1024, (1024,)),
        (1024, 128, (512, 256, 128)),
        (192, 128, (128,)),
        (128, 128, ()),
        (1024, 1024, ()),
        (512, 2048, ()),  # more is wanted: no step down
    ],
)
def test_the_ladder_goes_to_one_vcpu_first_and_then_by_halves(now: int, floor: int, rungs: tuple[int, ...]) -> None:
    assert ladder(now, floor) == rungs


@given(now=sizes_mb, floor=sizes_mb)
def test_every_rung_is_one_step_and_none_is_under_the_floor(now: int, floor: int) -> None:
    rungs = ladder(now, floor)
    for high, low in pairwise((now, *rungs)):
        assert is_one_step(high, low)
        assert low >= min(floor, now)
    assert not rungs or rungs[0] == next_rung(now, floor)


def test_a_step_never_passes_one_vcpu_from_above_nor_the_half_from_below() -> None:
    assert is_one_step(3008, 1769)
    assert not is_one_step(3008, 1768)
    assert is_one_step(1024, 512)
    assert not is_one_step(1024, 511)
    assert not is_one_step(512, 512)


@pytest.mark.parametrize(
    ("from_mb", "to_mb", "times"),
    [(1024, 512, 2), (3008, 1769, 3008 / 1769), (3008, 1024, 1769 / 1024), (1769, 1769, 1), (512, 1024, 1)],
)
def test_the_worst_case_loses_in_proportion_and_a_little_more(from_mb: int, to_mb: int, times: float) -> None:
    expected = times * BEYOND_PROPORTIONAL if times > 1 else 1.0
    assert worst_slowdown(from_mb, to_mb) == pytest.approx(expected)


@given(from_mb=sizes_mb, to_mb=sizes_mb)
def test_a_range_holds_the_run_that_waits_and_the_run_that_computes(from_mb: int, to_mb: int) -> None:
    told = slowdown(from_mb, to_mb)
    computing = min(from_mb, ONE_VCPU_MB) / min(to_mb, ONE_VCPU_MB)
    assert told.low <= 1.0 <= told.high
    assert told.low <= computing * (1 + 1e-9)
    assert computing <= told.high * (1 + 1e-9)


def test_less_memory_above_one_vcpu_saves_nothing_for_work_of_many_threads() -> None:
    told = cost_of_step(3008, 1769)
    assert told.low == pytest.approx(1769 / 3008)
    assert told.high >= 1.0


@given(waiting=st.floats(0, 1e4), computing=st.floats(1, 1e7), first=st.integers(128, 700))
def test_two_sizes_give_back_the_curve_that_made_them(waiting: float, computing: float, first: int) -> None:
    truth = Curve(waiting, computing, first, 2 * first)
    curve = fit([Size(m, truth.duration_ms(m), 100) for m in (first, 2 * first)])
    assert isinstance(curve, Curve)
    for memory in (first, 2 * first, first // 2, 1769, 3008):
        assert curve.duration_ms(memory) == pytest.approx(truth.duration_ms(memory), rel=1e-4)


@pytest.mark.parametrize(
    "sizes",
    [(), (Size(1024, 100),), (Size(1769, 100), Size(3008, 90)), (Size(1024, 100), Size(1100, 95))],
    ids=["none", "one", "both with a whole vCPU", "too near"],
)
def test_one_size_never_makes_a_curve(sizes: tuple[Size, ...]) -> None:
    assert isinstance(fit(sizes), NoCurve)


def test_a_run_that_is_slower_with_more_memory_is_taken_to_wait() -> None:
    curve = fit([Size(512, 100, 50), Size(1024, 110, 50)])
    assert isinstance(curve, Curve)
    assert curve.computing == 0
    assert 100 < curve.waiting_ms < 110


def test_a_run_that_gains_more_than_its_cpu_is_taken_to_compute_only() -> None:
    curve = fit([Size(256, 1000), Size(1024, 200)])
    assert isinstance(curve, Curve)
    assert curve.waiting_ms == 0
    assert curve.computing > 0


def test_the_size_with_more_runs_weighs_more() -> None:
    few, many = (fit([Size(512, 200, n), Size(1024, 100, 100), Size(1024, 150, 100)]) for n in (1, 10_000))
    assert isinstance(few, Curve)
    assert isinstance(many, Curve)
    assert abs(many.duration_ms(512) - 200) < abs(few.duration_ms(512) - 200) + 1e-9


def test_a_curve_says_nothing_beyond_one_halving_below_what_was_measured() -> None:
    curve = Curve(50, 51_200, 512, 1024)
    near, between = curve.range_ms(256), curve.range_ms(700)
    assert isinstance(near, Factor)
    assert isinstance(between, Factor)
    assert near.low < curve.duration_ms(256) < near.high
    assert math.log(near.high / near.low) > math.log(between.high / between.low)
    assert isinstance(curve.range_ms(255), NoCurve)
    assert isinstance(curve.range_ms(1025), NoCurve)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_a_senseless_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="none of factors"):
        Factor(low, high)


def test_a_senseless_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        fit([Size(512, 0.0), Size(1024, 10)])

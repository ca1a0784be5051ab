from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.evidence.percentiles import Enough, TooFew, enough, percentile, samples_for, weighted_mean

values = st.lists(st.floats(0, 1e9), min_size=1, max_size=200)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (95, 95), (99, 99), (99.9, 100), (100, 100)])
def test_percentiles_of_a_hundred_by_nearest_rank(percent: float, expected: float) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_the_p99_of_few_values_is_the_largest() -> None:
    assert percentile([3, 1, 2], 99) == 3


@given(values, st.floats(0, 100))
def test_a_percentile_is_a_value_that_was_measured(measured: list[float], percent: float) -> None:
    assert percentile(measured, percent) in measured


@given(values, st.floats(0, 100), st.floats(0, 100))
def test_percentiles_do_not_fall(measured: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert percentile(measured, low) <= percentile(measured, high)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


@pytest.mark.parametrize("percent", [-1, 100.1, float("nan")])
def test_a_percentile_outside_its_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([1], percent)


def test_a_mean_follows_the_weights() -> None:
    assert weighted_mean([(10, 3), (20, 1)]) == 12.5


def test_a_mean_without_weight_is_not_zero() -> None:
    assert weighted_mean([(10, 0)]) is None
    assert weighted_mean([]) is None


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        weighted_mean([(1, -1), (1, 2)])


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.001, 1e6)), min_size=1))
def test_a_mean_lies_between_the_values(pairs: list[tuple[float, float]]) -> None:
    mean = weighted_mean(pairs)
    assert mean is not None
    smallest, largest = min(v for v, _ in pairs), max(v for v, _ in pairs)
    assert smallest - 1e-6 * (1 + smallest) <= mean <= largest + 1e-6 * (1 + largest)


def test_enough_data_is_told_with_its_count() -> None:
    assert enough(50, 50) == Enough(50)


def test_too_few_data_are_told_with_the_reason() -> None:
    assert enough(3, 50, "invocations") == TooFew("only 3 invocations in the window, 50 are needed")
    assert enough(0, 50, "invocations") == TooFew("no invocations in the window, 50 are needed")


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 2), (95, 20), (99, 100), (99.9, 1000)])
def test_a_percentile_needs_so_many_samples(percent: float, expected: int) -> None:
    assert samples_for(percent) == expected


@pytest.mark.parametrize("percent", [-1, 100])
def test_no_number_of_samples_is_enough_for_the_maximum(percent: float) -> None:
    with pytest.raises(ValueError, match="not below"):
        samples_for(percent)

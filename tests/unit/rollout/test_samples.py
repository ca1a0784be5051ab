"""What a rollout takes, said before it starts."""

from __future__ import annotations

import pytest

from lambda_tailor.rollout.samples import duration, evenness, horizon, invocations_a_side, sentence


def test_one_percent_of_errors_becoming_two_takes_about_2300_invocations_a_side() -> None:
    assert invocations_a_side(0.01, 0.02) == 2316
    assert "about 2,300 invocations a side to see 1 % of errors become 2 %" in sentence(0.01, 0.01, 0, (5, 50, 100))


def test_the_hours_follow_from_the_load_and_from_how_even_the_split_is() -> None:
    assert evenness((50, 100)) == 0.5
    assert evenness((5,)) == pytest.approx(0.095)
    assert sentence(0.01, 0.01, 4600, (50, 100)).endswith("at this function's load 1 h")
    assert horizon(3600, 60, (50, 100)) == 1800


def test_a_function_without_load_is_told_so() -> None:
    assert sentence(0.0, 0.01, 0.0, (5, 100)).endswith("no load to tell how long that is")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 min"), (11_400, "3 h 10 min"), (7200, "2 h"), (200_000, "2 days 7 h"), (172_800, "2 days")],
)
def test_a_length_of_time_has_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(("rate", "becomes"), [(0.1, 0.1), (-0.1, 0.2), (0.1, 1.2)])
def test_senseless_rates_are_refused(rate: float, becomes: float) -> None:
    with pytest.raises(ValueError, match="not two rates"):
        invocations_a_side(rate, becomes)

"""How the strict layer chooses the version of an invocation."""

from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.aliases import chosen, invoked


@pytest.mark.parametrize(("draw", "version"), [(0.0, "2"), (0.24, "2"), (0.25, None), (0.99, None)])
def test_the_additional_version_has_its_weight_of_the_draws(draw: float, version: str | None) -> None:
    assert chosen({"2": 0.25}, draw) == version


def test_a_weight_of_nothing_is_never_drawn_and_one_of_all_always() -> None:
    assert chosen({"2": 0.0}, 0.0) is None
    assert chosen({"2": 1.0}, 0.999999) == "2"
    assert chosen({}, 0.0) is None


@pytest.mark.parametrize(
    ("function", "query", "expected"),
    [
        ("f", "", ("f", "")),
        ("f", "Qualifier=live", ("f", "live")),
        ("f:live", "", ("f", "live")),
        ("123456789012:function:f:live", "", ("f", "live")),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "Qualifier=live", ("f", "live")),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:live", "", ("f", "live")),
    ],
)
def test_a_qualifier_is_given_in_three_ways(function: str, query: str, expected: tuple[str, str]) -> None:
    assert invoked(function, query) == expected

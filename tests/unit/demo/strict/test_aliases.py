"""How the strict layer chooses the version of an invocation."""

from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.aliases import chosen, invoked
from lambda_tailor.demo.strict.executions import counted
from lambda_tailor.demo.strict.wire import Answer


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


def told(status: int, **headers: str) -> set[tuple[str, float, bool]]:
    """Every metric of an invocation: its name, its value, and whether it names the version."""
    answer = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")
    return {
        (str(each["MetricName"]), float(each["Value"]), len(each["Dimensions"]) == 3)
        for each in counted("f", "live", answer, 12.0, weighted=True)
        if each["MetricName"] != "Duration"
    }


def test_a_throttled_request_is_an_invocation_of_no_version() -> None:
    assert told(429, X_Amz_Executed_Version="2") == {("Throttles", 1.0, False)}


def test_a_failed_invocation_is_an_error_of_the_alias_and_of_the_version_that_ran() -> None:
    both = {("Invocations", 1.0), ("Throttles", 0.0), ("Errors", 1.0)}
    found = told(200, X_Amz_Executed_Version="2", X_Amz_Function_Error="Unhandled")
    assert found == {(*each, version) for each in both for version in (True, False)}
    assert ("Errors", 0.0, True) in told(200, X_Amz_Executed_Version="2")

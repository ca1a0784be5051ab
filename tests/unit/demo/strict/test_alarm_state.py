"""The strict layer's alarms against the tables of AWS's documentation."""

from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.alarm_state import Condition, State, evaluate

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
# Data points, data points to alarm (of 3 periods), and the state by missing, ignore, breaching, notBreaching.
TABLES = [
    ("0 - X - X", 3, "OK OK OK OK"),
    ("0 - - - -", 3, "OK OK OK OK"),
    ("- - - - -", 3, "INSUFFICIENT_DATA kept ALARM OK"),
    ("0 X X - X", 3, "ALARM ALARM ALARM ALARM"),
    ("- - X - -", 3, "ALARM kept ALARM OK"),
    ("0 - X - X", 2, "ALARM ALARM ALARM ALARM"),
    ("0 0 X 0 X", 2, "ALARM ALARM ALARM ALARM"),
    ("0 - X - -", 2, "OK OK ALARM OK"),
    ("- - - - 0", 2, "OK OK ALARM OK"),
    ("- - - X -", 2, "ALARM kept ALARM OK"),
    # Not old enough to be sure of.
    ("- - - - X", 3, "kept kept ALARM OK"),
    ("- - - X -", 3, "kept kept ALARM OK"),
]
VALUES = {"0": 0.0, "X": 10.0, "-": None}


@pytest.mark.parametrize("current", ["OK", "ALARM"])
@pytest.mark.parametrize(("points", "datapoints", "states"), TABLES)
def test_missing_data_is_treated_as_in_the_tables(points: str, datapoints: int, states: str, current: State) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    for missing, expected in zip(treatments, states.split(), strict=True):
        condition = Condition("GreaterThanThreshold", 5.0, 3, datapoints, missing)
        state, reason = evaluate(condition, [VALUES[point] for point in points.split()], current)
        assert state == (current if expected == "kept" else expected), missing
        assert reason


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", ["OK", "OK", "ALARM"]),
        ("GreaterThanOrEqualToThreshold", ["OK", "ALARM", "ALARM"]),
        ("LessThanThreshold", ["ALARM", "OK", "OK"]),
        ("LessThanOrEqualToThreshold", ["ALARM", "ALARM", "OK"]),
    ],
)
def test_operators(comparison: str, states: list[State]) -> None:
    condition = Condition(comparison, 5.0, 1, 1)
    assert [evaluate(condition, [None, None, value], "OK")[0] for value in (4.0, 5.0, 6.0)] == states


def test_an_alarm_is_described_by_its_defaults() -> None:
    alarm = {"ComparisonOperator": "LessThanThreshold", "Threshold": 2, "EvaluationPeriods": 3}
    assert Condition.of(alarm) == Condition("LessThanThreshold", 2.0, 3, 3, "missing")
    assert Condition.of({**alarm, "ComparisonOperator": "GreaterThanUpperThreshold"}) is None


def test_the_reason_tells_the_data_points() -> None:
    said = evaluate(Condition("GreaterThanThreshold", 1.0, 3, 2), [None, None, 5.0, 0.0, 3.0], "OK")[1]
    assert "2 out of the last 3 datapoints [5, 0, 3] were greater than the threshold (1)" in said

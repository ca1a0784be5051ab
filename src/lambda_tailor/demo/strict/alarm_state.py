"""The state of an alarm from its data points. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
# So many periods more than it evaluates are looked at, in case some have no data: three become five in AWS's tables.
MORE_PERIODS = 2
_COMPARED: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """When an alarm goes off: so many breaching data points among so many periods."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"

    @classmethod
    def of(cls, alarm: Mapping[str, Any]) -> Condition | None:
        """The condition of a described alarm; None where its operator needs an anomaly detection band."""
        if alarm.get("ComparisonOperator") not in _COMPARED:
            return None
        periods = int(alarm["EvaluationPeriods"])
        datapoints = int(alarm.get("DatapointsToAlarm") or periods)
        missing = alarm.get("TreatMissingData") or "missing"
        return cls(alarm["ComparisonOperator"], float(alarm["Threshold"]), periods, datapoints, missing)

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side of the threshold."""
        return _COMPARED[self.comparison][0](value, self.threshold)


def evaluate(condition: Condition, points: Sequence[float | None], current: State) -> tuple[State, str]:
    """The state and its reason, from the newest ``periods + MORE_PERIODS`` points, the oldest first.

    None is a period without data; ``current`` is kept where the alarm is to ignore missing data.
    """
    real = [value for value in points if value is not None][-condition.periods :]
    lacking = condition.periods - len(real)
    breaching = sum(condition.breaches(value) for value in real)
    filled = breaching + (lacking if condition.missing == "breaching" else 0)
    if not real and condition.missing == "missing":
        return "INSUFFICIENT_DATA", f"Insufficient Data: {len(points)} datapoints were unknown."
    kept = current, "The data that is missing is ignored, and the state kept."
    if not real and condition.missing == "ignore":
        return kept
    if filled >= condition.datapoints:
        return "ALARM", _reason(condition, real, breaching, "OK -> ALARM", condition.datapoints)
    if lacking and condition.missing in ("missing", "ignore") and breaching == len(real):
        # All that is known breaches: it goes off once that is old enough, and not before.
        age = len(points) - next(n for n, value in enumerate(points) if value is not None)
        if condition.missing == "ignore" or age < condition.datapoints:
            return kept
        return "ALARM", _reason(condition, real, breaching, "OK -> ALARM", condition.datapoints)
    calm = condition.periods - condition.datapoints + 1
    return "OK", _reason(condition, real, len(real) - breaching, "ALARM -> OK", calm, "not ")


def _reason(
    condition: Condition, real: Sequence[float], count: int, transition: str, least: int, negated: str = ""
) -> str:
    values = ", ".join(f"{value:g}" for value in real)
    side = _COMPARED[condition.comparison][1]
    return (
        f"Threshold Crossed: {count} out of the last {len(real)} datapoints [{values}] were {negated}{side} the "
        f"threshold ({condition.threshold:g}) (minimum {least} datapoints for {transition} transition)."
    )

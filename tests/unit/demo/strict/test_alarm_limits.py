from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.alarm_limits import refused

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ops"


@pytest.mark.parametrize(
    ("period", "periods", "most"),
    [(300, 288, None), (300, 289, 86_400), (3599, 25, 86_400), (3600, 168, None), (3600, 169, 604_800)],
)
def test_periods_are_bounded_by_a_day_and_from_an_hour_on_by_a_week(
    period: int, periods: int, most: int | None
) -> None:
    plain = refused({"Period": period, "EvaluationPeriods": periods}, "us-east-1")
    of_math = {"Metrics": [{"Id": "e"}, {"Id": "m", "MetricStat": {"Period": period}}], "EvaluationPeriods": periods}
    assert plain == refused(of_math, "us-east-1")
    assert (plain is None) if most is None else (plain is not None and f"<= {most}" in plain)


@pytest.mark.parametrize("action", ["AlarmActions", "OKActions", "InsufficientDataActions"])
def test_a_topic_has_to_be_of_the_alarms_own_region(action: str) -> None:
    asked = {"Period": 60, "EvaluationPeriods": 1, action: [TOPIC]}
    assert refused(asked, "eu-west-1") is None
    assert "eu-west-1" in (refused(asked, "us-east-1") or "")
    # Actions of other services name their region otherwise.
    assert refused({**asked, action: ["arn:aws:automate:us-east-1:ec2:stop"]}, "eu-west-1") is None

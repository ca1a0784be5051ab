"""Alarms that CloudWatch refuses: a topic of another region, or a look further back than it takes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_HOUR_S, _DAY_S, _WEEK_S = 3600, 86_400, 604_800
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


class AlarmLimits(Passing):
    """Refuses before anything is kept."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at what is put."""
        if exchange.name != "cloudwatch:PutMetricAlarm" or "form-urlencoded" in exchange.headers.get(
            "content-type", ""
        ):
            return None
        message = refused(exchange.parameters(), exchange.region)
        return None if message is None else refusal(exchange, "ValidationError", message)


def refused(asked: Mapping[str, Any], region: str) -> str | None:
    """Why CloudWatch does not take the alarm, or None."""
    periods = [asked.get("Period"), *((q.get("MetricStat") or {}).get("Period") for q in asked.get("Metrics") or ())]
    period = max((int(each) for each in periods if each), default=0)
    looks_back, most = period * int(asked.get("EvaluationPeriods") or 1), _WEEK_S if period >= _HOUR_S else _DAY_S
    if looks_back > most:
        return (
            f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period must be <= {most})."
        )
    for arn in (each for name in _ACTIONS for each in asked.get(name) or ()):
        if ":sns:" in arn and arn.split(":")[3] != region:
            return f"Invalid region {arn.split(':')[3]} specified. Only {region} is supported."
    return None


BEHAVIOUR = Registered(lambda _layer: AlarmLimits(), order=29)

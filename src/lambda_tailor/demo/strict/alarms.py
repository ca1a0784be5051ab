"""Alarms that keep their metric math: the emulator forgets ``Metrics`` and fills in a metric of its own.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

from typing import Any

from lambda_tailor.demo.strict.behaviour import Passing
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, with_document

_SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
_Where = tuple[str, str, str]


class Alarms(Passing):
    """Remembers the definition of every alarm on metric math."""

    def __init__(self) -> None:
        self._metrics: dict[_Where, list[Any]] = {}

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Keep what is put, forget what is deleted, give back what is described."""
        if answer.status != 200 or exchange.service != "cloudwatch":
            return answer
        match exchange.operation:
            case "PutMetricAlarm":
                self._put(exchange, exchange.parameters())
            case "DeleteAlarms":
                for name in exchange.parameters().get("AlarmNames") or ():
                    self._metrics.pop((exchange.account, exchange.region, name), None)
            case "DescribeAlarms":
                return self._described(exchange, answer)
        return answer

    def _put(self, exchange: Exchange, asked: dict[str, Any]) -> None:
        where = (exchange.account, exchange.region, asked["AlarmName"])
        if asked.get("Metrics"):
            self._metrics[where] = asked["Metrics"]
        else:
            self._metrics.pop(where, None)

    def _described(self, exchange: Exchange, answer: Answer) -> Answer:
        described = document(exchange, answer)
        for alarm in described.get("MetricAlarms") or ():
            metrics = self._metrics.get((exchange.account, exchange.region, alarm["AlarmName"]))
            if metrics is not None:
                for name in _SINGLE:
                    alarm.pop(name, None)
                alarm["Metrics"] = metrics
        return with_document(exchange, answer, described)

"""Alarms that keep their metric math and have a state.

The emulator forgets ``Metrics`` and fills in a metric of its own, and it evaluates without dimensions.

A state is computed when the alarm is described, over windows of its period that end with the minute;
no history is kept of it and no action is taken. What SetAlarmState sets lasts as on AWS until the
next evaluation, which is that of the next description. The query protocol of old clients is let
through as it is.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lambda_tailor.demo.strict.alarm_state import MORE_PERIODS, Condition, State, evaluate
from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.metric_data import measured
from lambda_tailor.demo.strict.metric_math import MathError, Series, check
from lambda_tailor.demo.strict.metric_math import evaluate as computed
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document

_SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
# One bucket for any window.
_FOREVER_S = 10**10
_MINUTE_S = 60
_NEW: State = "INSUFFICIENT_DATA"
_CONCERNED = frozenset(
    f"cloudwatch:{operation}" for operation in ("PutMetricAlarm", "SetAlarmState", "DeleteAlarms", "DescribeAlarms")
)
_Where = tuple[str, str, str]


class Alarms(Passing):
    """Remembers every alarm's definition on metric math, and the state that was shown last."""

    def __init__(self, backend: Backend, clock: Callable[[], float] = time.time) -> None:
        self._backend = backend
        self._clock = clock
        self._metrics: dict[_Where, list[Any]] = {}
        self._states: dict[_Where, tuple[State, float]] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse metric math that cannot be computed, or that gives more or less than one series."""
        metrics = exchange.parameters().get("Metrics") if exchange.name == "cloudwatch:PutMetricAlarm" else None
        if not isinstance(metrics, list):
            return None
        try:
            check(metrics)
        except MathError as error:
            return refusal(exchange, "ValidationError", f"Error in expression: {error}")
        if sum(query.get("ReturnData", True) for query in metrics) != 1:
            message = "Exactly one element of the metrics list should return data."
            return refusal(exchange, "ValidationError", message)
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Keep what is put, forget what is deleted, give back and evaluate what is described."""
        if answer.status != 200 or exchange.name not in _CONCERNED:
            return answer
        asked = exchange.parameters()
        match exchange.operation:
            case "PutMetricAlarm":
                self._put(exchange, asked)
            case "SetAlarmState" if "StateValue" in asked:
                self._states[_where(exchange, asked["AlarmName"])] = (asked["StateValue"], self._clock())
            case "DeleteAlarms":
                for name in asked.get("AlarmNames") or ():
                    self._metrics.pop(_where(exchange, name), None)
                    self._states.pop(_where(exchange, name), None)
            case "DescribeAlarms" if "form-urlencoded" not in exchange.headers.get("content-type", ""):
                return await self._described(exchange, answer, asked)
        return answer

    def _put(self, exchange: Exchange, asked: dict[str, Any]) -> None:
        where = _where(exchange, asked["AlarmName"])
        if asked.get("Metrics"):
            self._metrics[where] = asked["Metrics"]
        else:
            self._metrics.pop(where, None)

    async def _described(self, exchange: Exchange, answer: Answer, asked: Mapping[str, Any]) -> Answer:
        state = asked.get("StateValue")
        if state:
            # The emulator knows only states of its own to choose by.
            every = {name: value for name, value in asked.items() if name != "StateValue"}
            answer = await self._backend.again(exchange, every)
        described = document(exchange, answer)
        alarms = described.get("MetricAlarms") or []
        for alarm in alarms:
            metrics = self._metrics.get(_where(exchange, alarm["AlarmName"]))
            if metrics is not None:
                for name in _SINGLE:
                    alarm.pop(name, None)
                alarm["Metrics"] = metrics
        await self._evaluate(exchange, alarms)
        for kind in ("MetricAlarms", "CompositeAlarms"):
            described[kind] = [each for each in described.get(kind) or () if state in (None, "", each["StateValue"])]
        return with_document(exchange, answer, described)

    async def _evaluate(self, exchange: Exchange, alarms: Sequence[dict[str, Any]]) -> None:
        conditions = [(alarm, condition) for alarm in alarms if (condition := Condition.of(alarm)) is not None]
        by_period: dict[int, list[tuple[dict[str, Any], Condition]]] = {}
        for alarm, condition in conditions:
            by_period.setdefault(_period(alarm), []).append((alarm, condition))
        for period, members in by_period.items():
            periods = max(condition.periods for _, condition in members) + MORE_PERIODS
            windows = await self._windows(exchange, [_queries(alarm) for alarm, _ in members], period, periods)
            for (alarm, condition), series in zip(members, windows, strict=True):
                points = _points(_queries(alarm), series, condition.periods + MORE_PERIODS)
                self._show(exchange, alarm, condition, points)

    async def _windows(
        self, exchange: Exchange, alarms: Sequence[Sequence[Mapping[str, Any]]], period: int, periods: int
    ) -> list[dict[str, Series]]:
        """Each alarm's series by the id of its query; its times are windows, 0 the newest, -1 the one before."""
        step = min(_MINUTE_S, period)
        end = (self._clock() // step + 1) * step
        found: list[dict[str, dict[float, float]]] = [
            {query["Id"]: {} for query in queries if query.get("MetricStat")} for queries in alarms
        ]
        wanted = [
            {"Id": f"a{n}_{query['Id']}", "MetricStat": {**query["MetricStat"], "Period": _FOREVER_S}}
            for n, queries in enumerate(alarms)
            for query in queries
            if query.get("MetricStat")
        ]
        for window in range(periods):
            start = end - (window + 1) * period
            answered = await measured(self._backend, exchange, wanted, start, start + period)
            for name, series in answered.items():
                number, _, identifier = name[1:].partition("_")
                for value in series.values():
                    found[int(number)][identifier][float(-window)] = value
        return [dict(series) for series in found]

    def _show(
        self, exchange: Exchange, alarm: dict[str, Any], condition: Condition, points: Sequence[float | None]
    ) -> None:
        where = _where(exchange, alarm["AlarmName"])
        before, since = self._states.get(where) or (_NEW, None)
        state, reason = evaluate(condition, points, before)
        if state != before:
            since = self._clock()
            self._states[where] = (state, since)
        alarm |= {"StateValue": state, "StateReason": reason}
        if since is not None:
            alarm["StateUpdatedTimestamp"] = datetime.fromtimestamp(since, UTC) if exchange.speaks_cbor else since


def _where(exchange: Exchange, name: str) -> _Where:
    return exchange.account, exchange.region, name


def _queries(alarm: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The alarm's metric queries; a single metric is one."""
    if alarm.get("Metrics"):
        queries: Sequence[Mapping[str, Any]] = alarm["Metrics"]
        return queries
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName")}
    metric["Dimensions"] = alarm.get("Dimensions") or []
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Stat": stat, "Period": alarm.get("Period")}}]


def _period(alarm: Mapping[str, Any]) -> int:
    """The period in seconds; the metrics of an alarm all have the same."""
    periods = [query["MetricStat"]["Period"] for query in _queries(alarm) if query.get("MetricStat")]
    return int(periods[0] or _MINUTE_S) if periods else _MINUTE_S


def _points(queries: Sequence[Mapping[str, Any]], series: Mapping[str, Series], periods: int) -> list[float | None]:
    """The alarm's data points, the oldest first; none where its expression has no value."""
    returned = next(query["Id"] for query in queries if query.get("ReturnData", True))
    try:
        values = computed(queries, series)[returned]
    except MathError:
        values = {}
    return [values.get(float(-window)) for window in reversed(range(periods))]


BEHAVIOUR = Registered(lambda layer: Alarms(layer.backend), order=30)

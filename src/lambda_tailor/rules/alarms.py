"""Alarms: the error rate in per cent by metric math, and the duration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field, JsonValue

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Need, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rule import Options, Rule
from lambda_tailor.usage import Usage

# What an alarm of the user's keeps when the policy does not speak of it.
_THEIRS = ("ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "AlarmDescription")


class AlarmsOptions(Options):
    """When to raise an alarm, and whom to tell."""

    error_rate_percent: float | None = Field(default=None, gt=0, le=100, description="Errors per 100 invocations.")
    error_rate_name: str = Field(default="lambda-error-rate-{suffix}", description="The error-rate alarm's name.")
    duration_ms: float | None = Field(default=None, gt=0, le=900_000, description="The longest run, in ms.")
    duration_name: str = Field(default="lambda-duration-{suffix}", description="The duration alarm's name.")
    period_s: int = Field(default=300, ge=60, multiple_of=60, description="Seconds that one data point covers.")
    evaluation_periods: int = Field(default=1, ge=1, description="Periods over the threshold before it is told.")
    topic_arn: str | None = Field(default=None, pattern=r"arn:[\w-]+:sns:.+", description="SNS topic to notify.")


def needs(function: Function, options: AlarmsOptions) -> Iterable[Need]:
    """The alarms of those names."""
    return [Need("alarm", name) for _, name, _ in _wanted(function, options)]


def judge(function: Function, _evidence: Evidence, options: AlarmsOptions) -> Sequence[Verdict]:
    """Propose each alarm that is absent or differs; an equal one is left alone."""
    return [_judge_one(function, *wanted) for wanted in _wanted(function, options)]


def _wanted(function: Function, options: AlarmsOptions) -> list[tuple[str, str, dict[str, Any]]]:
    alarms = []
    if options.error_rate_percent is not None:
        definition = _error_rate(function.name, options.error_rate_percent, options)
        alarms.append(("error_rate_alarm", function.expand(options.error_rate_name), definition))
    if options.duration_ms is not None:
        definition = _duration(function.name, options.duration_ms, options)
        alarms.append(("duration_alarm", function.expand(options.duration_name), definition))
    return alarms


def _common(options: AlarmsOptions, threshold: float) -> dict[str, Any]:
    common: dict[str, Any] = {
        "EvaluationPeriods": options.evaluation_periods,
        "Threshold": float(threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    return common | ({"AlarmActions": [options.topic_arn]} if options.topic_arn else {})


def _error_rate(function: str, percent: float, options: AlarmsOptions) -> dict[str, Any]:
    def metric(identifier: str, name: str) -> dict[str, Any]:
        dimensions = [{"Name": "FunctionName", "Value": function}]
        stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}}
        return {
            "Id": identifier,
            "MetricStat": {**stat, "Period": options.period_s, "Stat": "Sum"},
            "ReturnData": False,
        }

    rate = {"Id": "errorRate", "Expression": "100*errors/invocations", "Label": "Error rate (%)", "ReturnData": True}
    metrics = [rate, metric("errors", "Errors"), metric("invocations", "Invocations")]
    described = {"AlarmDescription": f"More than {percent:g} % of the invocations of {function} failed"}
    return {**_common(options, percent), **described, "Metrics": metrics}


def _duration(function: str, milliseconds: float, options: AlarmsOptions) -> dict[str, Any]:
    return {
        **_common(options, milliseconds),
        "AlarmDescription": f"A run of {function} took longer than {milliseconds / 1000:g} s",
        "Namespace": "AWS/Lambda",
        "MetricName": "Duration",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Period": options.period_s,
        "Statistic": "Maximum",
    }


def _judge_one(function: Function, setting: str, name: str, wanted: Mapping[str, Any]) -> Verdict:
    fact = function.fact("alarm", name)
    if isinstance(fact, Unreadable):
        return Blocked(setting, None, {"alarm": name}, fact.because)
    existing = fact.state["definition"] if isinstance(fact, Found) else None
    if isinstance(fact, Found) and fact.state.get("composite"):
        return Blocked(setting, None, {"alarm": name}, f"{name} is a composite alarm: choose another name")
    key = Key("alarm", name)
    if not isinstance(existing, Mapping):
        shown: JsonValue = {"alarm": name, "threshold": wanted["Threshold"]}
        step = Transition(key, "definition", None, dict(wanted))
        adds = Usage(alarm_metrics=Decimal(_metrics(wanted)))
        return Proposed(setting, None, shown, "there is no such alarm", (step,), Risk.NONE, adds=adds)
    merged = dict(wanted) | {field: existing[field] for field in _THEIRS if field in existing}
    actions = existing.get("AlarmActions")
    if "AlarmActions" in wanted and isinstance(actions, list):
        merged["AlarmActions"] = [*actions, *(a for a in wanted["AlarmActions"] if a not in actions)]
    if merged == existing:
        return Kept(setting, {"alarm": name, "threshold": wanted["Threshold"]}, "it is as wanted")
    fields = sorted(f for f in {*merged, *existing} if merged.get(f) != existing.get(f))
    before: JsonValue = {"alarm": name, **{f: existing.get(f) for f in fields}}
    after: JsonValue = {"alarm": name, **{f: merged.get(f) for f in fields}}
    step = Transition(key, "definition", dict(existing), merged)
    adds = Usage(alarm_metrics=Decimal(_metrics(merged) - _metrics(existing)))
    return Proposed(setting, before, after, f"its {', '.join(fields)} differ", (step,), Risk.LOW, adds=adds)


def _metrics(definition: Mapping[str, Any]) -> int:
    """Metrics that CloudWatch charges the alarm for: each one that it reads."""
    queries = definition.get("Metrics") or ()
    return sum("MetricStat" in query for query in queries) or 1


RULE = Rule(
    id="alarms",
    title="Alarms on error rate and duration",
    why="A count of errors says little; a share of the invocations says how many users are hurt.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html",
    options=AlarmsOptions,
    judge=judge,
    needs=needs,
    order=80,
)

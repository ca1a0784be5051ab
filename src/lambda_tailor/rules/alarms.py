"""Alarms: the error rate in per cent by metric math, and the duration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field, JsonValue

from lambda_tailor.evidence.percentiles import TooFew, enough
from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup, Unreadable
from lambda_tailor.model.usage import Usage
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

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
    from_evidence: bool = Field(
        default=False, description="Thresholds that are not given follow from the function's own baseline."
    )
    baseline_factor: float = Field(default=3, ge=1, le=100, description="How many times the baseline's error rate.")
    tolerance: float = Field(default=2, ge=1, description="A derived threshold replaces one that is so many times off.")
    min_samples: int = Field(default=50, ge=1, description="Invocations measured before a threshold is derived.")
    topic_arn: str | None = Field(default=None, pattern=r"arn:[\w-]+:sns:.+", description="SNS topic to notify.")


def lookups(function: Function, options: AlarmsOptions) -> Iterable[Lookup]:
    """The alarms of those names."""
    asked = {
        options.error_rate_name: options.error_rate_percent,
        options.duration_name: options.duration_ms,
    }
    names = (name for name, threshold in asked.items() if threshold is not None or options.from_evidence)
    return [Lookup("alarm", function.expand(name)) for name in names]


def judge(function: Function, evidence: Evidence, options: AlarmsOptions) -> Sequence[Verdict]:
    """Propose each alarm that is absent or differs; an equal one is left alone."""
    if options.from_evidence and isinstance(because := _no_baseline(evidence, options), str):
        return (Kept("alarms", None, because),)
    return [_judge_one(function, *wanted) for wanted in _wanted(function, evidence, options)]


def _no_baseline(evidence: Evidence, options: AlarmsOptions) -> str | None:
    if options.error_rate_percent is not None and options.duration_ms is not None:
        return None
    invocations = evidence.invocations
    if not isinstance(invocations, Measured):
        return f"there is no baseline: {invocations.because}"
    few = enough(int(invocations.value), options.min_samples, "invocations")
    return f"there is no baseline: {few.because}" if isinstance(few, TooFew) else None


def _wanted(function: Function, evidence: Evidence, options: AlarmsOptions) -> list[tuple[str, str, dict[str, Any]]]:
    alarms = []
    percent, milliseconds = options.error_rate_percent, options.duration_ms
    names = function.expand(options.error_rate_name), function.expand(options.duration_name)
    if options.from_evidence:
        if percent is None:
            percent = _settled(function, names[0], _baseline_percent(evidence, options), options)
        if milliseconds is None:
            milliseconds = _settled(function, names[1], _baseline_ms(function, evidence), options)
    if percent is not None:
        alarms.append(("error_rate_alarm", names[0], _error_rate(function.name, percent, options)))
    if milliseconds is not None:
        alarms.append(("duration_alarm", names[1], _duration(function.name, milliseconds, options)))
    return alarms


def _baseline_percent(evidence: Evidence, options: AlarmsOptions) -> float | None:
    """So many times the usual share of errors, at least 1 %, in half percents."""
    errors, invocations = evidence.errors, evidence.invocations
    if not isinstance(invocations, Measured) or not invocations.value:
        return None
    usual = 100 * errors.value / invocations.value if isinstance(errors, Measured) else 0.0
    return min(max(1.0, math.ceil(2 * usual * options.baseline_factor) / 2), 100.0)


def _baseline_ms(function: Function, evidence: Evidence) -> float | None:
    """Half as long again as the longest run, in whole seconds, and before the timeout ends it."""
    longest = evidence.duration_max
    if not isinstance(longest, Measured):
        return None
    above = max(1000.0, math.ceil(longest.value * 1.5 / 1000) * 1000.0)
    return min(above, function.timeout_s * 900.0)


def _settled(function: Function, name: str, wanted: float | None, options: AlarmsOptions) -> float | None:
    """The threshold that the alarm has, where it is near: baselines drift from day to day, alarms should not."""
    resource = function.resource("alarm", name)
    definition = resource.state.get("definition") if isinstance(resource, Found) else None
    has = definition.get("Threshold") if isinstance(definition, Mapping) else None
    if wanted is None or not isinstance(has, int | float) or isinstance(has, bool) or has <= 0:
        return wanted
    return float(has) if wanted / options.tolerance <= has <= wanted * options.tolerance else wanted


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
    resource = function.resource("alarm", name)
    if isinstance(resource, Unreadable):
        return Blocked(setting, None, {"alarm": name}, resource.because)
    existing = resource.state["definition"] if isinstance(resource, Found) else None
    if isinstance(resource, Found) and resource.state.get("composite"):
        return Blocked(setting, None, {"alarm": name}, f"{name} is a composite alarm: choose another name")
    key = Key("alarm", name)
    if not isinstance(existing, Mapping):
        shown: JsonValue = {"alarm": name, "threshold": wanted["Threshold"], "definition": dict(wanted)}
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
    writes=always("alarm"),
    lookups=lookups,
    evidence=("invocations", "errors", "duration_max"),
    order=80,
)

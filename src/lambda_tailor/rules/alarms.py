"""Alarms: the error rate in per cent by metric math, and the duration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from lambda_tailor.evidence.memory_curve import worst_slowdown
from lambda_tailor.evidence.percentiles import TooFew, enough
from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup, Unreadable
from lambda_tailor.model.usage import Usage
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

# How the topic that most alarms on Lambda use is asked for.
TOPIC = "alarm-topic"
TOPIC_ARN = r"arn:[\w-]+:sns:.+"
# What an alarm of the user's keeps when the policy does not speak of it.
_THEIRS = ("ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "AlarmDescription")


HOUR_S, DAY_S, LONGEST_S = 3600, 86_400, 604_800


class AlarmsOptions(Options):
    """When to raise an alarm, and whom to tell."""

    error_rate_percent: float | None = Field(default=None, gt=0, le=100, description="Errors per 100 invocations.")
    error_rate_name: str = Field(default="lambda-error-rate-{suffix}", description="The error-rate alarm's name.")
    duration_ms: float | None = Field(default=None, gt=0, le=900_000, description="The longest run, in ms.")
    duration_name: str = Field(default="lambda-duration-{suffix}", description="The duration alarm's name.")
    period_s: int = Field(
        default=300,
        ge=60,
        multiple_of=60,
        description="Seconds that one data point covers; if not given, a derived one is no shorter than the timeout.",
    )
    evaluation_periods: int | None = Field(
        default=None, ge=1, description="Periods looked at; if not given, 1, and 3 for a derived threshold."
    )
    datapoints_to_alarm: int | None = Field(
        default=None,
        ge=1,
        description="So many of these over the threshold; if not given, all, and 2 of the derived 3.",
    )
    min_invocations: int | None = Field(
        default=None, ge=0, description="A period with fewer has no error rate; if not given, 0, and 10 if derived."
    )
    from_evidence: bool = Field(
        default=False, description="Thresholds that are not given follow from the function's own baseline."
    )
    baseline_factor: float = Field(default=3, ge=1, le=100, description="How many times the baseline's error rate.")
    tolerance: float = Field(default=2, ge=1, description="A derived threshold replaces one that is so many times off.")
    failing_percent: float = Field(
        default=20, gt=0, le=100, description="From this share of errors on there is no baseline but a finding."
    )
    min_samples: int = Field(default=50, ge=1, description="Invocations measured before a threshold is derived.")
    topic_arn: str | None = Field(default=None, pattern=TOPIC_ARN, description="SNS topic to notify.")

    def derives(self) -> bool:
        """A threshold that is given is stated; the others follow from evidence."""
        return self.from_evidence and None in (self.error_rate_percent, self.duration_ms)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html ."""
        most = LONGEST_S if self.period_s >= HOUR_S else DAY_S
        looks_back = self.period_s * (self.evaluation_periods or 1)
        if looks_back > most:
            raise ValueError(
                f"CloudWatch looks back {most} s at most: period_s times evaluation_periods is {looks_back}"
            )
        return self


def lookups(function: Function, options: AlarmsOptions) -> Iterable[Lookup]:
    """The alarms of those names, and whom others tell where nobody has said it."""
    asked = {
        options.error_rate_name: options.error_rate_percent,
        options.duration_name: options.duration_ms,
    }
    names = (name for name, threshold in asked.items() if threshold is not None or options.from_evidence)
    topic = [Lookup(TOPIC, "")] if options.derives() and options.topic_arn is None else []
    return [*(Lookup("alarm", function.expand(name)) for name in names), *topic]


def judge(function: Function, evidence: Evidence, options: AlarmsOptions) -> Sequence[Verdict]:
    """Propose each alarm that is absent or differs; an equal one is left alone."""
    if options.derives() and (gap := _no_baseline(evidence, options)) is not None:
        return (Kept("alarms", None, gap),)
    topic = _topic(function, options)
    alarms = _wanted(function, evidence, options)
    verdicts: list[Verdict] = []
    for alarm in alarms:
        if isinstance(alarm, Finding | Kept):
            verdicts.append(alarm)
        elif alarm.derived and isinstance(topic, _NoTopic):
            verdicts.append(Finding(alarm.setting, None, topic.because, Risk.LOW))
        elif isinstance(topic, str) and topic.split(":")[3] != function.region:
            because = f"CloudWatch notifies topics of its own region only, and {topic} is not of {function.region}"
            verdicts.append(Blocked(alarm.setting, None, {"alarm": alarm.name}, because))
        else:
            told = topic if isinstance(topic, str) else None
            wanted = _defined(function.name, alarm, _long_enough(function, alarm, options), told)
            verdicts.append(_late(function, wanted, _judge_one(function, alarm, wanted)))
    return verdicts


@dataclass(frozen=True, slots=True)
class _NoTopic:
    """Nobody would be told, because …"""

    because: str


def _topic(function: Function, options: AlarmsOptions) -> str | _NoTopic | None:
    """Whom to tell: the policy's topic, or the one that most of the account's alarms on Lambda use."""
    if options.topic_arn is not None:
        return options.topic_arn
    if not options.derives():
        return None
    give = "give topic_arn in the policy, or --topic"
    match function.resource(TOPIC, ""):
        case Found(state) if isinstance(topic := state.get("topic"), str):
            return topic
        case Unreadable(because):
            return _NoTopic(f"an alarm would tell nobody, and which topic others use is not known ({because}): {give}")
        case _:
            return _NoTopic(f"an alarm would tell nobody, and no alarm on Lambda here has a topic: {give}")


@dataclass(frozen=True, slots=True)
class _Alarm:
    """One alarm that is wanted: its threshold in per cent or ms."""

    setting: Literal["error_rate_alarm", "duration_alarm"]
    name: str
    threshold: float
    derived: bool


def _no_baseline(evidence: Evidence, options: AlarmsOptions) -> str | None:
    if options.error_rate_percent is not None and options.duration_ms is not None:
        return None
    invocations = evidence.invocations
    if not isinstance(invocations, Measured):
        return f"there is no baseline: {invocations.because}"
    few = enough(int(invocations.value), options.min_samples, "invocations")
    return f"there is no baseline: {few.because}" if isinstance(few, TooFew) else None


def _wanted(function: Function, evidence: Evidence, options: AlarmsOptions) -> list[_Alarm | Finding | Kept]:
    alarms: list[_Alarm | Finding | Kept] = []
    names = function.expand(options.error_rate_name), function.expand(options.duration_name)
    if options.error_rate_percent is not None:
        alarms.append(_Alarm("error_rate_alarm", names[0], options.error_rate_percent, derived=False))
    elif options.from_evidence:
        alarms += _error_rate_alarm(function, names[0], evidence, options)
    if options.duration_ms is not None:
        alarms.append(_Alarm("duration_alarm", names[1], options.duration_ms, derived=False))
    elif options.from_evidence:
        alarms += _duration_alarm(function, names[1], evidence, options)
    return alarms


def _error_rate_alarm(
    function: Function, name: str, evidence: Evidence, options: AlarmsOptions
) -> Iterable[_Alarm | Finding]:
    """So many times the usual share of errors, at least 1 %, in half percents; much failure is no baseline."""
    errors, invocations = evidence.errors, evidence.invocations
    if not isinstance(invocations, Measured) or not invocations.value:
        return
    usual = 100 * errors.value / invocations.value if isinstance(errors, Measured) else 0.0
    if usual >= options.failing_percent:
        note = f"{usual:.3g} % of its invocations fail: an alarm on more of them helps nobody, repair it first"
        yield Finding("error_rate_alarm", None, note, Risk.HIGH, evidence.quote("errors", "invocations"))
        return
    percent = min(max(1.0, math.ceil(2 * usual * options.baseline_factor) / 2), (100 + usual) / 2)
    yield _Alarm("error_rate_alarm", name, _settled(function, name, percent, options), derived=True)


def _duration_alarm(
    function: Function, name: str, evidence: Evidence, options: AlarmsOptions
) -> Iterable[_Alarm | Kept]:
    """Half as long again as the longest run at the memory that this plan gives it, and before the timeout ends it."""
    longest = evidence.duration_max
    if not isinstance(longest, Measured):
        return
    slower = worst_slowdown(function.memory_mb, function.after("memory_mb", function.memory_mb))
    above = max(1000.0, math.ceil(longest.value * max(1.5, slower * 1.1) / 1000) * 1000.0)
    most = function.after("timeout_s", function.timeout_s) * 900.0
    if longest.value >= most:
        yield Kept("duration_alarm", None, "runs come near the timeout: an alarm before it would not stop ringing")
        return
    # A threshold that the slower runs of this very plan could pass would ring for the change itself.
    least = longest.value * slower
    yield _Alarm("duration_alarm", name, _settled(function, name, min(above, most), options, least), derived=True)


def _settled(function: Function, name: str, wanted: float, options: AlarmsOptions, least: float = 0.0) -> float:
    """The threshold that the alarm has, where it is near: baselines drift from day to day, alarms should not."""
    existing = function.resource("alarm", name)
    definition = existing.state.get("definition") if isinstance(existing, Found) else None
    has = definition.get("Threshold") if isinstance(definition, Mapping) else None
    if not isinstance(has, int | float) or isinstance(has, bool) or has <= 0:
        return wanted
    near = wanted / options.tolerance <= has <= wanted * options.tolerance and has >= least
    return float(has) if near else wanted


def _timeout_s(function: Function) -> int:
    return function.after("timeout_s", function.timeout_s)


def _long_enough(function: Function, alarm: _Alarm, options: AlarmsOptions) -> AlarmsOptions:
    """With a derived period of whole minutes in which the longest run can end, unless the policy gives one."""
    if not alarm.derived or "period_s" in options.model_fields_set:
        return options
    return options.model_copy(update={"period_s": max(options.period_s, 60 * math.ceil(_timeout_s(function) / 60))})


def _late(function: Function, wanted: Mapping[str, Any], verdict: Verdict) -> Verdict:
    """With a note where a run may end after the period that it is counted in.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    (period,) = {q["MetricStat"]["Period"] for q in wanted.get("Metrics", ()) if "MetricStat" in q} or {
        wanted.get("Period", 0)
    }
    if not isinstance(verdict, Proposed) or _timeout_s(function) <= period:
        return verdict
    late = (
        f"a run is counted at the time at which it began, and may take {_timeout_s(function)} s: what goes wrong in it "
        f"may come after its period of {period} s was judged"
    )
    return replace(verdict, reason=f"{verdict.reason}; {late}")


def _defined(function: str, alarm: _Alarm, options: AlarmsOptions, topic: str | None) -> dict[str, Any]:
    """The whole definition. What is derived needs several periods, since nobody has said how much is too much."""
    periods = options.evaluation_periods or (3 if alarm.derived else 1)
    points = options.datapoints_to_alarm or (2 if alarm.derived and options.evaluation_periods is None else periods)
    common: dict[str, Any] = {
        "EvaluationPeriods": periods,
        "Threshold": float(alarm.threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    if points < periods:
        common["DatapointsToAlarm"] = points
    if topic is not None:
        common["AlarmActions"] = [topic]
    if alarm.setting == "duration_alarm":
        return common | _duration(function, alarm.threshold, options)
    least = options.min_invocations if options.min_invocations is not None else (10 if alarm.derived else 0)
    return common | _error_rate(function, alarm.threshold, options, least)


def _error_rate(function: str, percent: float, options: AlarmsOptions, min_invocations: int) -> dict[str, Any]:
    def metric(identifier: str, name: str) -> dict[str, Any]:
        dimensions = [{"Name": "FunctionName", "Value": function}]
        stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}}
        return {
            "Id": identifier,
            "MetricStat": {**stat, "Period": options.period_s, "Stat": "Sum"},
            "ReturnData": False,
        }

    expression = "100*errors/invocations"
    if min_invocations:
        # One failure of two runs at night is half of them, and tells nothing.
        expression = f"IF(invocations >= {min_invocations}, {expression}, 0)"
    rate = {"Id": "errorRate", "Expression": expression, "Label": "Error rate (%)", "ReturnData": True}
    metrics = [rate, metric("errors", "Errors"), metric("invocations", "Invocations")]
    return {"AlarmDescription": f"More than {percent:g} % of the invocations of {function} failed", "Metrics": metrics}


def _duration(function: str, milliseconds: float, options: AlarmsOptions) -> dict[str, Any]:
    return {
        "AlarmDescription": f"A run of {function} took longer than {milliseconds / 1000:g} s",
        "Namespace": "AWS/Lambda",
        "MetricName": "Duration",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Period": options.period_s,
        "Statistic": "Maximum",
    }


def _judge_one(function: Function, alarm: _Alarm, wanted: Mapping[str, Any]) -> Verdict:
    setting, name = alarm.setting, alarm.name
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
        told = wanted.get("AlarmActions")
        reason = "there is no such alarm" + (f"; it tells {told[0].rpartition(':')[2]}" if told else "")
        return Proposed(setting, None, shown, reason, (step,), Risk.NONE, adds=adds, derived=alarm.derived)
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
    return Proposed(
        setting, before, after, f"its {', '.join(fields)} differ", (step,), Risk.LOW, adds=adds, derived=alarm.derived
    )


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
    surprise="An error is counted at the time at which the invocation began: with timeouts longer than the period it "
    "comes late, when its period may have been judged already. Metric math costs for every metric that it reads, and a "
    "topic has to be of the alarm's own region.",
    evidence=("invocations", "errors", "duration_max"),
    order=80,
)

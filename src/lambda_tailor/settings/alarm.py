"""A CloudWatch metric alarm, whole: its definition, or None where there is none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
PutMetricAlarm overwrites every field, so an existing alarm is put with all of what it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.iam.permission import ALARM, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, same

KIND = "alarm"
# The members of PutMetricAlarm that DescribeAlarms gives back; the rest of a MetricAlarm is its state.
DEFINITION = (
    "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "AlarmDescription", "MetricName",
    "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile",
    "Metrics", "ThresholdMetricId", "EvaluationWindow",
    "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval",
)  # fmt: skip
DESCRIBE = Action(
    "cloudwatch:DescribeAlarms",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    because="AWS tells of composite alarms only where the permission is on everything",
)
DEFAULTS: Mapping[str, Any] = {
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [],
    "InsufficientDataActions": [],
    "TreatMissingData": "missing",
    "Dimensions": [],
}


def read(address: ResourceAddress) -> Call:
    """The alarm of that name, of either type."""
    return read_together([address])


def read_together(addresses: Sequence[ResourceAddress]) -> Call:
    """The alarms of those names, a hundred at most, of either type."""
    names = [address.resource for address in addresses]
    kinds = ["MetricAlarm", "CompositeAlarm"]
    return Call("cloudwatch", "DescribeAlarms", {"AlarmNames": names, "AlarmTypes": kinds, "MaxRecords": 100})


def definition(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """What PutMetricAlarm would take to make this alarm; defaults left out, numbers as floats."""
    kept = {name: alarm[name] for name in DEFINITION if alarm.get(name) is not None}
    if "Threshold" in kept:
        kept["Threshold"] = float(kept["Threshold"])
    if kept.get("DatapointsToAlarm") == kept.get("EvaluationPeriods"):
        kept.pop("DatapointsToAlarm", None)
    if "Metrics" in kept:
        kept["Metrics"] = [_query(query) for query in kept["Metrics"]]
        for single in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions"):
            kept.pop(single, None)
    return {name: value for name, value in kept.items() if DEFAULTS.get(name) != value}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    """A metric query with ``ReturnData`` said, since True is what its absence means."""
    kept = {name: value for name, value in query.items() if value is not None}
    return {**kept, "ReturnData": kept.get("ReturnData", True)}


def observe(address: ResourceAddress, answer: Answer | None) -> State:
    """``definition`` is None where there is no alarm; ``composite`` where the name is another's."""
    alarm = _named(address, answer, "MetricAlarms")
    composite = _named(address, answer, "CompositeAlarms") is not None
    return {"definition": None if alarm is None else definition(alarm), "composite": composite}


def _named(address: ResourceAddress, answer: Answer | None, kind: str) -> Mapping[str, Any] | None:
    alarms = (answer or {}).get(kind) or ()
    return next((alarm for alarm in alarms if alarm.get("AlarmName") == address.resource), None)


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the whole definition, or delete the alarm."""
    target = wanted["definition"]
    if not isinstance(target, Mapping):
        return Call("cloudwatch", "DeleteAlarms", {"AlarmNames": [address.resource]})
    return Call("cloudwatch", "PutMetricAlarm", {"AlarmName": address.resource, **target})


def removes(wanted: State) -> bool:
    """Whether it is to be deleted."""
    return wanted.get("definition") is None


def refuse(observed: State, _wanted: State) -> str | None:
    """A composite alarm of the same name would be lost."""
    return "a composite alarm of that name exists: choose another name" if observed.get("composite") else None


def follows(shown: Shown) -> bool:
    """The alarm that the change names, made as shown, or what it was with the fields that are shown."""
    change, before, after = shown.change, shown.before, shown.after
    told = change.after
    if shown.field != "definition" or not isinstance(told, Mapping) or not isinstance(after, Mapping):
        return False
    if told.get("alarm") != shown.resource or change.rule != "alarms":
        return False
    if before is None:
        # Plans of before said only the threshold.
        wanted = told.get("definition", {**after, "Threshold": told.get("threshold")})
        return change.before is None and same(after, wanted) and same(after.get("Threshold"), told.get("threshold"))
    if not isinstance(before, Mapping) or not isinstance(change.before, Mapping):
        return False
    fields = [name for name in told if name != "alarm"]
    merged = {**before, **{name: told[name] for name in fields}}
    was = all(same(before.get(name), change.before.get(name)) for name in fields)
    return was and same(after, {name: value for name, value in merged.items() if value is not None})


SETTING = Setting(
    kind=KIND,
    title="alarm",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    read=read,
    read_together=read_together,
    observe=observe,
    write=write,
    removes=removes,
    follows=follows,
    refuse=refuse,
    read_actions=(DESCRIBE,),
    write_actions=(Action("cloudwatch:PutMetricAlarm", ALARM), Action("cloudwatch:DeleteAlarms", ALARM)),
)

"""Alarms by name, a hundred a call; and what all alarms on Lambda say: whom they tell, at which durations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import alarm
from lambda_tailor.settings.setting import Call

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
_A_PAGE = 100


def _alarms(opened: OpenScope, names: Sequence[str]) -> Resources:
    found: dict[str, Resource] = {}
    for start in range(0, len(names), _A_PAGE):
        batch = list(names[start : start + _A_PAGE])
        asked = {"AlarmNames": batch, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": _A_PAGE}
        for page in opened.gateway.pages(Call("cloudwatch", "DescribeAlarms", asked), "NextToken"):
            for each in page.get("MetricAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": alarm.definition(each), "composite": False})
            for each in page.get("CompositeAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": None, "composite": True})
    return {name: found.get(name, Missing()) for name in names}


def _on_lambda(opened: OpenScope) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]:
    """Every alarm on Lambda's metrics with these metrics; the whole region is read by page."""
    asked = {"AlarmTypes": ["MetricAlarm"], "MaxRecords": _A_PAGE}
    for page in opened.gateway.pages(Call("cloudwatch", "DescribeAlarms", asked), "NextToken"):
        for each in page.get("MetricAlarms") or ():
            queries = [q["MetricStat"]["Metric"] for q in each.get("Metrics") or () if q.get("MetricStat")]
            metrics = [m for m in (queries or [each]) if m.get("Namespace") == "AWS/Lambda"]
            if metrics:
                yield each, metrics


def _topic(opened: OpenScope, names: Sequence[str]) -> Resources:
    """The topic that most alarms on Lambda here tell, how many of how many do."""
    told: Counter[str] = Counter()
    alarms = 0
    for each, _ in _on_lambda(opened):
        alarms += 1
        told.update({action for action in each.get("AlarmActions") or () if ":sns:" in action})
    best: Resource = Missing()
    if told:
        topic, uses = min(told.items(), key=lambda item: (-item[1], item[0]))
        best = Found({"topic": topic, "alarms": uses, "of": alarms})
    return dict.fromkeys(names, best)


def _durations(opened: OpenScope, names: Sequence[str]) -> Resources:
    """The thresholds in ms of alarms on the duration of functions, by alarm name."""
    thresholds: dict[str, dict[str, Any]] = {name: {} for name in names}
    for each, metrics in _on_lambda(opened):
        if not str(each.get("ComparisonOperator")).startswith("Greater") or each.get("Threshold") is None:
            continue
        for metric in metrics:
            dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions") or ()}
            function = str(dimensions.get("FunctionName"))
            if metric.get("MetricName") == "Duration" and function in thresholds:
                thresholds[function][each["AlarmName"]] = float(each["Threshold"])
    return {name: Found({"thresholds_ms": found}) if found else Missing() for name, found in thresholds.items()}


KINDS = (
    LookupKind(kind="alarm", read=together(_alarms), costs="page", actions=(alarm.DESCRIBE,)),
    LookupKind(kind="alarm-topic", read=together(_topic), costs="page", actions=(alarm.DESCRIBE,)),
    LookupKind(kind="duration-alarms", read=together(_durations), costs="page", actions=(alarm.DESCRIBE,)),
)

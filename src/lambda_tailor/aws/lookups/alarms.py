"""Alarms by name, a hundred a call."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import alarm
from lambda_tailor.settings.setting import Call


def _alarms(opened: OpenScope, names: Sequence[str]) -> Resources:
    found: dict[str, Resource] = {}
    for start in range(0, len(names), 100):
        batch = list(names[start : start + 100])
        asked = {"AlarmNames": batch, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}
        for page in opened.gateway.pages(Call("cloudwatch", "DescribeAlarms", asked), "NextToken"):
            for each in page.get("MetricAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": alarm.definition(each), "composite": False})
            for each in page.get("CompositeAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": None, "composite": True})
    return {name: found.get(name, Missing()) for name in names}


KINDS = (LookupKind(kind="alarm", read=together(_alarms), costs="page", actions=(alarm.DESCRIBE,)),)

"""What applying a plan makes in AWS, as the block that lets Terraform own it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

from lambda_tailor.writeback.terraform.text import hcl

# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_metric_alarm
_ALARM = {
    "AlarmDescription": "alarm_description", "Namespace": "namespace", "MetricName": "metric_name",
    "Statistic": "statistic", "ExtendedStatistic": "extended_statistic", "Period": "period",
    "EvaluationPeriods": "evaluation_periods", "DatapointsToAlarm": "datapoints_to_alarm", "Threshold": "threshold",
    "ComparisonOperator": "comparison_operator", "TreatMissingData": "treat_missing_data",
    "AlarmActions": "alarm_actions", "OKActions": "ok_actions",
}  # fmt: skip


def label(name: str) -> str:
    """A name as a resource's label."""
    bare = re.sub(r"\W+", "_", name).strip("_")
    return bare if bare[:1].isalpha() else f"r_{bare}"


def queue(name: str) -> str:
    """A dead-letter queue as the plan makes it: fourteen days, encrypted."""
    lines = [
        f'resource "aws_sqs_queue" "{label(name)}" {{',
        f"  name                      = {hcl(name)}",
        "  message_retention_seconds = 1209600",
        "  sqs_managed_sse_enabled   = true",
        "}",
    ]
    return "\n".join(lines)


def alarm(definition: Mapping[str, JsonValue]) -> str:
    """An alarm of a plan's change: its name, CloudWatch's fields, its metrics."""
    name = str(definition.get("alarm", "alarm"))
    lines = [f'resource "aws_cloudwatch_metric_alarm" "{label(name)}" {{', f"  alarm_name = {hcl(name)}"]
    lines += [
        f"  {own} = {hcl(_number(definition[key]))}" for key, own in _ALARM.items() if definition.get(key) is not None
    ]
    lines += _dimensions(definition.get("Dimensions"), "  ")
    metrics = definition.get("Metrics")
    for metric in metrics if isinstance(metrics, list) else ():
        lines += _query(metric) if isinstance(metric, dict) else []
    return "\n".join([*lines, "}"])


def _number(value: JsonValue) -> JsonValue:
    return int(value) if isinstance(value, float) and value == int(value) else value


def _dimensions(value: JsonValue, indent: str) -> list[str]:
    pairs = {str(d["Name"]): d["Value"] for d in value if isinstance(d, dict)} if isinstance(value, list) else {}
    return [f"{indent}dimensions = {hcl(pairs)}"] if pairs else []


def _query(metric: Mapping[str, JsonValue]) -> list[str]:
    lines = ["  metric_query {"]
    for key, own in (("Id", "id"), ("Expression", "expression"), ("Label", "label"), ("ReturnData", "return_data")):
        if metric.get(key) is not None:
            lines.append(f"    {own} = {hcl(metric[key])}")
    stat = metric.get("MetricStat")
    if isinstance(stat, dict) and isinstance(inner := stat.get("Metric"), dict):
        lines += ["    metric {", f"      namespace = {hcl(inner.get('Namespace'))}"]
        lines += [f"      metric_name = {hcl(inner.get('MetricName'))}", f"      period = {hcl(stat.get('Period'))}"]
        lines += [f"      stat = {hcl(stat.get('Stat'))}", *_dimensions(inner.get("Dimensions"), "      "), "    }"]
    return [*lines, "  }"]

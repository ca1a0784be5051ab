"""What a function's logs tell, put into its readings, with what is to be said of where it comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lambda_tailor.aws import evidence_samples as samples
from lambda_tailor.aws.evidence_logs import LogEvidence
from lambda_tailor.model.evidence import Absent, Measured, Measurement
from lambda_tailor.model.function import Function

# The readings that come out of logs.
FROM_LOGS = frozenset({"memory_used", "billed_avg", "init_avg", "timeouts", "at_memory"})


def add_told(function: Function, readings: dict[str, Any], told: LogEvidence | Absent, days: int) -> None:
    """Put what logs tell into a function's readings. Lambda Insights' memory stays where logs know none."""
    if isinstance(told, Absent):
        for name in FROM_LOGS - {"at_memory"}:
            if not isinstance(readings.get(name), Measured):
                readings[name] = told
        return

    source = told.source + _biased(function) + _older(function, told)

    def reading(value: float | None, unit: str) -> Measurement:
        if value is None:
            return Absent(f"not told by the {told.source}")
        return Measured(float(value), unit, source, days if told.days is None else told.days, told.runs)

    used = reading(told.memory_used, "MB")
    if isinstance(used, Measured):
        readings["memory_used"] = replace(used, daily=told.memory_by_day)
    elif not isinstance(readings.get("memory_used"), Measured):
        readings["memory_used"] = used
    readings["billed_avg"] = reading(told.billed_avg, "ms")
    readings["init_avg"] = reading(told.init_avg, "ms")
    readings["timeouts"] = reading(told.timeouts, "count")
    readings["at_memory"] = told.at_memory


def _biased(function: Function) -> str:
    """A successful run's report is of the level INFO, a failing one's WARN, by AWS's mapping of system log levels.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    warn = function.system_log_level == "WARN"
    return ", which are of failing runs only: its system log level is WARN" if warn else ""


def _older(function: Function, told: LogEvidence) -> str:
    """Aggregates do not tell of which code they are; that some of it is older can be told from their age."""
    since = samples.deployed(function)
    if told.days is None or since is None or not told.source.startswith("Logs Insights"):
        return ""
    age = (datetime.now(UTC) - since).total_seconds() / 86_400
    return f", some from before its last deployment or change ({since:%Y-%m-%d})" if told.days > age else ""

"""REPORT records: what Lambda writes into a function's log after each invocation. Pure; never raises.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# No record is longer; a longer text is somebody's own.
_LONGEST = 8192
STATUSES = frozenset({"success", "timeout", "error", "failure"})
_START = re.compile(r"REPORT\s+RequestId:\s*([^\s:]{1,64})(?=\s)")
# Keys are up to five capitalised words, of bounded length so that hostile text costs linear time.
_FIELD = re.compile(
    r"\b([A-Z][A-Za-z]{1,15}(?:[ \t]+[A-Z][A-Za-z]{0,15}){0,4}):[ \t]*([^\s]{1,64})(?:[ \t]+(ms|MB)\b)?"
)
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_CUT_STRING = re.compile(r'"(requestId|status|errorType)"\s*:\s*"([^"\\]{1,128})"')
_CUT_NUMBER = re.compile(r'"([a-z][A-Za-z]{5,30}(?:Ms|MB))"\s*:\s*([0-9]{1,12}(?:\.[0-9]{1,9})?)(?=[\s,}])')


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """One invocation as Lambda reports it: durations in ms, memory in MB, None where it was not told.

    ``status`` is success, timeout, error or failure; text records only have one when something went
    wrong, and old ones not even then. A maximum of 0 MB, which no runtime can do with, is not told.
    """

    request_id: str
    duration_ms: float | None = None
    billed_ms: float | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    billed_restore_ms: float | None = None
    status: str | None = None
    error_type: str | None = None


def parse_report(text: str) -> ReportRecord | None:
    """The REPORT record in a log event's message, of the text or the JSON log format.

    Of a record that was cut off, what arrived whole. None where the text is no REPORT record, or
    neither request id nor a single measurement is left of it.
    """
    stripped = text.lstrip()
    if stripped.startswith("REPORT"):
        return _from_text(stripped[:_LONGEST])
    if stripped.startswith("{") and "platform.report" in stripped[:_LONGEST]:
        return _from_json(stripped[:_LONGEST])
    return None


def _from_text(text: str) -> ReportRecord | None:
    start = _START.match(text)
    if start is None:
        return None
    fields: dict[str, str] = {}
    for key, value, unit in _FIELD.findall(text, start.end()):
        name = key if "  " not in key and "\t" not in key else " ".join(key.split())
        # A value without its unit was cut off: 10 may have been 1024 MB. The first of a name counts.
        if unit == _UNITS.get(name, ""):
            fields.setdefault(name, value)
    return _record(
        start.group(1),
        lambda name: _number(fields.get(_TEXT_NAMES[name])),
        _status(fields.get("Status")),
        _whole_word(fields.get("Error Type"), text),
    )


_TEXT_NAMES: Mapping[str, str] = {
    "durationMs": "Duration",
    "billedDurationMs": "Billed Duration",
    "memorySizeMB": "Memory Size",
    "maxMemoryUsedMB": "Max Memory Used",
    "initDurationMs": "Init Duration",
    "restoreDurationMs": "Restore Duration",
    "billedRestoreDurationMs": "Billed Restore Duration",
}
_UNITS: Mapping[str, str] = {text: "ms" if name.endswith("Ms") else "MB" for name, text in _TEXT_NAMES.items()}


def _from_json(text: str) -> ReportRecord | None:
    try:
        event: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _from_cut_json(text)
    if not isinstance(event, dict) or event.get("type") != "platform.report":
        return None
    record = event.get("record")
    if not isinstance(record, dict):
        return None
    metrics: Any = record.get("metrics")
    known: Mapping[str, Any] = metrics if isinstance(metrics, dict) else {}
    return _record(
        record.get("requestId"),
        lambda name: _number(known.get(name)),
        _status(record.get("status")),
        record.get("errorType"),
    )


def _from_cut_json(text: str) -> ReportRecord | None:
    if not re.search(r'"type"\s*:\s*"platform\.report"', text):
        return None
    strings = dict(reversed(_CUT_STRING.findall(text)))
    numbers = dict(reversed(_CUT_NUMBER.findall(text)))
    return _record(
        strings.get("requestId"),
        lambda name: _number(numbers.get(name)),
        _status(strings.get("status")),
        strings.get("errorType"),
    )


def _number(raw: object) -> float | None:
    """A measurement, or None for what cannot be one."""
    if isinstance(raw, str):
        return float(raw) if _NUMBER.fullmatch(raw) else None
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 1e12:
        return float(raw)
    return None


def _status(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw in STATUSES else None


def _whole_word(word: str | None, text: str) -> str | None:
    """A word, unless the text ends with it: a record ends with white space, so the rest was cut off."""
    return None if word is None or text.endswith(word) else word


def _record(
    request_id: object, number: Callable[[str], float | None], status: str | None, error_type: object
) -> ReportRecord | None:
    memory, used = number("memorySizeMB"), number("maxMemoryUsedMB")
    duration, billed = number("durationMs"), number("billedDurationMs")
    if not isinstance(request_id, str) or not request_id or {memory, used, duration, billed} == {None}:
        return None
    return ReportRecord(
        request_id=request_id,
        duration_ms=duration,
        billed_ms=billed,
        memory_mb=_megabytes(memory),
        max_memory_mb=_megabytes(used),
        init_ms=number("initDurationMs"),
        restore_ms=number("restoreDurationMs"),
        billed_restore_ms=number("billedRestoreDurationMs"),
        status=status,
        error_type=error_type if isinstance(error_type, str) else None,
    )


def _megabytes(number: float | None) -> int | None:
    return math.ceil(number) if number else None

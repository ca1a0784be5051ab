"""The fields that Logs Insights discovers in a log event. Pure.

It reads REPORT records by rules of its own and not by the tool's parser, so that the two check each other.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Value = float | str | None
Record = dict[str, Value]

_START = re.compile(r"(START|END|REPORT) RequestId: (\S+)")
_MEASURE = re.compile(r"\t(Duration|Billed Duration|Memory Size|Max Memory Used|Init Duration): ([\d.]+) (ms|MB)(?=\s)")
_CALLED = {
    "Duration": "@duration", "Billed Duration": "@billedDuration", "Init Duration": "@initDuration",
    "Memory Size": "@memorySize", "Max Memory Used": "@maxMemoryUsed",
}  # fmt: skip
_BYTES_A_MB = 1_000_000
# No more fields are discovered in a JSON event.
_JSON_FIELDS = 200


def record_of(event: Mapping[str, Any], group: str, account: str) -> Record:
    """The fields of an event as FilterLogEvents gives it: durations in ms, memory in bytes, as Insights has them."""
    message = str(event.get("message", ""))
    known: Record = {
        "@timestamp": _instant(event.get("timestamp", 0)),
        "@ingestionTime": _instant(event.get("ingestionTime", 0)),
        "@message": message,
        "@logStream": str(event.get("logStreamName", "")),
        "@log": f"{account}:{group}",
        "@ptr": str(event.get("eventId", "")),
    }
    if message.lstrip().startswith("{"):
        return {**dict(itertools.islice(_from_json(message), _JSON_FIELDS)), **known}
    return known | _from_text(message)


def _from_text(message: str) -> Record:
    start = _START.match(message)
    if start is None:
        return {}
    found: Record = {"@type": start[1], "@requestId": start[2]}
    for name, amount, unit in _MEASURE.findall(message if message.endswith("\n") else f"{message}\n"):
        found[_CALLED[name]] = float(amount) * (_BYTES_A_MB if unit == "MB" else 1)
    return found


def _from_json(message: str) -> Iterator[tuple[str, Value]]:
    try:
        document = json.loads(message)
        if isinstance(document, dict):
            yield from _flat("", document)
    except (ValueError, RecursionError):
        return


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Value]]:
    """Members of objects by dots, of lists by their number: ``record.metrics.durationMs``."""
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, member in members:
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), member)
    elif isinstance(value, int | float):
        yield prefix, float(value)
    elif value is not None:
        yield prefix, str(value)


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

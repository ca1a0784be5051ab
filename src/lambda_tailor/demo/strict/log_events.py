"""FilterLogEvents from the newest on, with stream prefixes, and REPORT records that tell how the invocation ended.

The emulator ignores ``logStreamNamePrefix``, and its REPORT records have no Status. It writes each
invocation into a stream of its own, so that a stream in which the process died or timed out names the
record.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, with_document

_FILTER = "Logs_20140328.FilterLogEvents"
# What the emulator logs, and what AWS writes at the end of the REPORT record then.
_ENDINGS = {
    "Task timed out": "\tStatus: timeout\n",
    "Worker process died": "\tStatus: error\tError Type: Runtime.OutOfMemory\n",
}


class LogEvents(Passing):
    """Narrows the events to the streams that were asked for, and completes the REPORT records."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Change what the emulator found."""
        if exchange.name != "logs:FilterLogEvents" or answer.status != 200:
            return answer
        asked, told = exchange.parameters(), document(exchange, answer)
        if asked.get("startFromHead") is False:
            told = await self._newest(exchange, asked)
        prefix = asked.get("logStreamNamePrefix") or ""
        told["events"] = [event for event in told["events"] if str(event.get("logStreamName", "")).startswith(prefix)]
        if any(_unfinished(event) for event in told["events"]):
            endings = await self._endings(exchange, asked)
            for event in told["events"]:
                if _unfinished(event):
                    event["message"] += endings.get(event.get("logStreamName"), "")
        return with_document(exchange, answer, told)

    async def _newest(self, exchange: Exchange, asked: Mapping[str, Any]) -> Any:
        """The newest events first, which the emulator gives from the oldest on, whatever is asked."""
        everything = {**{k: v for k, v in asked.items() if k not in ("nextToken", "startFromHead")}, "limit": 10_000}
        told = await self._backend.json(exchange, "logs", _FILTER, everything)
        events = sorted(told.get("events") or (), key=lambda event: event["timestamp"], reverse=True)
        limit, start = int(asked.get("limit") or 10_000), int(asked.get("nextToken") or 0)
        more = {"nextToken": str(start + limit)} if len(events) > start + limit else {}
        kept = {name: value for name, value in told.items() if name != "nextToken"}
        return {**kept, "events": events[start : start + limit], **more}

    async def _endings(self, exchange: Exchange, asked: Mapping[str, Any]) -> dict[str, str]:
        """What ends the REPORT record in a stream, by the stream's name."""
        found: dict[str, str] = {}
        for said, ending in _ENDINGS.items():
            wanted = {**asked, "filterPattern": f'"{said.split()[-1]}"'}
            events = (await self._backend.json(exchange, "logs", _FILTER, wanted)).get("events") or ()
            found |= {event["logStreamName"]: ending for event in events if event["message"].startswith(said)}
        return found


def _unfinished(event: Mapping[str, Any]) -> bool:
    message = str(event.get("message", ""))
    return message.startswith("REPORT RequestId") and "Status:" not in message


BEHAVIOUR = Registered(lambda layer: LogEvents(layer.backend), order=70)

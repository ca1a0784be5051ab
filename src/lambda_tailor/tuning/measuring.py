"""One invocation of the copy, and the REPORT line that comes with it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AwsRefused
from lambda_tailor.evidence.report_line import ReportRecord, parse_report
from lambda_tailor.settings.setting import Answer, Call

# AWS answers with the log's end; where an endpoint does not, the log itself is read, for so long.
_LOG_WITHIN_S = 10.0
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Invoked:
    """What an invocation took, ms and MB; ``error`` is why it failed, without what the function answered."""

    duration_ms: float | None
    billed_ms: float | None = None
    init_ms: float | None = None
    max_memory_mb: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Invoker:
    """Invokes versions of one copy."""

    gateway: Gateway
    name: str
    sleep: Callable[[float], None] = field(default=time.sleep)
    clock: Callable[[], float] = field(default=time.monotonic)
    _seen: set[str] = field(default_factory=set)

    def invoke(self, version: str, payload: bytes) -> Invoked:
        """Invoke it and wait. Raises AwsRefused where Lambda does not take the call, such as throttled."""
        asked = {
            "FunctionName": self.name, "Qualifier": version, "InvocationType": "RequestResponse", "LogType": "Tail",
            "Payload": payload,
        }  # fmt: skip
        began = int(time.time() * 1000)
        answer = self.gateway.call(Call("lambda", "Invoke", asked))
        if (body := answer.get("Payload")) is not None and hasattr(body, "read"):
            while body.read(_READ_BYTES):
                pass
        record = self._record(answer, began)
        error = str(answer["FunctionError"]) if answer.get("FunctionError") else None
        if record is None:
            if error is None:
                raise AwsRefused(
                    f"The invocation of {self.name} came without its REPORT record: its role may not write logs.",
                    code="NoReport",
                )
            return Invoked(None, error=_cause(error, None))
        return Invoked(
            record.duration_ms, record.billed_ms, record.init_ms, record.max_memory_mb,
            _cause(error, record) if error or record.status in ("timeout", "error", "failure") else None,
        )  # fmt: skip

    def _record(self, answer: Answer, began: int) -> ReportRecord | None:
        found = _last(_decoded(answer["LogResult"])) if answer.get("LogResult") else None
        if found is None:
            request = (answer.get("ResponseMetadata") or {}).get("RequestId")
            found = self._from_log(str(request), began)
        if found is not None:
            self._seen.add(found.request_id)
        return found

    def _from_log(self, request: str, began: int) -> ReportRecord | None:
        """The record in the copy's log, which only this tune writes into: one call at a time.

        Where the log knows the call by another id, it is the record that no earlier call had: one that arrives late
        would otherwise be taken for the next call's.
        """
        asked = {"logGroupName": f"/aws/lambda/{self.name}", "startTime": began - 1}
        until = self.clock() + _LOG_WITHIN_S
        while self.clock() < until:
            try:
                events = self.gateway.call(Call("logs", "FilterLogEvents", asked)).get("events") or ()
            except AwsRefused as error:
                if error.code != "ResourceNotFoundException":
                    raise
                events = ()
            found = [record for event in events if (record := parse_report(str(event.get("message", "")))) is not None]
            new = [record for record in found if record.request_id not in self._seen]
            if new:
                return next((record for record in new if record.request_id == request), new[-1])
            self.sleep(0.1)
        return None


def _decoded(tail: str) -> str:
    try:
        return base64.b64decode(tail).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _last(text: str) -> ReportRecord | None:
    # In the JSON format a record is a line; in the text format it begins a line.
    records = [record for line in text.splitlines() if (record := parse_report(line + "\n")) is not None]
    return records[-1] if records else None


def _cause(error: str | None, record: ReportRecord | None) -> str:
    if record is not None and record.status == "timeout":
        return "it timed out"
    kind = record.error_type if record is not None and record.error_type else error
    return f"it failed ({kind})" if kind else "it failed"

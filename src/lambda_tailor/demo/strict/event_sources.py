"""Event sources that Lambda refuses: a queue that hides messages for less than the function takes, too large a batch.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_WITHOUT_WINDOW = 10


class EventSources(Passing):
    """Compares the queue's visibility timeout with the function's timeout."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse in AWS's words."""
        if exchange.name not in ("lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"):
            return None
        asked = exchange.parameters()
        mapping = await self._backend.event_source(exchange, asked["UUID"]) if "UUID" in asked else asked
        source = str((mapping or {}).get("EventSourceArn") or "")
        named = asked.get("FunctionName") or (mapping or {}).get("FunctionArn") or ""
        function = await self._backend.function(exchange, named.partition(":function:")[2].partition(":")[0] or named)
        if ":sqs:" not in source or function is None:
            return None
        if (message := _too_many({**(mapping or {}), **asked}, source)) is not None:
            return refusal(exchange, "InvalidParameterValueException", message)
        answer = await self._backend.queue_attributes(exchange, source)
        hidden, timeout = int(answer.get("VisibilityTimeout", 30)), function["Configuration"]["Timeout"]
        if hidden >= timeout:
            return None
        message = f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} seconds"
        return refusal(exchange, "InvalidParameterValueException", message)


def _too_many(mapping: Mapping[str, Any], source: str) -> str | None:
    """Of a standard queue ten thousand with a window, else ten; a FIFO queue has no window."""
    size, window = int(mapping.get("BatchSize") or 10), int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    if source.endswith(".fifo") and window:
        return "Batching window is not supported for FIFO queues"
    if size > _WITHOUT_WINDOW and source.endswith(".fifo"):
        return f"Maximum batch size for FIFO queues is {_WITHOUT_WINDOW}"
    if size > _WITHOUT_WINDOW and not window:
        return f"A batch size over {_WITHOUT_WINDOW} takes a MaximumBatchingWindowInSeconds of at least 1"
    return None


BEHAVIOUR = Registered(lambda layer: EventSources(layer.backend), order=13)

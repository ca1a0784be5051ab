"""Event sources that Lambda refuses: a queue that hides its messages for a shorter time than the function may take.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal


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
        answer = await self._backend.queue_attributes(exchange, source)
        hidden, timeout = int(answer.get("VisibilityTimeout", 30)), function["Configuration"]["Timeout"]
        if hidden >= timeout:
            return None
        message = f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} seconds"
        return refusal(exchange, "InvalidParameterValueException", message)


BEHAVIOUR = Registered(lambda layer: EventSources(layer.backend), order=13)

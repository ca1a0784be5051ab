"""Active tracing for a role that may not send traces, which AWS refuses and the emulator takes.

https://github.com/serverless/serverless/issues/6931
https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

from __future__ import annotations

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

NEEDED = "xray:PutTraceSegments"


class TracingRole(Passing):
    """Refuses an update to Active without the permission, with every other field in it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at the role that the function has, or is given."""
        if exchange.name != "lambda:UpdateFunctionConfiguration":
            return None
        asked = exchange.parameters()
        if (asked.get("TracingConfig") or {}).get("Mode") != "Active":
            return None
        function = await self._backend.function(exchange, asked["FunctionName"])
        role = asked.get("Role") or (function or {}).get("Configuration", {}).get("Role", "")
        if function is None or await self._backend.may(exchange, role, NEEDED, "*"):
            return None
        message = "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
        return refusal(exchange, "InvalidParameterValueException", message)


BEHAVIOUR = Registered(lambda layer: TracingRole(layer.backend), order=12)

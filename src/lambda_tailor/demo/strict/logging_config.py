"""LoggingConfig as Lambda keeps it: replaced whole, no levels in text, INFO where JSON names none.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
https://github.com/aws/aws-cdk/issues/28045
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_LEVELS = ("ApplicationLogLevel", "SystemLogLevel")


class LoggingConfig(Passing):
    """Refuses levels of text, and completes what the emulator keeps as it was sent."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Send the whole configuration on, as Lambda would keep it."""
        if exchange.name not in ("lambda:UpdateFunctionConfiguration", "lambda:CreateFunction"):
            return None
        asked = exchange.parameters()
        given = asked.get("LoggingConfig")
        if given is None:
            return None
        if given.get("LogFormat", "Text") == "Text" and any(given.get(level) for level in _LEVELS):
            message = 'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request'
            return refusal(exchange, "InvalidParameterValueException", message)
        return await self._backend.again(exchange, {**asked, "LoggingConfig": kept(given, asked["FunctionName"])})


def kept(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What Lambda keeps of a LoggingConfig that was sent for the function of that name."""
    whole = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}", **given}
    if whole["LogFormat"] == "JSON":
        return {**dict.fromkeys(_LEVELS, "INFO"), **whole}
    return whole


# After all that may refuse: it sends the request on itself.
BEHAVIOUR = Registered(lambda layer: LoggingConfig(layer.backend), order=90)

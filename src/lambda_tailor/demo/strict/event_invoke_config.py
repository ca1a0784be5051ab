"""Configuration for asynchronous invocation as Lambda keeps it: updated in parts, and without what nobody gave.

The emulator knows no update, and shows its defaults for what is not configured, which AWS leaves out.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document

_NUMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
_PARTS = (*_NUMBERS, "DestinationConfig")
_SHOWS = frozenset(
    f"lambda:{operation}FunctionEventInvokeConfig{s}"
    for operation, s in (("Put", ""), ("Update", ""), ("Get", ""), ("List", "s"))
)


class EventInvokeConfigs(Passing):
    """Remembers which numbers were given, by the ARN of the function, version or alias."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._given: dict[str, frozenset[str]] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Turn an update into a put of the whole."""
        if exchange.name != "lambda:UpdateFunctionEventInvokeConfig":
            return None
        asked = exchange.parameters()
        name, qualifier = exchange.path_parameters["FunctionName"], asked.get("Qualifier") or ""
        there = await self._backend.event_invoke_config(exchange, name, qualifier)
        if there is None:
            message = f"The function {name} doesn't have an EventInvokeConfig"
            return refusal(exchange, "ResourceNotFoundException", message, 404)
        kept = {part: there[part] for part in _PARTS if part in self._shown(dict(there))}
        wanted = {**kept, **{part: asked[part] for part in _PARTS if part in asked}}
        return self._learned(exchange, await self._backend.put_event_invoke_config(exchange, name, qualifier, wanted))

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Leave out the numbers that nobody gave."""
        if exchange.name not in _SHOWS or answer.status != 200:
            return answer
        if exchange.name == "lambda:PutFunctionEventInvokeConfig":
            self._learned(exchange, answer)
        shown = document(exchange, answer)
        if "FunctionEventInvokeConfigs" in shown:
            shown["FunctionEventInvokeConfigs"] = [self._shown(each) for each in shown["FunctionEventInvokeConfigs"]]
            return with_document(exchange, answer, shown)
        return with_document(exchange, answer, self._shown(shown))

    def _learned(self, exchange: Exchange, answer: Answer) -> Answer:
        if answer.status == 200:
            arn = document(exchange, answer)["FunctionArn"]
            given = {number for number in _NUMBERS if number in exchange.parameters()}
            updated = exchange.name == "lambda:UpdateFunctionEventInvokeConfig"
            self._given[arn] = frozenset(given) | (self._given.get(arn, frozenset()) if updated else frozenset())
        return answer

    def _shown(self, configuration: dict[str, Any]) -> dict[str, Any]:
        given = self._given.get(configuration["FunctionArn"], frozenset(_NUMBERS))
        return {name: value for name, value in configuration.items() if name not in _NUMBERS or name in given}


BEHAVIOUR = Registered(lambda layer: EventInvokeConfigs(layer.backend), order=61)

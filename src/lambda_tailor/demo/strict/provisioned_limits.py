"""The list of what is provisioned, which the emulator has not, and a reservation under that, which Lambda refuses.

https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

import json

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal


class ProvisionedLimits(Passing):
    """Compares a new reservation with the function's provisioned executions."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse in AWS's words."""
        if exchange.name == "lambda:ListProvisionedConcurrencyConfigs":
            return await self._listed(exchange)
        if exchange.name != "lambda:PutFunctionConcurrency":
            return None
        asked = exchange.parameters()
        configured = await self._backend.provisioned(exchange, asked["FunctionName"])
        ready = sum(each["RequestedProvisionedConcurrentExecutions"] for each in configured)
        if ready <= int(asked.get("ReservedConcurrentExecutions") or 0):
            return None
        message = (
            "Requested ReservedConcurrentExecutions for function should not be lower than the sum of its "
            f"ProvisionedConcurrentExecutions: {ready}"
        )
        return refusal(exchange, "InvalidParameterValueException", message)

    async def _listed(self, exchange: Exchange) -> Answer:
        configured = await self._backend.provisioned(exchange, exchange.path_parameters["FunctionName"])
        body = json.dumps({"ProvisionedConcurrencyConfigs": configured}).encode()
        return Answer(200, {"Content-Type": "application/json"}, body)


BEHAVIOUR = Registered(lambda layer: ProvisionedLimits(layer.backend), order=14)

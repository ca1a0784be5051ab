"""Weighted aliases, which the emulator keeps, but neither checks nor follows.

An invocation that goes to the second version names that version, and not the alias, in the ARN that
the function sees.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.executions import Executions
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_INVALID = "InvalidParameterValueException"
_LATEST = "$LATEST"


class WeightedAliases(Passing):
    """Checks the weights of aliases and draws the version of every invocation; ``draw`` gives 0 to 1."""

    def __init__(self, backend: Backend, draw: Callable[[], float] = random.random) -> None:
        self._backend = backend
        self._draw = draw
        self._executions = Executions(backend)

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse an alias that AWS would not take; answer an invocation from the version that is drawn."""
        match exchange.name:
            case "lambda:CreateAlias" | "lambda:UpdateAlias":
                return await self._check(exchange)
            case "lambda:Invoke":
                return await self._invoke(exchange)
        return None

    async def _check(self, exchange: Exchange) -> Answer | None:
        asked = exchange.parameters()
        name, weights = asked["FunctionName"], _weights(asked)
        if await self._backend.function(exchange, name) is None:
            return None
        # An update may leave out the one and change the other.
        has = await self._backend.alias(exchange, name, asked["Name"]) or {}
        version = str(asked.get("FunctionVersion") or has.get("FunctionVersion") or _LATEST)
        if "RoutingConfig" not in asked:
            weights = _weights(has)
        configurations: list[Mapping[str, Any]] = []
        for each in dict.fromkeys((version, *weights)):
            found = await self._backend.function(exchange, name, "" if each == _LATEST else each)
            if found is None:
                return refusal(exchange, "ResourceNotFoundException", f"Function not found: {name}:{each}", 404)
            configurations.append(found["Configuration"])
        return _invalid(exchange, version, weights) or _unlike(exchange, configurations)

    async def _invoke(self, exchange: Exchange) -> Answer | None:
        name, qualifier = invoked(exchange.path_parameters["FunctionName"], exchange.query)
        weights: dict[str, float] = {}
        if qualifier and qualifier != _LATEST and not qualifier.isdigit():
            weights = _weights(await self._backend.alias(exchange, name, qualifier) or {})
        path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
        version = chosen(weights, self._draw())

        async def answer() -> Answer:
            if version is None:
                return await self._backend.forward(exchange)
            return await self._backend.redirected(exchange, path, urlencode({"Qualifier": version}))

        return await self._executions.measured(exchange, name, qualifier, answer, weighted=bool(weights))


def chosen(weights: Mapping[str, float], draw: float) -> str | None:
    """The additional version that a draw from 0 to 1, less than 1, falls to; None where it is the alias's own."""
    reached = 0.0
    for version, weight in weights.items():
        reached += weight
        if draw < reached:
            return version
    return None


def invoked(function: str, query: str) -> tuple[str, str]:
    """The function and the qualifier that an invocation names: by parameter, ``name:alias`` or ARN."""
    qualifier = dict(parse_qsl(query)).get("Qualifier", "")
    name, _, own = (function.partition(":function:")[2] or function).partition(":")
    return name, qualifier or own


def _weights(alias: Mapping[str, Any]) -> dict[str, float]:
    weights: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return dict(weights)


def _invalid(exchange: Exchange, version: str, weights: Mapping[str, float]) -> Answer | None:
    for other, weight in weights.items():
        if not 0.0 <= weight <= 1.0:
            message = (
                f"1 validation error detected: Value '{{{other}={weight}}}' at "
                "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy "
                "constraint: [Member must have value less than or equal to 1.0, Member must have value greater "
                "than or equal to 0.0]"
            )
            return refusal(exchange, "ValidationException", message)
    if len(weights) > 1:
        return refusal(exchange, _INVALID, "Number of items in AdditionalVersionWeights cannot be greater than 1")
    if weights and _LATEST in (version, *weights):
        return refusal(exchange, _INVALID, f"{_LATEST} is not supported for an alias pointing to more than 1 version")
    if version in weights:
        message = f"Invalid function version {version}. Function version {version} is already included in routing"
        return refusal(exchange, _INVALID, f"{message} configuration.")
    return None


def _unlike(exchange: Exchange, configurations: Sequence[Mapping[str, Any]]) -> Answer | None:
    """Both versions need the same execution role, and the same dead-letter queue or none."""
    roles = {each.get("Role") for each in configurations}
    queues = {(each.get("DeadLetterConfig") or {}).get("TargetArn") or None for each in configurations}
    for what, values in (("execution role", roles), ("dead-letter queue configuration", queues)):
        if len(values) > 1:
            message = f"The versions of an alias with additional version weights must have the same {what}."
            return refusal(exchange, _INVALID, message)
    return None


BEHAVIOUR = Registered(lambda layer: WeightedAliases(layer.backend), order=20)

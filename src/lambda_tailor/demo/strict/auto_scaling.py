"""Application Auto Scaling for provisioned concurrency, which the emulator has not: kept and answered here.

Nothing is scaled: what is registered and scheduled is remembered, refused where AWS refuses it, and told.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_DIMENSION = "lambda:function:ProvisionedConcurrency"
_SCHEDULE = re.compile(r"cron\([^)]+\)|rate\(\d+ \w+\)|at\([^)]+\)")
_Where = tuple[str, str, str]


class AutoScaling(Passing):
    """Scalable targets by account, region and resource, and the scheduled actions and policies of each by name."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._targets: dict[_Where, dict[str, Any]] = {}
        self._actions: dict[_Where, dict[str, dict[str, Any]]] = {}
        self._policies: dict[_Where, dict[str, dict[str, Any]]] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Answer instead of the emulator."""
        if exchange.service != "application-autoscaling":
            return None
        asked = exchange.parameters()
        where = (exchange.account, exchange.region, str(asked.get("ResourceId")))
        match exchange.operation:
            case "DescribeScalableTargets":
                wanted = asked.get("ResourceIds") or ()
                found = [
                    t
                    for (a, r, i), t in self._targets.items()
                    if self._here(exchange, a, r) and (not wanted or i in wanted)
                ]
                return _answer({"ScalableTargets": found})
            case "RegisterScalableTarget":
                return await self._register(exchange, where, asked)
            case "DescribeScheduledActions":
                found = self._kept(exchange, self._actions, asked, "ScheduledActionNames")
                return _answer({"ScheduledActions": found})
            case "DescribeScalingPolicies":
                return _answer({"ScalingPolicies": self._kept(exchange, self._policies, asked, "PolicyNames")})
        return self._of_a_target(exchange, where, asked)

    def _kept(
        self, exchange: Exchange, kept: dict[_Where, dict[str, dict[str, Any]]], asked: dict[str, Any], names: str
    ) -> list[dict[str, Any]]:
        """What is remembered of the targets that are asked for, or of all."""
        wanted, resource = asked.get(names) or (), asked.get("ResourceId")
        return [
            each
            for (a, r, i), by_name in kept.items()
            if self._here(exchange, a, r) and resource in (None, i)
            for name, each in by_name.items()
            if not wanted or name in wanted
        ]

    def _here(self, exchange: Exchange, account: str, region: str) -> bool:
        return (account, region) == (exchange.account, exchange.region)

    async def _register(self, exchange: Exchange, where: _Where, asked: dict[str, Any]) -> Answer:
        _, _, resource = where
        _, function, qualifier = (*resource.split(":"), "", "")[:3]
        if not qualifier or qualifier == "$LATEST" or await self._backend.function(exchange, function) is None:
            message = f"Unsupported service namespace, resource type or scalable dimension: {resource}"
            return refusal(exchange, "ValidationException", message)
        # What is not given stays as it was registered.
        asked = {**self._targets.get(where, {}), **asked}
        low, high = asked.get("MinCapacity"), asked.get("MaxCapacity")
        if low is None or high is None or low > high:
            return refusal(exchange, "ValidationException", "Maximum capacity cannot be less than minimum capacity")
        made = {"CreationTime": time.time(), "RoleARN": "", "SuspendedState": {}}
        self._targets[where] = {**made, **asked, "ScalableDimension": _DIMENSION}
        return _answer({})

    def _of_a_target(self, exchange: Exchange, where: _Where, asked: dict[str, Any]) -> Answer | None:
        name = asked.get("ScheduledActionName")
        if where not in self._targets:
            message = f"No scalable target registered for service namespace: lambda, resource ID: {where[2]}"
            return refusal(exchange, "ObjectNotFoundException", message)
        actions = self._actions.setdefault(where, {})
        match exchange.operation:
            case "DeregisterScalableTarget":
                del self._targets[where]
                self._actions.pop(where, None)
                self._policies.pop(where, None)
                return _answer({})
            case "PutScalingPolicy":
                made = {"CreationTime": time.time(), "PolicyARN": f"policy/{asked['PolicyName']}"}
                self._policies.setdefault(where, {})[str(asked["PolicyName"])] = {**asked, **made}
                return _answer({"PolicyARN": made["PolicyARN"]})
            case "PutScheduledAction":
                if not _SCHEDULE.fullmatch(str(asked.get("Schedule"))):
                    return refusal(exchange, "ValidationException", "Invalid schedule expression")
                actions[str(name)] = {**asked, "CreationTime": time.time(), "ScheduledActionARN": ""}
                return _answer({})
            case "DeleteScheduledAction":
                if actions.pop(str(name), None) is None:
                    return refusal(exchange, "ObjectNotFoundException", f"No scheduled action found: {name}")
                return _answer({})
        return None


def _answer(said: dict[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said).encode())


BEHAVIOUR = Registered(lambda layer: AutoScaling(layer.backend), order=80)

"""What the Lambda service refuses and the emulator does not, in AWS's words.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document

ALWAYS_UNRESERVED = 100
_DELIVERED_BY = {
    "sqs": ("sqs:SendMessage", ""), "sns": ("sns:Publish", ""), "events": ("events:PutEvents", ""),
    "s3": ("s3:PutObject", "/*"), "lambda": ("lambda:InvokeFunction", ""),
}  # fmt: skip
_INVALID = "InvalidParameterValueException"
_NOT_LISTED = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)


class LambdaLimits(Passing):
    """Bounds, conflicts and permissions of function configuration and concurrency.

    ``account_limits`` gives an account another concurrency limit than the emulator's; a new
    account's is 10. ``states`` shows a function, by account and name, in a state that the emulator
    never reaches. ``iam_delays_s`` is how long a policy that was just put on a role is not known yet, by account:
    IAM is eventually consistent.
    """

    def __init__(
        self,
        backend: Backend,
        account_limits: dict[str, int],
        states: dict[tuple[str, str], str],
        iam_delays_s: dict[str, float] | None = None,
    ) -> None:
        self._backend = backend
        self._limits = account_limits
        self._states = states
        self._iam_delays_s = iam_delays_s if iam_delays_s is not None else {}
        self._policies_put_at: dict[tuple[str, str], float] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse what AWS refuses."""
        match exchange.name:
            case "lambda:UpdateFunctionConfiguration":
                return await self._update(exchange) or await self._in_progress(exchange)
            case "lambda:UpdateFunctionCode":
                return await self._in_progress(exchange)
            case "lambda:CreateFunction":
                return _out_of_bounds(exchange, exchange.parameters())
            case "lambda:PutFunctionConcurrency":
                return await self._reserve(exchange)
            case "lambda:PutFunctionEventInvokeConfig" | "lambda:UpdateFunctionEventInvokeConfig":
                return await self._destined(exchange)
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Leave out what AWS leaves out."""
        if exchange.name == "iam:PutRolePolicy" and answer.status == 200:
            self._policies_put_at[exchange.account, exchange.parameters().get("RoleName", "")] = time.monotonic()
        if exchange.name == "lambda:ListFunctions" and answer.status == 200:
            listed = document(exchange, answer)
            if "MasterRegion" in parse_qs(exchange.query):
                # Only functions of Lambda@Edge are listed by master, and the emulator has none of its own.
                listed["Functions"] = [each for each in listed.get("Functions") or () if each.get("MasterArn")]
                listed.pop("NextMarker", None)
            if "ALL" in parse_qs(exchange.query).get("FunctionVersion", ()):
                for function in tuple(listed.get("Functions") or ()):
                    listed["Functions"] += await self._backend.versions(exchange, function["FunctionName"])
            for function in listed.get("Functions") or ():
                for name in _NOT_LISTED:
                    function.pop(name, None)
                _without_empty(function)
            return with_document(exchange, answer, listed)
        if exchange.name == "lambda:GetFunction" and answer.status == 200:
            found = document(exchange, answer)
            _without_empty(found["Configuration"])
            state = self._states.get((exchange.account, found["Configuration"]["FunctionName"]))
            if state is not None:
                found["Configuration"] |= {"State": state, "StateReason": "so set"}
            return with_document(exchange, answer, found)
        if exchange.name == "lambda:GetAccountSettings" and exchange.account in self._limits and answer.status == 200:
            settings = document(exchange, answer)
            limits = settings["AccountLimit"]
            reserved = limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"]
            limits["ConcurrentExecutions"] = self._limits[exchange.account]
            limits["UnreservedConcurrentExecutions"] = self._limits[exchange.account] - reserved
            return with_document(exchange, answer, settings)
        return answer

    async def _in_progress(self, exchange: Exchange) -> Answer | None:
        function = await self._backend.function(exchange, exchange.path_parameters["FunctionName"])
        configuration = (function or {}).get("Configuration", {})
        if configuration.get("LastUpdateStatus") == "InProgress" or configuration.get("State") == "Pending":
            arn = configuration.get("FunctionArn")
            message = f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            return refusal(exchange, "ResourceConflictException", message, 409)
        return None

    async def _update(self, exchange: Exchange) -> Answer | None:
        asked = exchange.parameters()
        refused = _out_of_bounds(exchange, asked)
        if refused is not None:
            return refused
        target = (asked.get("DeadLetterConfig") or {}).get("TargetArn")
        if not target:
            return None
        if ":sqs:" in target and target.endswith(".fifo"):
            # As for destinations (aws/aws-cdk #13793); of dead-letter queues no page says the words.
            message = f"The destination ARN {target} is invalid: FIFO queues are not supported."
            return refusal(exchange, _INVALID, message)
        function = await self._backend.function(exchange, exchange.path_parameters["FunctionName"])
        role = asked.get("Role") or (function or {}).get("Configuration", {}).get("Role", "")
        service = "SNS" if ":sns:" in target else "SQS"
        action = "Publish" if service == "SNS" else "SendMessage"
        if function is not None and not await self._may(exchange, role, f"{service.lower()}:{action}", target):
            message = f"The provided execution role does not have permissions to call {action} on {service}"
            return refusal(exchange, _INVALID, message)
        return None

    async def _may(self, exchange: Exchange, role: str, action: str, target: str) -> bool:
        """Whether IAM allows it, as far as it tells yet."""
        put_at = self._policies_put_at.get((exchange.account, role.rpartition("/")[2]), -math.inf)
        unknown = time.monotonic() - put_at < self._iam_delays_s.get(exchange.account, 0.0)
        return not unknown and await self._backend.may(exchange, role, action, target)

    async def _destined(self, exchange: Exchange) -> Answer | None:
        """Destinations that the function's role may not send to.

        https://github.com/aws-amplify/amplify-cli/issues/10395
        """
        function = await self._backend.function(exchange, exchange.path_parameters["FunctionName"])
        role = (function or {}).get("Configuration", {}).get("Role", "")
        destinations = (exchange.parameters().get("DestinationConfig") or {}).values()
        for target in [to["Destination"] for to in destinations if to and to.get("Destination")]:
            action, tail = _DELIVERED_BY.get(target.split(":")[2], ("", ""))
            if function is not None and action and not await self._may(exchange, role, action, f"{target}{tail}"):
                called = action.partition(":")[2]
                message = f"The function's execution role does not have permissions to call {called} on {target}"
                return refusal(exchange, _INVALID, message)
        return None

    async def _reserve(self, exchange: Exchange) -> Answer | None:
        wanted = exchange.parameters().get("ReservedConcurrentExecutions")
        limits = (await self._backend.account_settings(exchange))["AccountLimit"]
        function = await self._backend.function(exchange, exchange.path_parameters["FunctionName"])
        if function is None or not isinstance(wanted, int):
            return None
        limit = self._limits.get(exchange.account, limits["ConcurrentExecutions"])
        reserved = limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"]
        own = (function.get("Concurrency") or {}).get("ReservedConcurrentExecutions", 0)
        if limit - reserved + own - wanted < ALWAYS_UNRESERVED and wanted > own:
            message = (
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{min(ALWAYS_UNRESERVED, limit)}]."
            )
            return refusal(exchange, _INVALID, message)
        return None


def _without_empty(configuration: dict[str, Any]) -> None:
    """A dead-letter target that was taken away is not shown as an empty one."""
    if not (configuration.get("DeadLetterConfig") or {}).get("TargetArn"):
        configuration.pop("DeadLetterConfig", None)


def _out_of_bounds(exchange: Exchange, asked: Mapping[str, Any]) -> Answer | None:
    for name, low, high in (("Timeout", 1, 900), ("MemorySize", 128, 10240)):
        value = asked.get(name)
        if isinstance(value, int) and not low <= value <= high:
            field = f"{name[0].lower()}{name[1:]}"
            side, end = ("less", high) if value > high else ("greater", low)
            bound = f"Member must have value {side} than or equal to {end}"
            message = f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {bound}"
            return refusal(exchange, _INVALID, message)
    return None


BEHAVIOUR = Registered(
    lambda layer: LambdaLimits(layer.backend, layer.account_limits, layer.states, layer.iam_delays_s), order=10
)

"""Calls that are made to fail: which, the how-manieth time, before or after the backend has done it, and how."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from lambda_tailor.aws.gateway import writes
from lambda_tailor.demo.strict.quotas import throttled
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

Kind = Literal["throttle", "500", "reset", "timeout", "expired-token", "access-denied", "race", "echo", "hang"]


class Reset(Exception):
    """The connection is to be cut."""


@dataclass(slots=True)
class Fault:
    """``operation`` is ``service:Operation``, or ``*`` for any; from its ``nth`` call on, ``times`` calls fail.

    ``action``: the IAM action that is denied, where it is not the operation's own, such as iam:PassRole.
    """

    operation: str = "*"
    nth: int = 1
    times: int = 1
    when: Literal["before", "after"] = "before"
    kind: Kind = "500"
    only_writes: bool = False
    account: str | None = None
    action: str | None = None
    seen: int = 0

    def strikes(self, exchange: Exchange) -> bool:
        """Count the call, and tell whether it is to fail."""
        if self.account not in (None, exchange.account):
            return False
        if self.operation not in ("*", exchange.name) or (self.only_writes and not writes(exchange.operation)):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


class Faults:
    """The faults that are set. A ``hang`` holds its call until it is released or its client is gone."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.held: list[str] = []
        # The calls that a fault has struck, in order.
        self.struck: list[str] = []
        self._released = asyncio.Event()

    def clear(self) -> None:
        """Forget every fault and let held calls go."""
        self.faults.clear()
        self.held.clear()
        self._released.set()
        self._released = asyncio.Event()

    def striking(self, exchange: Exchange) -> Fault | None:
        """The fault that this call is to meet; every fault counts the call."""
        struck = [fault for fault in list(self.faults) if fault.strikes(exchange)]
        if not struck:
            return None
        self.struck.append(exchange.name)
        return struck[0]

    async def strike(self, fault: Fault, exchange: Exchange) -> Answer | None:
        """Let the call fail; None where it was held and released."""
        match fault.kind:
            case "throttle":
                return throttled(exchange)
            case "500":
                return refusal(exchange, "InternalFailure", "An internal error occurred.", 500)
            case "expired-token":
                return refusal(
                    exchange, "ExpiredTokenException", "The security token included in the request is expired", 403
                )
            case "access-denied":
                action = fault.action or exchange.name
                message = f"User: arn:aws:iam::{exchange.account}:user/test is not authorized to perform: {action}"
                return refusal(exchange, "AccessDeniedException", message, 403)
            case "race":
                # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
                message = "A conflicting operation is currently in progress against this resource."
                return refusal(exchange, "OperationAbortedException", message)
            case "echo":
                # AWS repeats what it does not like: in a validation error, any value of the request.
                sent = exchange.body.decode("utf-8", "replace")
                message = f"1 validation error detected: Value '{sent}' failed to satisfy constraint"
                return refusal(exchange, "ValidationException", message, 400)
            case "reset":
                raise Reset
            case "timeout" | "hang":
                self.held.append(exchange.name)
                await self._released.wait()
                return None

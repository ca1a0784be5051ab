"""Log groups described by their identifiers, which the emulator ignores: names or ARNs, fifty at most.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

from __future__ import annotations

import json
from os.path import commonprefix
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_TARGET = "Logs_20140328.DescribeLogGroups"
_MOST = 50


class LogGroupIdentifiers(Passing):
    """Answers for the groups that are named; a name that no group has is left out."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """The groups named, or None where the request names none."""
        if exchange.name != "logs:DescribeLogGroups":
            return None
        asked = exchange.parameters()
        identifiers = asked.get("logGroupIdentifiers")
        if not identifiers:
            return None
        if len(identifiers) > _MOST or asked.get("logGroupNamePrefix") or asked.get("logGroupNamePattern"):
            message = "logGroupIdentifiers takes at most 50 items, and no other filter."
            return refusal(exchange, "InvalidParameterException", message)
        names = [str(each).rpartition(":log-group:")[2].removesuffix(":*") for each in identifiers]
        groups = await self._groups(exchange, commonprefix(names))  # noqa: RUF071 - names, not paths
        found = [groups[name] for name in names if name in groups]
        body = json.dumps({"logGroups": found}).encode()
        return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, body)

    async def _groups(self, exchange: Exchange, prefix: str) -> dict[str, Any]:
        """Every group whose name begins so: a listing costs the emulator less than a request for each name."""
        asked: dict[str, Any] = {"logGroupNamePrefix": prefix, "limit": _MOST} if prefix else {"limit": _MOST}
        found: dict[str, Any] = {}
        while True:
            answer = await self._backend.json(exchange, "logs", _TARGET, asked)
            found |= {group["logGroupName"]: group for group in answer.get("logGroups") or ()}
            if not answer.get("nextToken"):
                return found
            asked["nextToken"] = answer["nextToken"]


BEHAVIOUR = Registered(lambda layer: LogGroupIdentifiers(layer.backend), order=60)

"""Log groups among tagged resources, which the emulator leaves out.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, with_document

_TYPE = "logs:log-group"


class TaggedLogGroups(Passing):
    """Adds the log groups that a GetResources asks for to the answer's last page."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """The emulator's resources, and the log groups."""
        if exchange.name != "tagging:GetResources" or answer.status != 200:
            return answer
        asked, found = exchange.parameters(), document(exchange, answer)
        if found.get("PaginationToken") or _TYPE not in (asked.get("ResourceTypeFilters") or [_TYPE]):
            return answer
        listed = await self._backend.json(exchange, "logs", "Logs_20140328.DescribeLogGroups", {})
        for group in listed.get("logGroups") or ():
            arn = group["arn"].removesuffix(":*")
            named = {"logGroupName": group["logGroupName"]}
            tags = (await self._backend.json(exchange, "logs", "Logs_20140328.ListTagsLogGroup", named)).get("tags")
            if tags and _wanted(tags, asked.get("TagFilters") or ()):
                found.setdefault("ResourceTagMappingList", []).append(
                    {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
                )
        return with_document(exchange, answer, found)


def _wanted(tags: Mapping[str, str], filters: Iterable[Mapping[str, Any]]) -> bool:
    return all(f["Key"] in tags and (not f.get("Values") or tags[f["Key"]] in f["Values"]) for f in filters)


BEHAVIOUR = Registered(lambda layer: TaggedLogGroups(layer.backend), order=24)

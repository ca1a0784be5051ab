"""Queues by name, or listed by page."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.aws.lookups.kind import MANY, LookupKind, Resources, answer_or_none, common_prefix, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import QUEUE, Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import queue
from lambda_tailor.settings.setting import Call


def _queues(opened: OpenScope, names: Sequence[str]) -> Resources:
    if len(names) < MANY:
        return {name: _queue(opened, name) for name in names}
    asked = {"MaxResults": 1000, **({"QueueNamePrefix": prefix} if (prefix := common_prefix(names)) else {})}
    pages = opened.gateway.pages(Call("sqs", "ListQueues", asked), "NextToken")
    there = {url.rpartition("/")[2] for page in pages for url in page.get("QueueUrls") or ()}
    return {name: _queue(opened, name) if name in there else Missing() for name in names}


def _queue(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = answer_or_none(opened, queue.read(address), *queue.SETTING.absent_codes)
    return Missing() if answer is None else Found(queue.observe(address, answer))


KINDS = (
    LookupKind(
        kind="queue",
        read=together(_queues),
        costs="page",
        actions=(Action("sqs:GetQueueAttributes", QUEUE),),
        listing=(Action("sqs:ListQueues"),),
    ),
)

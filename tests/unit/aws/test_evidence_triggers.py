"""What invokes functions, as far as it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_tailor.errors import AccessDenied
from lambda_tailor.model.evidence import Absent, Trigger
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT, a_function
from tests.unit.aws.answering import ALL, Answering, Replies, fleet, read


def mapping(function: str, source: str) -> dict[str, str]:
    return {"FunctionArn": a_function(function).arn, "EventSourceArn": source}


QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"


STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks"


def triggers(replies: Replies, *, deep: bool = False) -> tuple[Trigger, ...] | Absent:
    mappings = {"EventSourceMappings": [mapping("f0000", QUEUE), mapping("f0000", STREAM), mapping("other", QUEUE)]}
    known: Replies = {
        "ListEventSourceMappings": lambda _: mappings,
        "GetQueueAttributes": lambda _: {"Attributes": {"VisibilityTimeout": "30"}},
        **replies,
    }
    gathered = read(Answering(known), fleet(1), readings=ALL, deep=deep)
    return gathered.evidence[fleet(1)[0].arn].triggers


def test_event_source_mappings_tell_queues_from_streams() -> None:
    assert triggers({}) == (Trigger("queue", QUEUE, visibility_timeout_s=30), Trigger("stream", STREAM))


def test_policies_and_urls_are_only_read_when_asked() -> None:
    services = ["apigateway.amazonaws.com", "s3.amazonaws.com"]
    statements = [{"Effect": "Allow", "Principal": {"Service": service}} for service in services]
    url = "https://abc.lambda-url.us-east-1.on.aws/"
    replies: Replies = {
        "GetPolicy": lambda _: {"Policy": json.dumps({"Statement": statements})},
        "ListFunctionUrlConfigs": lambda _: {"FunctionUrlConfigs": [{"FunctionUrl": url}]},
    }
    assert triggers(replies, deep=True) == (
        Trigger("queue", QUEUE, visibility_timeout_s=30),
        Trigger("stream", STREAM),
        Trigger("request-response", url),
        Trigger("request-response", "apigateway.amazonaws.com", limit_s=29.0, limit_assumed=True),
        Trigger("asynchronous", "s3.amazonaws.com"),
    )
    shallow = triggers(replies)
    assert isinstance(shallow, tuple)
    assert len(shallow) == 2


def test_triggers_that_may_not_be_read_are_absent() -> None:
    def refuse(_: Mapping[str, Any]) -> Answer:
        raise AccessDenied("no", action="lambda:ListEventSourceMappings")

    assert triggers({"ListEventSourceMappings": refuse}) == Absent("no")

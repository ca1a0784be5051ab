"""What invokes functions, as far as it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.evidence import Absent, Trigger
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT, a_function
from tests.unit.aws.answering import ALL, VALUES, Answering, Replies, fleet, metric_data, read


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


def gateway_policy(*apis: str, service: str = "apigateway.amazonaws.com") -> Answer:
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Condition": {"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api}/*/GET/x"}},
        }
        for api in apis
    ]
    return {"Policy": json.dumps({"Statement": statements})}


def invocations(function: str) -> str:
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{a_function(function).arn}/invocations"


def rest(*integrations: tuple[str, int]) -> Callable[[Mapping[str, Any]], Answer]:
    """GetResources of a REST API with a method for each integration: its URI and its timeout in ms."""

    def answer(asked: Mapping[str, Any]) -> Answer:
        assert (asked["embed"], asked["limit"]) == (["methods"], 500)
        methods = {
            f"M{n}": {"methodIntegration": {"uri": uri, "timeoutInMillis": ms}}
            for n, (uri, ms) in enumerate(integrations)
        }
        return {"items": [{"id": "root"}, {"id": "x", "resourceMethods": methods}]}

    return answer


def no_http_api(_: Mapping[str, Any]) -> Answer:
    raise AwsRefused("no such API", code="NotFoundException")


def called(replies: Replies) -> list[tuple[float | None, bool]]:
    """How long API Gateway waits for the function, and whether that is assumed."""
    found = triggers({"ListFunctionUrlConfigs": lambda _: {"FunctionUrlConfigs": []}, **replies}, deep=True)
    assert not isinstance(found, Absent)
    return [(t.limit_s, t.limit_assumed) for t in found if t.kind == "request-response"]


def test_how_long_a_rest_api_waits_is_read_of_the_functions_own_integrations() -> None:
    replies: Replies = {
        "GetPolicy": lambda _: gateway_policy("a1b2c3"),
        "GetIntegrations": no_http_api,
        "GetResources": rest(
            (invocations("f0000"), 60_000), (invocations("f0000"), 10_000), (invocations("f9"), 29_000)
        ),
    }
    assert called(replies) == [(10.0, False), (60.0, False)]


def test_how_long_an_http_api_waits_is_read_too() -> None:
    integrations = [
        {"IntegrationUri": a_function("f0000").arn, "TimeoutInMillis": 5_000},
        {"IntegrationUri": "https://example.com", "TimeoutInMillis": 30_000},
    ]
    replies: Replies = {
        "GetPolicy": lambda _: gateway_policy("h1", "h1"),
        "GetIntegrations": lambda _: {"Items": integrations},
    }
    assert called(replies) == [(5.0, False)]


def test_a_function_that_is_named_by_a_stage_variable_may_be_any() -> None:
    uri = invocations("f0000").replace("f0000", "${stageVariables.function}")
    replies: Replies = {
        "GetPolicy": lambda _: gateway_policy("a"), "GetIntegrations": no_http_api, "GetResources": rest((uri, 45_000)),
    }  # fmt: skip
    assert called(replies) == [(45.0, False)]


def test_what_is_not_read_of_api_gateway_is_assumed() -> None:
    denied: Replies = {"GetPolicy": lambda _: gateway_policy("a")}
    assert called(denied) == [(29.0, True)]
    unbound = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}
    any_api: Replies = {"GetPolicy": lambda _: {"Policy": json.dumps({"Statement": [unbound]})}}
    assert called(any_api) == [(29.0, True)]
    elsewhere: Replies = {
        "GetPolicy": lambda _: gateway_policy("a"), "GetIntegrations": no_http_api,
        "GetResources": rest((invocations("f9"), 10_000)),
    }  # fmt: skip
    assert called(elsewhere) == [(29.0, True)]


def test_an_api_of_many_functions_is_read_once_and_only_when_asked() -> None:
    replies: Replies = {
        "ListEventSourceMappings": lambda _: {"EventSourceMappings": []},
        "ListFunctionUrlConfigs": lambda _: {"FunctionUrlConfigs": []},
        "GetPolicy": lambda _: gateway_policy("a"),
        "GetIntegrations": no_http_api,
        "GetResources": rest(*((invocations(f.name), 20_000) for f in fleet(5))),
    }
    for deep in (False, True):
        gateway = Answering({"GetMetricData": metric_data(VALUES), **replies})
        gathered = read(gateway, fleet(5), readings=frozenset({"triggers"}), deep=deep)
        assert (gateway.calls["apigateway:GetResources"], gateway.calls["apigatewayv2:GetIntegrations"]) == (deep, deep)
        seen = [evidence.triggers for evidence in gathered.evidence.values()]
        expected = (Trigger("request-response", "apigateway.amazonaws.com a", limit_s=20.0),) if deep else ()
        assert seen == [expected] * 5


@pytest.mark.parametrize(
    ("service", "limit_s"),
    [
        ("connect.amazonaws.com", 8.0), ("alexa-appkit.amazon.com", 8.0), ("alexa-connectedhome.amazon.com", 8.0),
        ("cognito-idp.amazonaws.com", 5.0), ("states.amazonaws.com", None), ("firehose.amazonaws.com", 300.0),
    ],
)  # fmt: skip
def test_callers_that_wait_are_not_asynchronous(service: str, limit_s: float | None) -> None:
    found = triggers(
        {
            "GetPolicy": lambda _: gateway_policy("a", service=service),
            "ListFunctionUrlConfigs": lambda _: {"FunctionUrlConfigs": []},
            "ListEventSourceMappings": lambda _: {"EventSourceMappings": []},
        },
        deep=True,
    )
    assert found == (Trigger("request-response", service, limit_s=limit_s),)


def test_a_disabled_event_source_is_no_trigger() -> None:
    for state, seen in (("Enabled", 1), ("Disabled", 0), ("Disabling", 0)):
        mappings = {"EventSourceMappings": [{**mapping("f0000", QUEUE), "State": state}]}
        found = triggers({"ListEventSourceMappings": lambda _, told=mappings: told})  # type: ignore[misc]
        assert isinstance(found, tuple) and len(found) == seen

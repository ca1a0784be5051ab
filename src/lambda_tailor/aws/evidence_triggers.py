"""What invokes functions: event source mappings, and, where asked, function URLs and resource policies.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from lambda_tailor.arns import part
from lambda_tailor.aws import api_gateway
from lambda_tailor.aws.api_gateway import Integrations
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import ANY_QUEUE_OF_ANYBODY, FUNCTION, Action
from lambda_tailor.model.evidence import Absent, EventSource, Trigger
from lambda_tailor.model.function import Function
from lambda_tailor.settings import queue
from lambda_tailor.settings.setting import Call

READ_ACTIONS = (Action("lambda:ListEventSourceMappings"), Action("sqs:GetQueueAttributes", ANY_QUEUE_OF_ANYBODY))
DEEP_READ_ACTIONS = (
    Action("lambda:GetPolicy", FUNCTION),
    Action("lambda:ListFunctionUrlConfigs", FUNCTION),
    *api_gateway.READ_ACTIONS,
)
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
# The default, where an API's own is not read. Since 2024-06 it can be raised for regional and private REST APIs.
# https://aws.amazon.com/about-aws/whats-new/2024/06/amazon-api-gateway-integration-timeout-limit-29-seconds/
API_GATEWAY_S = 29.0
# Services that wait for the answer; every other one that has a permission hands events over and goes on.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
_WAITING: Mapping[str, float | None] = {
    "alexa-appkit.amazon.com": 8.0,
    "alexa-connectedhome.amazon.com": 8.0,
    "apigateway.amazonaws.com": API_GATEWAY_S,
    "appsync.amazonaws.com": 30.0,
    # https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html gives no limit of its own.
    "bedrock.amazonaws.com": None,
    "cloudfront.amazonaws.com": None,
    "cognito-idp.amazonaws.com": 5.0,
    # https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
    "connect.amazonaws.com": 8.0,
    "edgelambda.amazonaws.com": 30.0,
    "elasticloadbalancing.amazonaws.com": None,
    "firehose.amazonaws.com": 300.0,
    "lex.amazonaws.com": 30.0,
    "lexv2.amazonaws.com": 30.0,
    "s3-object-lambda.amazonaws.com": 60.0,
    "secretsmanager.amazonaws.com": None,
    "states.amazonaws.com": None,
    "transfer.amazonaws.com": None,
    "vpc-lattice.amazonaws.com": None,
}
_QUEUES = ("sqs", "mq")

Triggers = Mapping[str, "tuple[Trigger, ...] | Absent"]
Sources = Mapping[str, "tuple[EventSource, ...] | Absent"]


def read_sources(opened: OpenScope, functions: Sequence[Function], *, queues: bool) -> Sources:
    """Event source mappings by function ARN, by page for the whole region; with what their queues hide, or without."""
    try:
        mappings = list(_mappings(opened.gateway, functions))
    except (AccessDenied, AwsRefused) as error:
        because = Absent(str(error))
        return {function.arn: because for function in functions}
    visibility = _visibility(
        opened, {m["EventSourceArn"] for m in mappings if _service(m) == "sqs"} if queues else set()
    )
    by_function: dict[str, list[EventSource]] = {function.arn: [] for function in functions}
    for mapping in mappings:
        sources = by_function.get(":".join(mapping["FunctionArn"].split(":")[:7]))
        if sources is not None:
            sources.append(_source(mapping, visibility))
    return {arn: tuple(sources) for arn, sources in by_function.items()}


def read_triggers(opened: OpenScope, functions: Sequence[Function], sources: Sources, *, deep: bool) -> Triggers:
    """Triggers by function ARN: its enabled event sources, and, only when ``deep``, what else may invoke it."""
    polled = {arn: known if isinstance(known, Absent) else _polled(known) for arn, known in sources.items()}
    if not deep:
        return polled
    with ThreadPoolExecutor(max_workers=8) as threads:
        reached = list(threads.map(lambda function: _deep(opened.gateway, function), functions))
    apis = {api for found in reached if isinstance(found, _Reached) for api in found.apis}
    known = api_gateway.read_integrations(opened.gateway, sorted(apis))
    more = [_reached_by(f, found, known) for f, found in zip(functions, reached, strict=True)]
    return {f.arn: _together(polled[f.arn], found) for f, found in zip(functions, more, strict=True)}


def _together(polled: tuple[Trigger, ...] | Absent, more: tuple[Trigger, ...] | Absent) -> tuple[Trigger, ...] | Absent:
    if isinstance(polled, Absent):
        return polled
    return more if isinstance(more, Absent) else (*polled, *more)


def _polled(sources: Sequence[EventSource]) -> tuple[Trigger, ...]:
    """A disabled event source invokes nothing."""
    return tuple(
        Trigger(each.kind, each.source, visibility_timeout_s=each.visibility_timeout_s)
        for each in sources
        if each.enabled
    )


def _mappings(gateway: Gateway, functions: Sequence[Function]) -> Iterator[Mapping[str, Any]]:
    asked = {"FunctionName": functions[0].name} if len(functions) == 1 else {}
    for page in gateway.pages(Call("lambda", "ListEventSourceMappings", asked), "Marker", "NextMarker"):
        yield from (m for m in page.get("EventSourceMappings") or () if m.get("FunctionArn"))


def _service(mapping: Mapping[str, Any]) -> str:
    return part(str(mapping.get("EventSourceArn") or ""), 2)


def _source(mapping: Mapping[str, Any], visibility: Mapping[str, int]) -> EventSource:
    source = str(mapping.get("EventSourceArn") or "self-managed Kafka")
    kind: Literal["queue", "stream"] = "queue" if _service(mapping) in _QUEUES else "stream"
    failed = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    return EventSource(
        uuid=str(mapping.get("UUID") or ""),
        source=source,
        kind=kind,
        qualifier=part(mapping["FunctionArn"], 7),
        enabled=mapping.get("State") not in ("Disabled", "Disabling", "Deleting"),
        batch_size=mapping.get("BatchSize") or (10 if kind == "queue" else 100),
        window_s=mapping.get("MaximumBatchingWindowInSeconds") or 0,
        max_concurrency=(mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        retries=mapping.get("MaximumRetryAttempts"),
        max_age_s=mapping.get("MaximumRecordAgeInSeconds"),
        on_failure=failed,
        bisect=bool(mapping.get("BisectBatchOnFunctionError")),
        partial="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or ()),
        parallelization=mapping.get("ParallelizationFactor") or 1,
        provisioned=bool(mapping.get("ProvisionedPollerConfig")),
        visibility_timeout_s=visibility.get(source),
    )


def _visibility(opened: OpenScope, arns: set[str]) -> Mapping[str, int]:
    """Visibility timeouts in seconds by queue ARN; a queue that may not be read is left out."""

    def read(arn: str) -> int | None:
        account, name = part(arn, 4), part(arn, 5)
        address = OpenScope(opened.gateway, account, opened.partition).address(name)
        try:
            answer = opened.gateway.call(queue.read(address))
        except (AccessDenied, AwsRefused):
            return None
        value = (answer.get("Attributes") or {}).get("VisibilityTimeout")
        return None if value is None else int(value)

    ordered = sorted(arns)
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = list(threads.map(read, ordered))
    return {arn: seconds for arn, seconds in zip(ordered, answers, strict=True) if seconds is not None}


@dataclass(frozen=True, slots=True)
class _Reached:
    """How a function may be reached: its URLs, the services that its policy lets invoke it, and the APIs among them."""

    urls: tuple[str, ...]
    services: frozenset[str]
    apis: frozenset[str]


def _deep(gateway: Gateway, function: Function) -> _Reached | Absent:
    try:
        return _Reached(tuple(_urls(gateway, function)), *_permitted(gateway, function))
    except (AccessDenied, AwsRefused) as error:
        return Absent(str(error))


def _urls(gateway: Gateway, function: Function) -> Iterator[str]:
    asked = Call("lambda", "ListFunctionUrlConfigs", {"FunctionName": function.name})
    for page in gateway.pages(asked, "Marker", "NextMarker"):
        for each in page.get("FunctionUrlConfigs") or ():
            yield str(each["FunctionUrl"])


def _permitted(gateway: Gateway, function: Function) -> tuple[frozenset[str], frozenset[str]]:
    """The services that a function's resource policy lets invoke it, and the APIs that it names."""
    try:
        answer = gateway.call(Call("lambda", "GetPolicy", {"FunctionName": function.name}))
    except AwsRefused as error:
        if error.code == "ResourceNotFoundException":
            return frozenset(), frozenset()
        raise
    services: set[str] = set()
    apis: set[str] = set()
    for statement in json.loads(answer["Policy"]).get("Statement") or ():
        principal = statement.get("Principal")
        named = principal.get("Service") if isinstance(principal, Mapping) else None
        if statement.get("Effect") == "Allow" and named:
            found = [named] if isinstance(named, str) else named
            services.update(found)
            apis |= api_gateway.api_ids(statement) if api_gateway.PRINCIPAL in found else set()
    return frozenset(services), frozenset(apis)


def _reached_by(function: Function, reached: _Reached | Absent, known: Integrations) -> tuple[Trigger, ...] | Absent:
    if isinstance(reached, Absent):
        return reached
    found = [Trigger("request-response", url) for url in reached.urls]
    for service in sorted(reached.services):
        if service == api_gateway.PRINCIPAL:
            found += _from_api_gateway(function, reached, known)
        elif service in _WAITING:
            found.append(Trigger("request-response", service, limit_s=_WAITING[service]))
        else:
            found.append(Trigger("asynchronous", service))
    return tuple(found)


def _from_api_gateway(function: Function, reached: _Reached, known: Integrations) -> Iterator[Trigger]:
    """One for each time that an API waits for this function; the default where nobody could read it."""
    read = False
    for api in sorted(reached.apis):
        for limit_s in sorted({each.limit_s for each in known.get(api, ()) if each.calls(function.arn)}):
            read = True
            yield Trigger("request-response", f"{api_gateway.PRINCIPAL} {api}", limit_s=limit_s)
    if not read or any(api not in known for api in reached.apis):
        yield Trigger("request-response", api_gateway.PRINCIPAL, limit_s=API_GATEWAY_S, limit_assumed=True)

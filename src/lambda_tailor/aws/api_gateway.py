"""How long API Gateway waits for functions: the timeouts of an API's integrations.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lambda_tailor.arns import part
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import Action
from lambda_tailor.settings.setting import Call

PRINCIPAL = "apigateway.amazonaws.com"
READ_ACTIONS = (
    Action("apigateway:GET", "arn:{partition}:apigateway:{region}::/restapis/*/resources"),
    Action("apigateway:GET", "arn:{partition}:apigateway:{region}::/apis/*/integrations"),
)


@dataclass(frozen=True, slots=True)
class Integration:
    """What an API calls, and for how many seconds it waits."""

    uri: str
    limit_s: float

    def calls(self, function_arn: str) -> bool:
        """Whether it is this function, or one that only a stage's variable names."""
        return "${stageVariables." in self.uri or f"{function_arn}/" in f"{self.uri}/" or f"{function_arn}:" in self.uri


Integrations = Mapping[str, Sequence[Integration]]


def api_ids(statement: Mapping[str, Any]) -> set[str]:
    """The APIs that a statement of a function's policy is for, by the ARN of the source; none where it names none."""
    named: set[str] = set()
    for test in (statement.get("Condition") or {}).values():
        for key, value in test.items():
            if key.lower() == "aws:sourcearn":
                named.update(value if isinstance(value, list) else [value])
    ids = {part(arn, 5).partition("/")[0] for arn in named if part(arn, 2) == "execute-api"}
    return {each for each in ids if each and "*" not in each}


def read_integrations(gateway: Gateway, ids: Sequence[str]) -> Integrations:
    """The integrations by API, each API once; an API that may not be read, or is another account's, is left out."""

    def read(api: str) -> list[Integration] | None:
        try:
            return _read(gateway, api)
        except (AccessDenied, AwsRefused):
            return None

    with ThreadPoolExecutor(max_workers=4) as threads:
        answers = list(threads.map(read, ids))
    return {api: found for api, found in zip(ids, answers, strict=True) if found is not None}


def _read(gateway: Gateway, api: str) -> list[Integration]:
    """Whether it is a REST API or an HTTP API is told by who knows it."""
    try:
        return list(_http(gateway, api))
    except AwsRefused as error:
        if error.code not in ("NotFoundException", "BadRequestException"):
            raise
        return list(_rest(gateway, api))


def _http(gateway: Gateway, api: str) -> Iterator[Integration]:
    for page in gateway.pages(Call("apigatewayv2", "GetIntegrations", {"ApiId": api}), "NextToken"):
        for each in page.get("Items") or ():
            if each.get("TimeoutInMillis"):
                yield Integration(str(each.get("IntegrationUri") or ""), each["TimeoutInMillis"] / 1000)


def _rest(gateway: Gateway, api: str) -> Iterator[Integration]:
    """All methods of five hundred resources a call."""
    asked = {"restApiId": api, "limit": 500, "embed": ["methods"]}
    for page in gateway.pages(Call("apigateway", "GetResources", asked), "position"):
        for resource in page.get("items") or ():
            for method in (resource.get("resourceMethods") or {}).values():
                integration = method.get("methodIntegration") or {}
                if integration.get("timeoutInMillis"):
                    yield Integration(str(integration.get("uri") or ""), integration["timeoutInMillis"] / 1000)

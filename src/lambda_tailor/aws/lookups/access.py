"""Who may call a function: its URLs, and the statements of its resource policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_tailor.arns import part
from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings.setting import Call

# Conditions that tie a permission to an account, an organization or the very resource that may use it.
_BINDING = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:principalorgid", "aws:principalaccount", "aws:sourceorgid"}
)


def _urls(opened: OpenScope, name: str) -> Resource:
    asked = Call("lambda", "ListFunctionUrlConfigs", {"FunctionName": name})
    found = [
        {"auth": each.get("AuthType"), "qualifier": part(each["FunctionArn"], 7)}
        for page in opened.gateway.pages(asked, "Marker", "NextMarker")
        for each in page.get("FunctionUrlConfigs") or ()
    ]
    return Found({"urls": [*found]})


def _policy(opened: OpenScope, name: str) -> Resource:
    answer = answer_or_none(opened, Call("lambda", "GetPolicy", {"FunctionName": name}), "ResourceNotFoundException")
    if answer is None:
        return Missing()
    return Found({"statements": [*_statements(json.loads(answer["Policy"]))]})


def _statements(policy: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each statement that allows something: whom, whether a condition binds it, whether it is a URL's."""
    for statement in policy.get("Statement") or ():
        if statement.get("Effect") != "Allow":
            continue
        conditions = {key.lower(): v for test in (statement.get("Condition") or {}).values() for key, v in test.items()}
        yield {
            "sid": str(statement.get("Sid") or ""),
            "principals": sorted(_principals(statement.get("Principal"))),
            "bound": any(_binds(key, value) for key, value in conditions.items()),
            "url": "lambda:functionurlauthtype" in conditions,
        }


def _principals(principal: Any) -> Iterator[str]:
    named = principal.values() if isinstance(principal, Mapping) else [principal]
    for each in named:
        yield from (each if isinstance(each, list) else [str(each)])


def _binds(key: str, value: Any) -> bool:
    """An ARN of S3 has no account in it: https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html."""
    if key == "aws:sourcearn":
        return all(part(str(each), 4) for each in (value if isinstance(value, list) else [value]))
    return key in _BINDING


KINDS = (
    LookupKind(
        kind="function-urls",
        read=one_by_one(_urls),
        costs="function",
        actions=(Action("lambda:ListFunctionUrlConfigs", FUNCTION),),
    ),
    LookupKind(
        kind="function-policy",
        read=one_by_one(_policy),
        costs="function",
        actions=(Action("lambda:GetPolicy", FUNCTION),),
    ),
)

"""Who uses what a run made: a refusal never reads as nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from lambda_tailor.aws.claims import Claims
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings.setting import Call

ARN = "arn:aws:sqs:us-east-1:123456789012:dlq"
QUEUE = Key("queue", "dlq")


class Account:
    """One function in a region; calls named in ``denied`` are refused."""

    region = "us-east-1"

    def __init__(self, *denied: str, target: str | None = None) -> None:
        self.denied, self.asked = set(denied), list[str]()
        self.function = {"FunctionName": "orders", "Role": "r", "DeadLetterConfig": {"TargetArn": target}}

    def call(self, call: Call) -> Any:
        self.asked.append(call.action)
        if call.action in self.denied:
            raise AccessDenied(f"{call.name} is not allowed", action=call.name)
        return {"ListFunctions": {"Functions": [self.function]}, "GetFunction": {"Configuration": self.function}}.get(
            call.action, {}
        )

    def pages(self, call: Call, *_tokens: str) -> Iterator[Any]:
        yield self.call(call)


def claims(account: Account) -> Claims:
    return Claims(OpenScope(cast(Gateway, account), "123456789012", "aws"), clock=lambda: 1.0)


def test_a_queue_that_nobody_uses_may_go() -> None:
    assert claims(Account()).on(QUEUE, {}) is None


@pytest.mark.parametrize("denied", ["ListFunctions", "ListFunctionEventInvokeConfigs"])
def test_after_a_refusal_the_next_queue_is_kept_too(denied: str) -> None:
    account = Account(denied)
    asked = claims(account)
    told = [asked.on(QUEUE, {}) for _ in range(3)]
    assert account.asked.count(denied) == 3
    assert all(each is not None and f"{denied} is not allowed" in each for each in told), told


def test_a_function_that_may_not_be_read_is_as_it_was_listed() -> None:
    account = Account("GetFunction", target=ARN)
    assert claims(account).on(QUEUE, {}) == "orders sends to it: it is kept"
    assert "GetFunction" in account.asked

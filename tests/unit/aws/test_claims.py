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
        self.denied, self.asked, self.answers = set(denied), list[str](), dict[str, Any]()
        self.function = {"FunctionName": "orders", "Role": "r", "DeadLetterConfig": {"TargetArn": target}}

    def call(self, call: Call) -> Any:
        self.asked.append(call.action)
        if call.action in self.denied:
            raise AccessDenied(f"{call.name} is not allowed", action=call.name)
        if call.action in self.answers:
            return self.answers[call.action]
        return {"ListFunctions": {"Functions": [self.function]}, "GetFunction": {"Configuration": self.function}}.get(
            call.action, {}
        )

    def pages(self, call: Call, *_tokens: str) -> Iterator[Any]:
        yield self.call(call)


def test_where_an_event_source_sends_what_failed_is_used() -> None:
    account = Account()
    onward = {"UUID": "u-1", "DestinationConfig": {"OnFailure": {"Destination": ARN}}}
    account.answers["ListEventSourceMappings"] = {"EventSourceMappings": [onward]}
    told = claims(account).on(QUEUE, {})
    assert told is not None and "u-1" in told


@pytest.mark.parametrize(
    "composite",
    [
        {"AlarmRule": "ALARM(slow)"},
        {"AlarmRule": "ALARM( slow ) OR FALSE"},
        {"AlarmRule": "OK('slow') AND ALARM(other)"},
        {"AlarmRule": 'ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow") AND ALARM(other)'},
        {"AlarmRule": "ALARM(other)", "ActionsSuppressor": "slow"},
        {"AlarmRule": "ALARM(other)", "ActionsSuppressor": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"},
    ],
)
def test_an_alarm_that_another_is_made_of_or_silenced_by_is_used(composite: dict[str, str]) -> None:
    account = Account()
    account.answers["DescribeAlarms"] = {"CompositeAlarms": [{"AlarmName": "both", **composite}]}
    told = claims(account).on(Key("alarm", "slow"), {})
    assert told is not None and "both" in told


def test_an_alarm_whose_name_is_a_part_of_anothers_is_not_used() -> None:
    account = Account()
    account.answers["DescribeAlarms"] = {"CompositeAlarms": [{"AlarmName": "both", "AlarmRule": "ALARM(slow-2)"}]}
    assert claims(account).on(Key("alarm", "slow"), {}) is None


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

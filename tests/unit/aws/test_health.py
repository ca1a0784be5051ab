"""What doctor says of AWS: who asks, what may be read, how far the clock is off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from lambda_tailor.aws import health
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied
from lambda_tailor.model.diagnosis import Health
from lambda_tailor.settings.setting import Call
from tests.builders import ACCOUNT

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
USER = f"arn:aws:iam::{ACCOUNT}:user/dev"


class Answers:
    """A gateway that answers by operation, and denies what it does not know."""

    region = "us-east-1"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[Call] = []

    def call(self, call: Call) -> Any:
        self.asked.append(call)
        if call.action not in self.answers:
            raise AccessDenied("not allowed", action=f"{call.service}:{call.action}")
        return self.answers[call.action]

    def pages(self, call: Call, _token: str) -> Iterator[Any]:
        yield self.call(call)


def scope(gateway: Answers, caller: str = USER) -> OpenScope:
    return OpenScope(cast(Gateway, gateway), ACCOUNT, "aws", caller)


def told(off: timedelta) -> Any:
    gateway = Answers(
        GetCallerIdentity={"ResponseMetadata": {"HTTPHeaders": {"date": "Tue, 24 Nov 2026 12:00:00 GMT"}}}
    )
    return health.clock(scope(gateway), NOW + off)


@pytest.mark.parametrize(
    ("off_s", "expected"), [(0, Health.OK), (-29, Health.OK), (60, Health.WARNING), (301, Health.FAILED)]
)
def test_a_clock_that_is_off_is_told_before_aws_refuses(off_s: int, expected: Health) -> None:
    check = told(timedelta(seconds=off_s))
    assert check.health is expected
    assert bool(check.remedy) is (expected is not Health.OK)


def test_a_listing_that_may_not_be_read_names_the_policy_that_helps() -> None:
    gateway = Answers(ListFunctions={})
    checks = {check.name: check for check in health.reading(scope(gateway))}
    assert len(gateway.asked) == len(health.PROBES) == len(checks)
    assert checks["lambda:ListFunctions"].health is Health.OK
    assert checks["logs:DescribeLogGroups"].health is Health.FAILED
    assert "iam-policy" in checks["logs:DescribeLogGroups"].remedy


def test_the_role_behind_a_session_is_what_the_simulator_is_asked_about() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/team/dev/me"
    gateway = Answers(
        SimulatePrincipalPolicy={
            "EvaluationResults": [
                {"EvalActionName": "lambda:UpdateFunctionConfiguration", "EvalDecision": "allowed"},
                {"EvalActionName": "sqs:CreateQueue", "EvalDecision": "implicitDeny"},
            ]
        }
    )
    check = health.writing(scope(gateway, session), ["lambda:UpdateFunctionConfiguration", "sqs:CreateQueue"])
    assert gateway.asked[0].parameters["PolicySourceArn"] == f"arn:aws:iam::{ACCOUNT}:role/team/dev"
    assert check.health is Health.WARNING and check.found.endswith("sqs:CreateQueue")


def test_a_simulator_that_may_not_be_asked_is_unknown_and_not_a_failure() -> None:
    assert health.writing(scope(Answers()), ["sqs:CreateQueue"]).health is Health.UNKNOWN

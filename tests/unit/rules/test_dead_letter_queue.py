from __future__ import annotations

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Verdict
from lambda_tailor.rules.dead_letter_queue import DeadLetterQueueOptions, judge, more_lookups
from tests.builders import ACCOUNT, REGION, a_function

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lambda-dlq-dev"
OPTIONS = DeadLetterQueueOptions(queue="lambda-dlq-{suffix}")
ALLOWED, DENIED = Found({"allowed": True}), Found({"allowed": False})


def judged(queue: Resource, may_send: Resource, options: DeadLetterQueueOptions = OPTIONS, **given: object) -> Verdict:
    role = f"arn:aws:iam::{ACCOUNT}:role/lambda-role-dev"
    resources = {
        Lookup("queue", "lambda-dlq-dev"): queue,
        Lookup("role-may", f"{role} sqs:SendMessage {ARN}"): may_send,
    }
    (verdict,) = judge(a_function(resources=resources, **given), Evidence(), options)
    return verdict


def kinds(verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Proposed)
    return [transition.key.kind for transition in verdict.transitions]


def test_an_absent_queue_is_made_and_then_attached() -> None:
    verdict = judged(Missing(), ALLOWED)
    assert kinds(verdict) == ["queue", "function-configuration"]
    assert isinstance(verdict, Proposed)
    assert verdict.transitions[1].requires == (Key("queue", "lambda-dlq-dev"),)


def test_an_existing_queue_of_that_name_is_used_as_it_is() -> None:
    assert kinds(judged(Found({"exists": True}), ALLOWED)) == ["function-configuration"]


def test_a_role_that_may_not_send_blocks_with_the_missing_statement() -> None:
    verdict = judged(Missing(), DENIED)
    assert isinstance(verdict, Blocked)
    assert '"Action": "sqs:SendMessage"' in verdict.because
    assert ARN in verdict.because


def test_the_permission_is_added_when_the_policy_says_so() -> None:
    verdict = judged(Missing(), DENIED, OPTIONS.model_copy(update={"add_permission": True}))
    assert kinds(verdict) == ["queue", "role-policy", "function-configuration"]


def test_the_users_own_queue_is_kept() -> None:
    verdict = judged(Missing(), ALLOWED, dead_letter_arn="arn:aws:sqs:us-east-1:123456789012:theirs")
    assert isinstance(verdict, Kept)


def test_what_cannot_be_read_blocks() -> None:
    assert isinstance(judged(Unreadable("a"), ALLOWED), Blocked)
    assert isinstance(judged(Missing(), Unreadable("b")), Blocked)
    assert isinstance(judged(Missing(), Missing()), Blocked)


def test_a_fifo_queue_is_no_target() -> None:
    with pytest.raises(ValidationError, match="standard queues only"):
        DeadLetterQueueOptions(queue="failed.fifo")


def test_an_on_failure_destination_is_the_better_answer() -> None:
    function = a_function(resources={DESTINATIONS: Found({"destinations": {"OnFailure": {"Destination": "arn:x"}}})})
    (verdict,) = judge(function, Evidence(), OPTIONS)
    assert isinstance(verdict, Kept) and "arn:x" in verdict.because


DESTINATIONS = Lookup("event-invoke-config", "lambda-function-dev")


def test_a_queue_under_a_customers_key_takes_the_key_as_well() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/lambda-role-dev"
    encrypted = Found({"exists": True, "kms_key": "1234"})
    resources: dict[Lookup, Resource] = {
        Lookup("queue", "lambda-dlq-dev"): encrypted, Lookup("role-may", f"{role} sqs:SendMessage {ARN}"): ALLOWED,
    }  # fmt: skip
    asked = list(more_lookups(a_function(resources=resources), Evidence(), OPTIONS))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
    assert [lookup.name for lookup in asked] == [f"{role} kms:Decrypt {key}", f"{role} kms:GenerateDataKey {key}"]
    for answer, kind in ((ALLOWED, Proposed), (DENIED, Blocked)):
        known = resources | dict.fromkeys(asked, answer)
        (verdict,) = judge(a_function(resources=known), Evidence(), OPTIONS)
        assert isinstance(verdict, kind)

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Traffic, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Verdict
from lambda_tailor.rules.dead_letter_queue import DeadLetterQueueOptions, judge, lookups, more_lookups
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


TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:failures"
BUCKET = "arn:aws:s3:::failures"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/failures"
QUEUE_AS_DESTINATION = DeadLetterQueueOptions(queue="lambda-dlq-{suffix}", kind="destination")


def destined(
    options: DeadLetterQueueOptions, configuration: Resource, *, allowed: bool = True, **given: Any
) -> Verdict:
    """The verdict where all that is asked of the role is allowed, or none of it, and there is no queue."""
    bare = a_function(**given)
    asked = {each: Found({"allowed": allowed}) for each in lookups(bare, options) if each.kind == "role-may"}
    resources: dict[Lookup, Resource] = {**asked, Lookup("queue", "lambda-dlq-dev"): Missing()}
    (verdict,) = judge(a_function(resources={**resources, DESTINATIONS: configuration}, **given), Evidence(), options)
    return verdict


@pytest.mark.parametrize("arn", [TOPIC, BUCKET, BUS])
def test_failed_events_go_to_a_destination_that_is_there(arn: str) -> None:
    options = DeadLetterQueueOptions(kind="destination", destination=arn)
    verdict = destined(options, Missing())
    assert isinstance(verdict, Proposed)
    assert (verdict.setting, verdict.after, kinds(verdict)) == ("on_failure_destination", arn, ["event-invoke-config"])
    assert verdict.transitions[0].after == {"OnFailure": {"Destination": arn}}
    refused = destined(options, Missing(), allowed=False)
    assert isinstance(refused, Blocked) and arn in refused.because
    added = destined(options.model_copy(update={"add_permission": True}), Missing(), allowed=False)
    assert kinds(added) == ["role-policy", "event-invoke-config"]


def test_a_queue_is_made_for_a_destination_as_for_dead_letters() -> None:
    verdict = destined(QUEUE_AS_DESTINATION, Missing())
    assert kinds(verdict) == ["queue", "event-invoke-config"]
    assert isinstance(verdict, Proposed) and verdict.transitions[1].requires == (Key("queue", "lambda-dlq-dev"),)


def test_where_successes_go_stays() -> None:
    succeeded = {"OnSuccess": {"Destination": BUS}}
    verdict = destined(QUEUE_AS_DESTINATION, Found({"destinations": succeeded, "async_retries": 1}))
    assert isinstance(verdict, Proposed)
    assert verdict.transitions[-1].before == succeeded
    assert verdict.transitions[-1].after == {**succeeded, "OnFailure": {"Destination": ARN}}


def test_what_takes_failed_events_already_is_left_alone() -> None:
    theirs = Found({"destinations": {"OnFailure": {"Destination": TOPIC}}})
    assert destined(QUEUE_AS_DESTINATION, theirs) == Kept("on_failure_destination", TOPIC, "the user's own is kept")
    with_queue = destined(QUEUE_AS_DESTINATION, Missing(), dead_letter_arn="arn:aws:sqs:us-east-1:1:theirs")
    assert isinstance(with_queue, Kept) and "theirs already" in with_queue.because


def test_nothing_is_put_over_destinations_that_could_not_be_read() -> None:
    verdict = destined(QUEUE_AS_DESTINATION, Unreadable("denied"))
    assert isinstance(verdict, Blocked) and "denied" in verdict.because


def test_events_of_an_alias_have_a_configuration_of_their_own() -> None:
    verdict = destined(QUEUE_AS_DESTINATION, Missing(), traffic=(Traffic("live", 1.0, "3"),))
    assert isinstance(verdict, Proposed) and "through live have a configuration of their own" in verdict.reason


def test_a_queue_named_by_its_arn_has_to_be_there() -> None:
    options = DeadLetterQueueOptions(kind="destination", destination=ARN)
    verdict = destined(options, Missing())
    assert isinstance(verdict, Blocked) and "there is no queue lambda-dlq-dev" in verdict.because


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"kind": "destination", "destination": "failures"}, "give the ARN"),
        ({"kind": "destination", "destination": f"{TOPIC}.fifo"}, "standard queues and topics only"),
        ({"destination": TOPIC}, "goes with kind: destination"),
        ({"kind": "destination", "destination": "arn:aws:lambda:us-east-1:1:function:f"}, "give the ARN"),
    ],
)
def test_a_destination_that_cannot_be_one_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        DeadLetterQueueOptions(**given)

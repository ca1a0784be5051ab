"""One lifecycle rule of our own among the user's: put, found again, taken away, and nothing else touched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_tailor.settings.bucket_lifecycle import CHANGED, FIELD, RULE_ID, SETTING
from lambda_tailor.settings.setting import ResourceAddress, State

HERE = ResourceAddress("123456789012", "us-east-1", "aws", "lambda-deployment-dev")
DATED = {
    "ID": "theirs", "Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
    "Expiration": {"Date": datetime(2027, 1, 1, tzinfo=UTC)},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}  # fmt: skip
OLD = {"ID": "old", "Status": "Disabled", "Prefix": "logs/", "Expiration": {"Days": 3}}


def seen(*rules: Mapping[str, Any], **more: Any) -> State:
    return SETTING.observe(HERE, {"Rules": list(rules), **more} if rules else None)


def put(observed: State, days: int | None) -> Mapping[str, Any]:
    call = SETTING.write(HERE, observed, {FIELD: days})
    assert call.parameters["Bucket"] == HERE.resource and call.parameters["ExpectedBucketOwner"] == HERE.account_id
    return {"action": call.action, **call.parameters}


@pytest.mark.parametrize("theirs", [[], [DATED], [OLD], [OLD, {**OLD, "ID": "older"}]])
def test_it_goes_there_and_back_and_keeps_all_other_rules_as_they_are(theirs: list[Mapping[str, Any]]) -> None:
    before = seen(*theirs)
    there = put(before, 90)
    assert there["action"] == "PutBucketLifecycleConfiguration"
    rules = there["LifecycleConfiguration"]["Rules"]
    assert rules[:-1] == theirs and rules[-1]["ID"] == RULE_ID
    after = seen(*rules)
    assert (before[FIELD], after[FIELD]) == (None, 90)
    back = put(after, None)
    if theirs:
        assert back["LifecycleConfiguration"] == {"Rules": theirs}
    else:
        assert back["action"] == "DeleteBucketLifecycle"


def test_other_days_replace_its_own_rule() -> None:
    after = seen(*put(seen(DATED), 90)["LifecycleConfiguration"]["Rules"])
    rules = put(after, 30)["LifecycleConfiguration"]["Rules"]
    assert len(rules) == 2 and seen(*rules)[FIELD] == 30


def test_its_form_is_that_of_the_others_since_s3_does_not_mix_them() -> None:
    assert "Filter" in put(seen(DATED), 90)["LifecycleConfiguration"]["Rules"][-1]
    own = put(seen(OLD), 90)["LifecycleConfiguration"]["Rules"][-1]
    assert own["Prefix"] == "" and "Filter" not in own


@pytest.mark.parametrize("by_hand", [{"Status": "Disabled"}, {"Filter": {"Prefix": "a/"}}, {"Expiration": {"Days": 1}}])
def test_a_rule_of_its_own_that_another_hand_changed_is_no_longer_its_own(by_hand: dict[str, Any]) -> None:
    (own,) = put(seen(), 90)["LifecycleConfiguration"]["Rules"]
    assert seen({**own, **by_hand})[FIELD] == CHANGED


def test_from_which_size_on_objects_change_their_class_is_sent_again() -> None:
    kept = put(seen(DATED, TransitionDefaultMinimumObjectSize="varies_by_storage_class"), 90)
    assert kept["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    assert "TransitionDefaultMinimumObjectSize" not in put(seen(DATED), 90)


def test_a_full_configuration_is_refused_and_what_has_expired_is_said_to_be_gone() -> None:
    full = seen(*({**OLD, "ID": f"r{n}"} for n in range(1000)))
    assert SETTING.refuse(full, {FIELD: 90}) is not None
    assert SETTING.refuse(seen(OLD), {FIELD: 90}) is None
    assert SETTING.inexact_undo({FIELD: None}, {FIELD: 90}) is not None

"""Old versions in the deployment bucket: their end is offered where the policy says when, and priced as measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Risk, Verdict
from lambda_tailor.policy.file import load_preset
from lambda_tailor.rules.deployment_bucket_versioning import RULE, DeploymentBucketVersioningOptions, judge, settle
from lambda_tailor.rules.deployment_bucket_versioning import more_lookups as more
from tests.builders import a_function

NAME = "lambda-deployment-dev-x"
WANTED = DeploymentBucketVersioningOptions(bucket="lambda-deployment-{suffix}", noncurrent_days=90)
GB = 2**30


def judged(versioning: str | None, lifecycle: Resource | None, options: Any = WANTED) -> list[Verdict]:
    resources: dict[Lookup, Resource] = {
        Lookup("bucket", "lambda-deployment-dev"): Found({"name": NAME, "versioning": versioning, "expires": False})
    }
    if lifecycle is not None:
        resources[Lookup("bucket-lifecycle", f"{NAME} 90")] = lifecycle
    return list(judge(a_function(resources=resources), Evidence(), options))


def known(**given: Any) -> Found:
    state = {"days": None, "others": [], "noncurrent_bytes": 3 * GB, "expiring_bytes": 2 * GB, "whole": True}
    return Found({**state, **given})


def test_it_is_off_until_the_policy_says_when_and_costs_no_call_before() -> None:
    off = DeploymentBucketVersioningOptions(bucket="lambda-deployment-{suffix}")
    assert [v.setting for v in judged(None, known(), off)] == ["versioning"]
    assert not list(more(a_function(), Evidence(), off)) and list(RULE.writes(off)) == ["bucket-versioning"]
    reference = load_preset("reference").options_for(a_function())["deployment-bucket-versioning"]
    assert isinstance(reference, DeploymentBucketVersioningOptions) and reference.noncurrent_days is None


def test_the_buckets_whole_name_is_asked_about() -> None:
    resources: dict[Lookup, Resource] = {Lookup("bucket", "lambda-deployment-dev"): Found({"name": NAME})}
    assert list(more(a_function(resources=resources), Evidence(), WANTED)) == [Lookup("bucket-lifecycle", f"{NAME} 90")]
    assert list(RULE.writes(WANTED)) == ["bucket-versioning", "bucket-lifecycle"]


def test_old_versions_expire_and_what_is_older_is_saved() -> None:
    versioning, expiration = judged("Enabled", known())
    assert isinstance(versioning, Kept) and isinstance(expiration, Proposed)
    assert (expiration.setting, expiration.before, expiration.after) == ("noncurrent_days", None, 90)
    assert expiration.adds.bucket_gb_month == Decimal(-2)
    assert expiration.risk is Risk.HIGH and "no rollback brings it back" in expiration.reason
    (calm,) = judged("Enabled", known(expiring_bytes=0))[1:]
    assert isinstance(calm, Proposed) and calm.risk is Risk.MEDIUM and not calm.adds.bucket_gb_month
    (much,) = judged("Enabled", known(whole=False))[1:]
    assert isinstance(much, Proposed) and "at least 2048.0 MB" in much.reason


def test_versioning_and_the_end_of_versions_come_together_and_nothing_is_said_to_grow_for_good() -> None:
    versioning, expiration = judged(None, known(noncurrent_bytes=0, expiring_bytes=0))
    assert isinstance(versioning, Proposed) and "for good" not in versioning.reason
    assert isinstance(expiration, Proposed)
    assert [key.kind for key in expiration.transitions[0].follows] == ["bucket-versioning"]


def test_the_users_own_rule_is_kept_and_what_is_not_known_is_not_written() -> None:
    assert isinstance(judged("Enabled", known(days=90))[1], Kept)
    theirs = judged("Enabled", known(others=["tidy"]))[1]
    assert isinstance(theirs, Kept) and "tidy" in theirs.because
    assert isinstance(judged("Enabled", known(days="changed by another hand"))[1], Blocked)
    assert isinstance(judged("Enabled", Unreadable("denied"))[1], Blocked)
    assert isinstance(judged("Enabled", None)[1], Blocked)
    other_days = judged("Enabled", known(days=30))[1]
    assert isinstance(other_days, Proposed) and (other_days.before, other_days.after) == (30, 90)


def test_a_bucket_of_many_functions_is_counted_once() -> None:
    both = [(a_function(name), judged("Enabled", known())) for name in ("a", "b")]
    ((_, (_, first)), (_, (_, second))) = settle(both, None)
    assert isinstance(first, Proposed) and isinstance(second, Proposed)
    assert (first.adds.bucket_gb_month, second.adds.bucket_gb_month) == (Decimal(-2), Decimal(0))

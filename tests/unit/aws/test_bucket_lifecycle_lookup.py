"""What of a bucket's old versions would expire: by when they were replaced, not by when they were made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.function import Found, Unreadable
from lambda_tailor.settings.bucket_lifecycle import ours
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT
from tests.unit.aws.answering import NOW, Answering


def version(age_days: int, size: int = 1, *, key: str = "code.zip", latest: bool = False) -> dict[str, Any]:
    return {"Key": key, "LastModified": NOW - timedelta(days=age_days), "Size": size, "IsLatest": latest}


def look(rules: list[Mapping[str, Any]] | None, **versions: Any) -> Any:
    def lifecycle(_: Mapping[str, Any]) -> Answer:
        if rules is None:
            raise AwsRefused("none", code="NoSuchLifecycleConfiguration")
        return {"Rules": rules}

    gateway = Answering({"GetBucketLifecycleConfiguration": lifecycle, "ListObjectVersions": lambda _: versions})
    found = all_kinds()["bucket-lifecycle"].read(OpenScope(gateway, ACCOUNT, "aws"), ["b 90"])["b 90"]
    assert all(call.parameters["Bucket"] == "b" for call in gateway.asked)
    return found


def test_a_version_counts_from_when_it_was_replaced_or_deleted() -> None:
    versions = [version(10, 1, latest=True), version(100, 20), version(200, 300)]
    gone = [version(500, 4000, key="gone.zip")]
    marker = {"Key": "gone.zip", "LastModified": NOW - timedelta(days=91), "IsLatest": True}
    found = look(None, Versions=[*versions, *gone], DeleteMarkers=[marker])
    assert isinstance(found, Found)
    # The second was replaced ten days ago, the third a hundred, and the deleted one ninety-one.
    assert found.state["noncurrent_bytes"] == 4320 and found.state["expiring_bytes"] == 4300
    assert (found.state["days"], found.state["others"], found.state["whole"]) == (None, [], True)


def test_rules_of_others_that_expire_are_told_and_switched_off_ones_are_not() -> None:
    expiring = {"NoncurrentVersionExpiration": {"NoncurrentDays": 5}}
    rules = [
        {"ID": "on", "Status": "Enabled", **expiring}, {"ID": "off", "Status": "Disabled", **expiring},
        {"ID": "objects", "Status": "Enabled", "Expiration": {"Days": 1}}, ours(90, old=False),
    ]  # fmt: skip
    found = look(rules, IsTruncated=True)
    assert isinstance(found, Found)
    assert (found.state["days"], found.state["others"], found.state["whole"]) == (90, ["on"], False)


def test_a_refusal_is_no_empty_bucket() -> None:
    gateway = Answering({})
    kind = all_kinds()["bucket-lifecycle"]
    assert isinstance(kind.read(OpenScope(gateway, ACCOUNT, "aws"), ["b 90"])["b 90"], Unreadable)

"""What lets old versions of a bucket's objects expire, and how much of them would.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import BUCKET, Action
from lambda_tailor.model.function import Found, Resource
from lambda_tailor.settings import bucket_lifecycle
from lambda_tailor.settings.setting import Answer, Call

_DAY_S = 86_400
# One page: more is told to be at least that.
_VERSIONS = 1000


def _lifecycle(opened: OpenScope, name: str) -> Resource:
    """``BUCKET DAYS``: the days of our own rule, whose other rule lets old versions expire, and what is older."""
    bucket, _, days = name.partition(" ")
    address = opened.address(bucket)
    answer = answer_or_none(opened, bucket_lifecycle.read(address), bucket_lifecycle.NONE_YET)
    rules: tuple[Mapping[str, Any], ...] = tuple((answer or {}).get("Rules") or ())
    asked = {"Bucket": bucket, "ExpectedBucketOwner": opened.account_id, "MaxKeys": _VERSIONS}
    versions = opened.gateway.call(Call("s3", "ListObjectVersions", asked))
    old = list(_noncurrent(versions, datetime.now(UTC)))
    return Found(
        {
            "days": bucket_lifecycle.observe(address, answer)[bucket_lifecycle.FIELD],
            "others": [str(rule.get("ID")) for rule in rules if _expires(rule)],
            "noncurrent_bytes": sum(size for _, size in old),
            "expiring_bytes": sum(size for age, size in old if age > float(days)),
            "whole": not versions.get("IsTruncated"),
        }
    )


def _expires(rule: Mapping[str, Any]) -> bool:
    expires = rule.get("Status") == "Enabled" and rule.get("NoncurrentVersionExpiration")
    return bool(expires) and rule.get("ID") != bucket_lifecycle.RULE_ID


def _noncurrent(listed: Answer, now: datetime) -> Iterator[tuple[float, int]]:
    """Age in days since a version was replaced or deleted, and its bytes."""
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    for each in (*(listed.get("Versions") or ()), *(listed.get("DeleteMarkers") or ())):
        by_key.setdefault(each["Key"], []).append(each)
    for versions in by_key.values():
        newest_first = sorted(versions, key=lambda each: (bool(each["IsLatest"]), each["LastModified"]), reverse=True)
        for newer, old in pairwise(newest_first):
            yield (now - newer["LastModified"]).total_seconds() / _DAY_S, int(old.get("Size") or 0)


KINDS = (
    LookupKind(
        kind="bucket-lifecycle",
        read=one_by_one(_lifecycle),
        costs="name",
        actions=(Action("s3:GetLifecycleConfiguration", BUCKET), Action("s3:ListBucketVersions", BUCKET)),
        # The bucket of that name, or the one with a tail of its own.
        arn_names=lambda name: {"bucket": (bucket := name.partition(" ")[0], f"{bucket}-*")},
    ),
)

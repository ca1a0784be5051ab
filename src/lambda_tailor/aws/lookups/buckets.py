"""Deployment buckets and their versioning: buckets are listed first, and only what is there is asked."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, answer_or_none, common_prefix, one_by_one, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import BUCKET, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.settings.setting import Call


def _buckets(opened: OpenScope, names: Sequence[str]) -> Resources:
    """Each bucket of that name, or the one with that name and a tail."""
    asked = {"BucketRegion": opened.gateway.region}
    if prefix := common_prefix(names):
        asked["Prefix"] = prefix
    pages = opened.gateway.pages(Call("s3", "ListBuckets", asked), "ContinuationToken")
    there = sorted(bucket["Name"] for page in pages for bucket in page.get("Buckets") or ())
    meant = {name: [n for n in there if n == name] or [n for n in there if n.startswith(f"{name}-")] for name in names}
    versioning = one_by_one(_versioning)(opened, sorted({found[0] for found in meant.values() if len(found) == 1}))
    return {name: _one(name, found, versioning) for name, found in meant.items()}


def _one(name: str, found: Sequence[str], versioning: Resources) -> Resource:
    if not found:
        return Missing()
    if len(found) > 1:
        return Unreadable(f"several buckets begin with {name}-: {', '.join(found)}; name one in the policy")
    return versioning[found[0]]


def _versioning(opened: OpenScope, bucket: str) -> Resource:
    asked = {"Bucket": bucket, "ExpectedBucketOwner": opened.account_id}
    answer = opened.gateway.call(Call("s3", "GetBucketVersioning", asked))
    status = answer.get("Status")
    return Found(
        {"name": bucket, "versioning": status, "expires": _expires(opened, bucket) if status != "Enabled" else None}
    )


def _expires(opened: OpenScope, bucket: str) -> bool | None:
    """Whether old versions would go by themselves; None where that may not be read."""
    asked = Call("s3", "GetBucketLifecycleConfiguration", {"Bucket": bucket, "ExpectedBucketOwner": opened.account_id})
    try:
        rules = (answer_or_none(opened, asked, "NoSuchLifecycleConfiguration") or {}).get("Rules") or ()
    except (AccessDenied, AwsRefused):
        return None
    return any(rule.get("Status") == "Enabled" and rule.get("NoncurrentVersionExpiration") for rule in rules)


KINDS = (
    LookupKind(
        kind="bucket",
        read=together(_buckets),
        costs="page",
        actions=(
            Action("s3:ListAllMyBuckets"),
            Action("s3:GetBucketVersioning", BUCKET),
            Action("s3:GetLifecycleConfiguration", BUCKET),
        ),
        # The rule takes the bucket of that name, or the one with a tail of its own.
        arn_names=lambda name: {"bucket": (name, f"{name}-*")},
    ),
)

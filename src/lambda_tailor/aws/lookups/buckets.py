"""Deployment buckets and their versioning."""

from __future__ import annotations

from lambda_tailor.aws.lookups.kind import LookupKind, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import BUCKET, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.settings.setting import Call


def _bucket(opened: OpenScope, name: str) -> Resource:
    """The bucket of that name, or the one with that name and a tail."""
    asked = {"Prefix": name, "BucketRegion": opened.gateway.region}
    pages = opened.gateway.pages(Call("s3", "ListBuckets", asked), "ContinuationToken")
    names = [bucket["Name"] for page in pages for bucket in page.get("Buckets") or ()]
    meant = [n for n in names if n == name] or [n for n in names if n.startswith(f"{name}-")]
    if not meant:
        return Missing()
    if len(meant) > 1:
        return Unreadable(f"several buckets begin with {name}-: {', '.join(sorted(meant))}; name one in the policy")
    asked = {"Bucket": meant[0], "ExpectedBucketOwner": opened.account_id}
    answer = opened.gateway.call(Call("s3", "GetBucketVersioning", asked))
    return Found({"name": meant[0], "versioning": answer.get("Status")})


KINDS = (
    LookupKind(
        kind="bucket",
        read=one_by_one(_bucket),
        costs="name",
        actions=(Action("s3:ListAllMyBuckets"), Action("s3:GetBucketVersioning", BUCKET)),
    ),
)

"""After how many days an S3 bucket forgets old versions: one lifecycle rule of our own among the user's.

S3 takes the whole configuration at once, so that all other rules are sent again as they were read.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.iam.permission import BUCKET, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, maybe, whole

KIND = "bucket-lifecycle"
FIELD = "noncurrent_days"
RULE_ID = "lambda-tailor-noncurrent-versions"
# What stands for the days where another hand has changed the rule that was ours.
CHANGED = "changed by another hand"
MOST_RULES = 1000
NONE_YET = "NoSuchLifecycleConfiguration"
_DEFAULT_SIZE = "TransitionDefaultMinimumObjectSize"
Rules = Sequence[Mapping[str, Any]]


def _place(address: ResourceAddress) -> dict[str, str]:
    return {"Bucket": address.resource, "ExpectedBucketOwner": address.account_id}


def read(address: ResourceAddress) -> Call:
    """GetBucketLifecycleConfiguration, of a bucket of this account only."""
    return Call("s3", "GetBucketLifecycleConfiguration", _place(address))


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """The days of our own rule, None without it; all rules; and from which size on objects change their class."""
    found = answer or {}
    rules: Any = list(found.get("Rules") or ())
    return {FIELD: _days(rules), "rules": rules, "default_size": found.get(_DEFAULT_SIZE)}


def _days(rules: Rules) -> int | str | None:
    """Only what is wholly ours counts by its days: narrowed or switched off by hand, it is somebody else's."""
    for rule in rules:
        if rule.get("ID") == RULE_ID:
            days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
            own = isinstance(days, int) and dict(rule) in (ours(days, old=False), ours(days, old=True))
            return days if own else CHANGED
    return None


def ours(days: int, *, old: bool) -> dict[str, Any]:
    """The rule for the whole bucket; ``old`` in the form with a prefix outside of a filter, which S3 does not mix."""
    where: dict[str, Any] = {"Prefix": ""} if old else {"Filter": {"Prefix": ""}}
    expiration = {"NoncurrentDays": days}
    return {"ID": RULE_ID, **where, "Status": "Enabled", "NoncurrentVersionExpiration": expiration}


def write(address: ResourceAddress, observed: State, wanted: State) -> Call:
    """All other rules as they are, with ours or without it; a configuration without any rule is deleted."""
    # A plan knows the days only; what is sent is made of what was observed a moment before.
    known: Any = observed.get("rules") or ()
    rules = [rule for rule in known if rule.get("ID") != RULE_ID]
    if isinstance(days := wanted[FIELD], int):
        rules.append(ours(days, old=any("Filter" not in rule for rule in rules)))
    if not rules:
        return Call("s3", "DeleteBucketLifecycle", _place(address))
    # Left out, it would be set to S3's default.
    size = {} if observed.get("default_size") is None else {_DEFAULT_SIZE: observed["default_size"]}
    asked = {**_place(address), "LifecycleConfiguration": {"Rules": rules}, **size}
    return Call("s3", "PutBucketLifecycleConfiguration", asked)


def refuse(observed: State, wanted: State) -> str | None:
    """A configuration that is full."""
    known: Any = observed["rules"]
    full = wanted[FIELD] is not None and observed[FIELD] is None and len(known) >= MOST_RULES
    return f"the bucket has {MOST_RULES} lifecycle rules, and S3 takes no more" if full else None


def inexact_undo(_was: State, wrote: State) -> str | None:
    """S3 deletes what has expired, and gives nothing back."""
    return None if wrote[FIELD] is None else "versions that have expired in the meantime do not come back"


def follows(shown: Shown) -> bool:
    """The days of the bucket that the change names."""
    return shown.of_the_resource and shown.field == shown.change.setting == FIELD and shown.valued(maybe(whole))


SETTING = Setting(
    kind=KIND,
    title="bucket lifecycle",
    source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    refuse=refuse,
    inexact_undo=inexact_undo,
    eventual=True,
    absent_codes=frozenset({NONE_YET}),
    read_actions=(Action("s3:GetLifecycleConfiguration", BUCKET),),
    write_actions=(Action("s3:PutLifecycleConfiguration", BUCKET),),
)

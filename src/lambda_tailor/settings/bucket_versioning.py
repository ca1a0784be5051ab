"""Whether an S3 bucket keeps versions: None (never did), Enabled or Suspended.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import BUCKET, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, maybe, text

KIND = "bucket-versioning"


def read(address: ResourceAddress) -> Call:
    """GetBucketVersioning, of a bucket of this account only."""
    return Call("s3", "GetBucketVersioning", {"Bucket": address.resource, "ExpectedBucketOwner": address.account_id})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``versioning`` as S3 spells it."""
    return {"versioning": (answer or {}).get("Status")}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Enable or suspend; a bucket that has been versioned can never be unversioned again."""
    return Call(
        "s3",
        "PutBucketVersioning",
        {
            "Bucket": address.resource,
            "ExpectedBucketOwner": address.account_id,
            "VersioningConfiguration": {"Status": wanted["versioning"] or "Suspended"},
        },
    )


def attainable(observed: State, wanted: State) -> State:
    """Suspended stands for never versioned, once it has been."""
    never_again = wanted["versioning"] is None and observed["versioning"] is not None
    return {"versioning": "Suspended"} if never_again else wanted


def inexact_undo(was: State, _wrote: State) -> str | None:
    """S3 knows no way back to a bucket that was never versioned."""
    if was["versioning"] is None:
        return "a bucket that was versioned once can only be suspended, not made unversioned again"
    return None


def follows(shown: Shown) -> bool:
    """The versioning of the bucket that the change names."""
    return shown.of_the_resource and shown.field == shown.change.setting == "versioning" and shown.valued(maybe(text))


SETTING = Setting(
    kind=KIND,
    title="bucket versioning",
    source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    attainable=attainable,
    inexact_undo=inexact_undo,
    eventual=True,
    read_actions=(Action("s3:GetBucketVersioning", BUCKET),),
    write_actions=(Action("s3:PutBucketVersioning", BUCKET),),
)

"""How the S3 kinds of Pulumi resources are made and removed; see ``kinds``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lambda_tailor.demo.kinds import AlreadyThere, Aws, Kind, Outputs, packed_archive, tag_list, unless_absent


def _exists(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _empty(s3: Any, bucket: str, prefix: str = "") -> None:
    """Delete every version and every delete marker of the keys that begin with ``prefix``."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _make_bucket(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    s3, name = aws.client("s3"), given["bucket"]
    # In us-east-1 creating one's own bucket again is no error.
    if _exists(s3, name):
        raise AlreadyThere(name)
    # us-east-1 is the one region that may not be named.
    where = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket=name, **where)
    if given.get("tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(given)})
    return name, {"arn": f"arn:aws:s3:::{name}"}


def _remove_bucket(aws: Aws, identifier: str, given: Mapping[str, Any]) -> None:
    s3 = aws.client("s3")
    if given.get("forceDestroy"):
        _empty(s3, identifier)
    s3.delete_bucket(Bucket=identifier)


def _make_versioning(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    wanted = {"Status": given["versioningConfiguration"]["status"]}
    aws.client("s3").put_bucket_versioning(Bucket=given["bucket"], VersioningConfiguration=wanted)
    return given["bucket"], {}


def _make_encryption(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    algorithms = [rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] for rule in given["rules"]]
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}} for algorithm in algorithms]
    wanted = {"Rules": rules}
    aws.client("s3").put_bucket_encryption(Bucket=given["bucket"], ServerSideEncryptionConfiguration=wanted)
    return given["bucket"], {}


def _make_public_access_block(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    blocked = {
        "BlockPublicAcls": given["blockPublicAcls"],
        "BlockPublicPolicy": given["blockPublicPolicy"],
        "IgnorePublicAcls": given["ignorePublicAcls"],
        "RestrictPublicBuckets": given["restrictPublicBuckets"],
    }
    aws.client("s3").put_public_access_block(Bucket=given["bucket"], PublicAccessBlockConfiguration=blocked)
    return given["bucket"], {}


def _make_object(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    body = packed_archive(given["source"])
    stored = aws.client("s3").put_object(Bucket=given["bucket"], Key=given["key"], Body=body)
    return given["key"], {"versionId": stored.get("VersionId", ""), "etag": stored["ETag"].strip('"')}


def _remove_object(aws: Aws, identifier: str, given: Mapping[str, Any]) -> None:
    with unless_absent():
        _empty(aws.client("s3"), given["bucket"], identifier)


S3_KINDS: Mapping[str, Kind] = {
    "aws:s3/bucket:Bucket": Kind(_make_bucket, _remove_bucket, frozenset({"forceDestroy"})),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(_make_object, _remove_object),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Kind(_make_public_access_block),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Kind(_make_encryption),
    "aws:s3/bucketVersioning:BucketVersioning": Kind(_make_versioning),
}

"""REST requests are told apart by the names that AWS uses today."""

from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.rest import match_rest


@pytest.mark.parametrize(
    ("method", "query", "name"),
    [
        ("GET", "lifecycle", "GetBucketLifecycleConfiguration"),
        ("GET", "versioning", "GetBucketVersioning"),
        ("PUT", "notification", "PutBucketNotificationConfiguration"),
    ],
)
def test_an_operation_that_aws_replaced_is_told_by_its_new_name(method: str, query: str, name: str) -> None:
    assert match_rest("s3", method, "/bucket", query) == (name, {"Bucket": "bucket"})

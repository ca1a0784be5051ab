"""The end of old package versions on the embedded AWS: planned, priced, applied, put back; other rules stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.settings.bucket_lifecycle import RULE_ID
from tests.integration.conftest import Aws
from tests.integration.test_strict_aws import refused

Deploy = Callable[..., dict[str, Any]]
THEIRS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}
OLD = {"ID": "old", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 3}}


def rules(aws: Aws, bucket: str) -> list[dict[str, Any]]:
    s3 = aws.client("s3")
    try:
        found: list[dict[str, Any]] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except s3.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"
        return []
    return found


@pytest.fixture
def bucket(aws: Aws, deploy: Deploy) -> str:
    deploy("f")
    name = f"lambda-deployment-f-{aws.account}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def arguments(tmp_path: Path) -> tuple[str, ...]:
    policy = tmp_path / "policy.yaml"
    options = '{bucket: "lambda-deployment-{suffix}", noncurrent_days: 30}'
    policy.write_text(f"rules: {{deployment-bucket-versioning: {options}}}")
    return "--function", "f", "--policy", str(policy)


@pytest.mark.parametrize("theirs", [[], [THEIRS]], ids=["alone", "beside"])
def test_old_versions_expire_beside_the_users_rules_and_go_back(
    aws: Aws, bucket: str, tmp_path: Path, theirs: list[dict[str, Any]]
) -> None:
    s3 = aws.client("s3")
    if theirs:
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": theirs})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="code.zip", Body=b"x" * 2**20)
    before = aws.snapshot()
    asked = arguments(tmp_path)
    (change,) = aws.json("plan", *asked)["functions"][0]["changes"]
    assert (change["setting"], change["before"], change["after"]) == ("noncurrent_days", None, 30)
    # Two of three are old, and none of them for thirty days.
    assert "hold 2.0 MB, 0.0 MB of it for more than 30 days" in change["reason"]
    assert change["monthly_usd"] == {"low": 0, "high": 0}
    run = aws.json("apply", *asked, "--auto-approve")
    assert run["summary"]["applied"] == 1
    *others, ours = rules(aws, bucket)
    assert others == theirs and ours["ID"] == RULE_ID
    assert ours["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    aws.control.reset()
    aws.run("apply", *asked, "--auto-approve")
    assert not aws.control.writes()
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert rules(aws, bucket) == theirs
    assert aws.snapshot() == before


def test_with_versioning_it_is_one_run_in_the_right_order(aws: Aws, bucket: str, tmp_path: Path) -> None:
    asked = arguments(tmp_path)
    plan = aws.json("plan", *asked)
    assert {c["setting"] for c in plan["functions"][0]["changes"]} == {"versioning", "noncurrent_days"}
    aws.control.reset()
    run = aws.json("apply", *asked, "--auto-approve")
    assert run["summary"]["applied"] == 2
    sent = [name for _, _, name, _ in aws.control.log() if name.startswith("s3:Put")]
    assert sent == ["s3:PutBucketVersioning", "s3:PutBucketLifecycleConfiguration"]
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert rules(aws, bucket) == []


def test_a_rule_that_comes_between_plan_and_apply_stays(aws: Aws, bucket: str, tmp_path: Path) -> None:
    s3 = aws.client("s3")
    file = tmp_path / "plan.json"
    aws.run("plan", *arguments(tmp_path), "--out", str(file))
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [THEIRS]})
    aws.run("apply", str(file), "--auto-approve")
    assert [rule["ID"] for rule in rules(aws, bucket)] == ["logs", RULE_ID]
    # So does one that comes, and what another hand makes of ours, before it is put back.
    ours = rules(aws, bucket)[1]
    changed = {**ours, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [changed]})
    aws.run("rollback", "latest", "--auto-approve", exit_code=1)
    assert [rule["NoncurrentVersionExpiration"] for rule in rules(aws, bucket)] == [{"NoncurrentDays": 7}]


def test_a_bucket_that_lets_old_versions_expire_already_is_not_said_to_grow(
    aws: Aws, bucket: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text('rules: {deployment-bucket-versioning: {bucket: "lambda-deployment-{suffix}"}}')
    asked = ("plan", "--function", "f", "--policy", str(policy))
    (change,) = aws.json(*asked)["functions"][0]["changes"]
    assert "a month, for good" in change["reason"]
    expiring = {**THEIRS, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}
    aws.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [expiring]})
    (change,) = aws.json(*asked)["functions"][0]["changes"]
    assert "for good" not in change["reason"]


def test_rules_of_both_forms_are_refused_together(aws: Aws, bucket: str) -> None:
    code, _ = refused(
        aws.client("s3").put_bucket_lifecycle_configuration,
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [THEIRS, OLD]},
    )
    assert code == "InvalidRequest"

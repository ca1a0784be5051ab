"""Every optimization on the embedded AWS: blocked by what AWS or the evidence forbids, failed, kept, put back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
NAME = "lambda-function-dev"
TEN = [
    "memory",
    "timeout",
    "reserved-concurrency",
    "log-retention",
    "environment",
    "tracing",
    "dead-letter-queue",
    "alarms",
    "deployment-bucket-versioning",
    "shared-layer",
]


def changes(plan: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [c for f in plan["functions"] for c in f["changes"] if c["rule"] == rule]


def blocked(aws: Aws, rule: str, *arguments: str) -> str:
    """Why the rule's one change is blocked."""
    (change,) = changes(aws.json("plan", "-e", "dev", "--rules", rule, *arguments), rule)
    return str(change["blocked"])


@pytest.mark.parametrize("rule", TEN)
def test_each_alone_applied_verified_already_so_and_rolled_back(stack: Aws, rule: str) -> None:
    _undo_what_the_baseline_has(stack, rule)
    before = stack.snapshot()
    run = stack.json("apply", "-e", "dev", "--rules", rule, "--auto-approve")
    assert run["summary"]["applied"] == {"environment": 2, "alarms": 2}.get(rule, 1)
    assert stack.json("verify", "-e", "dev", "--rules", rule)["matches"] is True
    stack.control.reset()
    stack.run("apply", "-e", "dev", "--rules", rule, "--auto-approve")
    assert not stack.control.writes()
    stack.run("rollback", run["run_id"], "--auto-approve")
    left = differences(before, stack.snapshot())
    # S3 knows no way back to a bucket that never had versions.
    assert [d for d in left if not d.startswith("buckets.")] == []
    assert bool(left) is (rule == "deployment-bucket-versioning")


def _undo_what_the_baseline_has(aws: Aws, rule: str) -> None:
    """The baseline's bucket is versioned and its layer attached: take that away, so that there is something to do."""
    if rule == "shared-layer":
        aws.client("lambda").update_function_configuration(FunctionName=NAME, Layers=[])
        aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=NAME)
    if rule == "deployment-bucket-versioning":
        s3 = aws.client("s3")
        (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"]]
        for listed in ("Versions", "DeleteMarkers"):
            for version in s3.list_object_versions(Bucket=bucket).get(listed) or ():
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        s3.delete_bucket(Bucket=bucket)
        s3.create_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        ("lambda:UpdateFunctionConfiguration", "memory"),
        ("lambda:UpdateFunctionConfiguration", "timeout"),
        ("lambda:UpdateFunctionConfiguration", "tracing"),
        ("lambda:UpdateFunctionConfiguration", "environment"),
        ("lambda:PutFunctionConcurrency", "reserved-concurrency"),
        ("logs:PutRetentionPolicy", "log-retention"),
        ("sqs:CreateQueue", "dead-letter-queue"),
        ("cloudwatch:PutMetricAlarm", "alarms"),
    ],
)
def test_a_change_that_fails_fails_alone_and_is_told(stack: Aws, operation: str, rule: str) -> None:
    stack.emulator.control.fail(operation=operation, kind="access-denied", times=99)
    run = stack.json("apply", "-e", "dev", "--auto-approve", exit_code=1)
    failed = {o["rule"] for o in run["outcomes"] if o["outcome"] == "failed"}
    assert rule in failed
    same_call = {"memory", "timeout", "tracing", "environment", "dead-letter-queue"}
    assert failed <= (same_call if operation == "lambda:UpdateFunctionConfiguration" else {rule})
    assert all(operation in o["detail"] for o in run["outcomes"] if o["outcome"] == "failed")
    stack.emulator.control.clear_faults()
    assert stack.json("resume", run["run_id"], "--auto-approve")["status"] == "succeeded"
    assert stack.json("verify", "-e", "dev")["matches"] is True


def test_a_longer_run_than_the_timeout_blocks_it(stack: Aws, tmp_path: Path) -> None:
    stack.client("lambda").invoke(FunctionName=NAME, Payload=b'{"sleep_ms": 1200}')
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {timeout: {target_s: 1}}")
    (change,) = changes(stack.json("plan", "-e", "dev", "--policy", str(policy)), "timeout")
    # How long it takes on a busy machine is not told to the second.
    assert re.search(r"a run of \d+\.\d s was seen", change["blocked"])
    assert change["evidence"][0]["source"] == "CloudWatch Duration Maximum"
    plan = stack.json("plan", "-e", "dev", "--policy", str(policy), "--force", f"{NAME}:timeout")
    (forced,) = changes(plan, "timeout")
    assert forced["blocked"] is None
    assert forced["risk"] == "high"


def test_a_reservation_that_starves_the_pool_is_blocked(stack: Aws) -> None:
    stack.emulator.control.set_account_limit(stack.account, 120)
    assert blocked(stack, "reserved-concurrency") == (
        "120 limit - 0 reserved - 50 more = 70, and AWS keeps 100 unreserved"
    )


def test_reservations_of_others_are_counted(stack: Aws, deploy: Deploy) -> None:
    deploy("other")
    stack.emulator.control.set_account_limit(stack.account, 200)
    stack.client("lambda").put_function_concurrency(FunctionName="other", ReservedConcurrentExecutions=60)
    assert "200 limit - 60 reserved - 50 more = 90" in blocked(stack, "reserved-concurrency")


def test_a_shorter_retention_is_kept(stack: Aws) -> None:
    stack.client("logs").put_retention_policy(logGroupName=f"/aws/lambda/{NAME}", retentionInDays=3)
    plan = stack.json("plan", "-e", "dev", "--rules", "log-retention")
    assert plan["summary"]["changes"] == 0
    assert plan["functions"][0]["kept"][0]["value"] == 3


def test_a_group_that_does_not_exist_is_made_with_retention_and_taken_away_again(aws: Aws, deploy: Deploy) -> None:
    deploy("quiet")
    before = aws.snapshot()
    run = aws.json(
        "apply", "--function", "quiet", "--preset", "reference", "--rules", "log-retention", "--auto-approve"
    )
    (group,) = aws.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/quiet", 7)
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []


def test_a_missing_secret_blocks_only_its_variable(stack: Aws) -> None:
    secrets = stack.client("secretsmanager")
    secrets.delete_secret(SecretId="api-key-dev", ForceDeleteWithoutRecovery=True)
    run = stack.json("apply", "-e", "dev", "--auto-approve")
    ended = {o["setting"]: o for o in run["outcomes"]}
    assert ended["environment.API_KEY"]["outcome"] == "blocked"
    assert ended["environment.API_KEY"]["detail"] == "there is no secret api-key-dev"
    assert ended["environment.DATABASE_URL"]["outcome"] == "applied"


def test_other_sources_and_overwriting_with_the_old_value_back(stack: Aws, tmp_path: Path) -> None:
    stack.client("secretsmanager").create_secret(Name="app", SecretString=json.dumps({"url": "from-json"}))
    stack.client("ssm").put_parameter(Name="/app/token", Value="from-ssm", Type="SecureString")
    functions = stack.client("lambda")
    functions.update_function_configuration(
        FunctionName=NAME, Environment={"Variables": {"URL": "the user's", "LOG_LEVEL": "INFO"}}
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    before = stack.snapshot()
    policy = tmp_path / "policy.yaml"
    sources = "{URL: 'secretsmanager:app#url', TOKEN: 'ssm:/app/token'}"
    policy.write_text(f"rules: {{environment: {{variables: {sources}, overwrite: true, mode: value}}}}")
    arguments = ["-e", "dev", "--policy", str(policy)]
    run = stack.json("apply", *arguments, "--auto-approve")
    variables = functions.get_function(FunctionName=NAME)["Configuration"]["Environment"]["Variables"]
    assert variables == {"URL": "from-json", "TOKEN": "from-ssm", "LOG_LEVEL": "INFO"}
    stack.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, stack.snapshot()) == []


def test_reference_mode_sets_only_the_arn(stack: Aws, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {environment: {variables: {KEY: 'secretsmanager:api-key-{suffix}'}, mode: reference}}")
    stack.run("apply", "-e", "dev", "--policy", str(policy), "--auto-approve")
    variables = stack.client("lambda").get_function(FunctionName=NAME)["Configuration"]["Environment"]["Variables"]
    assert variables["KEY"].startswith("arn:aws:secretsmanager:us-east-1:")
    assert not stack.control.calls()["secretsmanager:GetSecretValue"]


def test_a_role_that_may_not_send_blocks_and_may_be_helped(stack: Aws, tmp_path: Path) -> None:
    stack.client("iam").delete_role_policy(RoleName="lambda-role-dev", PolicyName="lambda-policy-sqs-dev")
    assert "the role may not send to it" in blocked(stack, "dead-letter-queue")
    before = stack.snapshot()
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {dead-letter-queue: {queue: 'lambda-dlq-{suffix}', add_permission: true}}")
    run = stack.json("apply", "-e", "dev", "--policy", str(policy), "--auto-approve")
    assert run["status"] == "succeeded"
    stack.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, stack.snapshot()) == []


def test_an_existing_queue_is_used_as_it_is_and_survives_rollback(stack: Aws) -> None:
    queue = stack.client("sqs")
    queue.create_queue(QueueName="lambda-dlq-dev", Attributes={"MessageRetentionPeriod": "60"})
    before = stack.snapshot()
    run = stack.json("apply", "-e", "dev", "--rules", "dead-letter-queue", "--auto-approve")
    assert not stack.control.writes()["sqs:CreateQueue"] - 1  # only the one above
    stack.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, stack.snapshot()) == []


def test_the_users_own_dead_letter_queue_is_kept(stack: Aws) -> None:
    queue = stack.client("sqs")
    url = queue.create_queue(QueueName="theirs")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    stack.client("iam").put_role_policy(RoleName="lambda-role-dev", PolicyName="theirs", PolicyDocument=document)
    functions = stack.client("lambda")
    functions.update_function_configuration(FunctionName=NAME, DeadLetterConfig={"TargetArn": arn})
    functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    plan = stack.json("plan", "-e", "dev", "--rules", "dead-letter-queue")
    assert plan["functions"][0]["kept"][0]["value"] == arn


def test_an_alarm_that_differs_is_changed_and_put_back(stack: Aws) -> None:
    stack.client("cloudwatch").put_metric_alarm(
        AlarmName="lambda-duration-dev", Namespace="AWS/Lambda", MetricName="Duration", Statistic="Average", Period=60,
        EvaluationPeriods=3, Threshold=5.0, ComparisonOperator="GreaterThanOrEqualToThreshold",
        Dimensions=[{"Name": "FunctionName", "Value": NAME}], AlarmActions=["arn:aws:sns:us-east-1:1:ops"],
    )  # fmt: skip
    before = stack.snapshot()
    run = stack.json("apply", "-e", "dev", "--rules", "alarms", "--auto-approve")
    (alarm,) = stack.client("cloudwatch").describe_alarms(AlarmNames=["lambda-duration-dev"])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (20_000, ["arn:aws:sns:us-east-1:1:ops"])
    stack.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, stack.snapshot()) == []


def test_a_function_that_another_hand_changes_during_the_run_is_left_alone(stack: Aws) -> None:
    """The race is made by a plan that is older than the change, without the check that a saved plan gets."""
    from lambda_tailor.cli.session import Session

    session = Session.from_arguments({"suffix": "dev"})
    plan = session.plan()
    functions = stack.client("lambda")
    functions.update_function_configuration(FunctionName=NAME, Description="by another hand")
    functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    assert session.apply(plan, saved=False, auto_approve=True) == 1
    configuration = functions.get_function(FunctionName=NAME)["Configuration"]
    assert (configuration["MemorySize"], configuration["Description"]) == (3008, "by another hand")


def test_rollback_leaves_what_another_hand_changed_since(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    stack.client("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=7)
    run = stack.json("rollback", "latest", "--auto-approve", exit_code=1)
    failed = [o for o in run["outcomes"] if o["outcome"] == "failed"]
    assert [o["rule"] for o in failed] == ["reserved-concurrency"]
    assert "another hand changed reserved_concurrency" in failed[0]["detail"]
    found = stack.client("lambda").get_function(FunctionName=NAME)
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 7
    assert found["Configuration"]["MemorySize"] == 3008


def test_caps_refuse_before_the_first_write(stack: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("another", MemorySize=256)
    stack.control.reset()
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {memory: {target_mb: 1024}}\ncaps: {max_functions: 1}\n")
    result = stack.run("apply", "--all", "--policy", str(policy), "--auto-approve", exit_code=1)
    assert "changes 2 functions and the policy's max_functions is 1" in result.stderr
    assert not stack.control.writes()


def test_functions_are_chosen_by_pattern_and_by_tag(aws: Aws, deploy: Deploy) -> None:
    deploy("pay-in", Tags={"team": "core"})
    deploy("pay-out", Tags={"team": "edge"})
    deploy("other", Tags={"team": "core"})

    def chosen(*arguments: str) -> list[str]:
        return sorted(f["name"] for f in aws.json("plan", *arguments, "--rules", "memory")["functions"])

    assert chosen("--name-pattern", "pay-*") == ["pay-in", "pay-out"]
    assert chosen("--tag", "team=core") == ["other", "pay-in"]
    assert chosen("--name-pattern", "pay-*", "--tag", "team=core") == ["pay-in"]
    assert chosen("--all") == ["other", "pay-in", "pay-out"]


def test_a_function_called_through_an_alias_is_told_so(stack: Aws) -> None:
    functions = stack.client("lambda")
    version = functions.publish_version(FunctionName=NAME)["Version"]
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    plan = stack.json("plan", "-e", "dev")
    assert any("only $LATEST changes: callers of live" in note for note in plan["functions"][0]["notes"])

"""Exactly the printed policy is enough, and each of its actions is needed: IAM is enforced in an AWS of its own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lambda_tailor.aws.faults import iam_action
from lambda_tailor.cli.commands import main
from lambda_tailor.demo.snapshot import differences
from lambda_tailor.settings.setting import Call
from tests.integration.guarded import ACCOUNT, NAME, Document, Guarded, printed, started, without

CONFIGURATION = {"memory", "timeout", "environment", "tracing", "dead-letter-queue", "shared-layer"}
TEN = CONFIGURATION | {"reserved-concurrency", "log-retention", "alarms", "deployment-bucket-versioning"}


def actions(document: Document) -> list[str]:
    return sorted({action for statement in document["Statement"] for action in statement["Action"]})


# Where a read is refused, the rules that cannot judge without it; all others propose as before.
BLOCKED_BY = {
    "cloudwatch:DescribeAlarms": {"alarms"},
    "iam:SimulatePrincipalPolicy": {"dead-letter-queue", "tracing"},
    "lambda:GetAccountSettings": {"reserved-concurrency"},
    "lambda:ListLayerVersions": {"shared-layer"},
    # A legal hold is a tag.
    "lambda:ListTags": {"log-retention"},
    "tag:GetResources": {"log-retention"},
    "logs:DescribeLogGroups": {"log-retention"},
    "s3:GetBucketVersioning": {"deployment-bucket-versioning"},
    "s3:ListAllMyBuckets": {"deployment-bucket-versioning"},
    "secretsmanager:GetSecretValue": {"environment"},
    "sqs:GetQueueAttributes": {"dead-letter-queue"},
    # Without these the plan rests on less, and says so.
    "cloudwatch:GetMetricData": set(),
    "lambda:ListAliases": set(),
    "cloudwatch:ListMetrics": set(),
    "lambda:GetFunctionEventInvokeConfig": set(),
    "lambda:ListEventSourceMappings": set(),
    "lambda:ListProvisionedConcurrencyConfigs": set(),
    "logs:FilterLogEvents": set(),
    "s3:GetLifecycleConfiguration": set(),
    "logs:GetQueryResults": set(),
    "logs:StartQuery": set(),
    # By master, for Lambda@Edge.
    "lambda:ListFunctions": set(),
}
# Where a write is refused, the rules whose changes are not made.
FAILED_BY = {
    "cloudwatch:PutMetricAlarm": {"alarms"},
    # What AWS refuses of a function's configuration does not take the rest with it.
    "lambda:GetLayerVersion": {"shared-layer"},
    "lambda:UpdateFunctionConfiguration": CONFIGURATION,
    "lambda:PutFunctionConcurrency": {"reserved-concurrency"},
    "logs:CreateLogGroup": {"log-retention"},
    "logs:PutRetentionPolicy": {"log-retention"},
    "s3:PutBucketVersioning": {"deployment-bucket-versioning"},
    "sqs:CreateQueue": {"dead-letter-queue"},
}
# Where a write is refused that only a rollback makes, the rules whose changes stay.
KEPT_BY = {
    "cloudwatch:DeleteAlarms": {"alarms"},
    "lambda:DeleteFunctionConcurrency": {"reserved-concurrency"},
    "logs:DeleteLogGroup": {"log-retention"},
    "logs:DeleteRetentionPolicy": {"log-retention"},
    "sqs:DeleteQueue": {"dead-letter-queue"},
    "sqs:ListQueueTags": {"dead-letter-queue"},
}
# Where it may not be asked whether anybody uses what the run made, it is kept.
CLAIMED_BY = {
    "lambda:ListEventSourceMappings": {"dead-letter-queue"},
    "lambda:ListFunctionEventInvokeConfigs": {"dead-letter-queue"},
    "logs:DescribeLogStreams": {"log-retention"},
    "logs:DescribeMetricFilters": {"log-retention"},
    "logs:DescribeSubscriptionFilters": {"log-retention"},
}
# AWS asks for them, the emulator does not.
# A plan asks these only where a query is given up, and of functions of which something is told by version.
NOT_ASKED_BY_PLANS = {"logs:StopQuery", "lambda:GetFunctionConfiguration"}
# What a service asks of a customer's own key, on behalf of whoever asks the service.
OF_KEYS_IN_READS = {"kms:Decrypt"}
OF_KEYS = {*OF_KEYS_IN_READS, "kms:Encrypt", "kms:GenerateDataKey"}
NOT_ASKED = {"sqs:ListDeadLetterSourceQueues", "sqs:ReceiveMessage", "sqs:TagQueue", *OF_KEYS}
NEEDS_NO_GROUP = {"logs:CreateLogGroup", "logs:DeleteLogGroup"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with started(tmp_path_factory.mktemp("guarded")) as aws:
        yield aws


def said(plan: Any) -> list[str]:
    """Every sentence of a plan that tells why something is not known or not done."""
    changes = [change for function in plan["functions"] for change in function["changes"]]
    told = [change["blocked"] for change in changes if change["blocked"]]
    problems = [problem["because"] for problem in plan["problems"]]
    return [*told, *problems, *plan["assumptions"]["evidence"]["not_read"]]


def pending(plan: Any) -> set[str]:
    return {c["rule"] for f in plan["functions"] for c in f["changes"] if not c["blocked"] and c["kind"] == "change"}


def test_without_any_permission_one_sentence_names_the_first_that_is_missing(guarded: Guarded) -> None:
    guarded.allow({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
    result = guarded.run("plan", "-e", "dev", exit_code=1)
    assert "lambda:GetFunction is not allowed on arn:aws:lambda:us-east-1:" in result.output
    assert "'lambda-tailor iam-policy' prints what is needed" in result.output


@pytest.mark.parametrize("group", [True, False], ids=["log group there", "log group absent"])
def test_exactly_the_printed_policy_is_enough_for_everything(guarded: Guarded, group: bool) -> None:
    guarded.log_group(exists=group)
    guarded.allow(printed())
    guarded.control.reset()
    plan = guarded.json("plan", "-e", "dev")
    assert pending(plan) == TEN
    run = guarded.json("apply", "-e", "dev", "--auto-approve")
    assert run["summary"]["failed"] == run["summary"]["blocked"] == 0
    assert guarded.json("verify", "-e", "dev")["matches"] is True
    undone = guarded.json("rollback", run["run_id"], "--auto-approve")
    assert not [(o["rule"], o["detail"]) for o in undone["outcomes"] if o["outcome"] == "failed"]
    assert not guarded.refused()


def test_a_policy_for_plans_is_enough_for_a_plan_and_for_no_write(guarded: Guarded) -> None:
    guarded.log_group(exists=True)
    guarded.allow(printed("--plan"))
    guarded.control.reset()
    assert pending(guarded.json("plan", "-e", "dev")) == TEN
    assert not guarded.refused()
    before = guarded.seen_by_root()
    guarded.run("apply", "-e", "dev", "--auto-approve", exit_code=1)
    assert differences(before, guarded.seen_by_root()) == []


def test_every_action_of_the_policy_is_taken_away_once() -> None:
    tried = {*NOT_ASKED_BY_PLANS, *BLOCKED_BY, *FAILED_BY, *KEPT_BY, *CLAIMED_BY, *NOT_ASKED, "lambda:GetFunction"}
    assert sorted(tried) == actions(printed())
    reads = {*BLOCKED_BY, *NOT_ASKED_BY_PLANS, *OF_KEYS_IN_READS, "lambda:GetFunction"}
    assert sorted(reads) == actions(printed("--plan"))


@pytest.mark.parametrize("action", BLOCKED_BY)
def test_a_read_that_is_refused_is_named_and_the_other_rules_judge(guarded: Guarded, action: str) -> None:
    guarded.log_group(exists=True)
    guarded.allow(without(printed(), action))
    plan = guarded.json("plan", "-e", "dev")
    assert any(f"{action} is not allowed" in sentence for sentence in said(plan)), said(plan)
    assert pending(plan) == TEN - BLOCKED_BY[action]


@pytest.mark.parametrize("action", FAILED_BY)
def test_a_write_that_is_refused_is_named_and_the_other_changes_are_made(guarded: Guarded, action: str) -> None:
    guarded.log_group(exists=action not in NEEDS_NO_GROUP)
    guarded.allow(without(printed(), action))
    run = guarded.json("apply", "-e", "dev", "--auto-approve", exit_code=1)
    failed = [o for o in run["outcomes"] if o["outcome"] == "failed"]
    assert {o["rule"] for o in failed} == FAILED_BY[action]
    assert all(f"{action} is not allowed" in o["detail"] for o in failed)
    assert {o["rule"] for o in run["outcomes"] if o["outcome"] == "applied"} == TEN - FAILED_BY[action]
    guarded.allow(printed())
    guarded.run("rollback", run["run_id"], "--auto-approve")


@pytest.mark.parametrize("action", KEPT_BY)
def test_a_rollback_that_is_refused_is_named_and_the_rest_is_put_back(guarded: Guarded, action: str) -> None:
    guarded.log_group(exists=action not in NEEDS_NO_GROUP)
    guarded.allow(without(printed(), action))
    run = guarded.json("apply", "-e", "dev", "--auto-approve")
    undone = guarded.json("rollback", run["run_id"], "--auto-approve", exit_code=1)
    failed = [o for o in undone["outcomes"] if o["outcome"] == "failed"]
    assert {o["rule"] for o in failed} == KEPT_BY[action]
    assert all(f"{action} is not allowed" in o["detail"] for o in failed)
    assert {o["rule"] for o in undone["outcomes"] if o["outcome"] == "rolled-back"} >= TEN - KEPT_BY[action]
    guarded.allow(printed())
    guarded.run("rollback", run["run_id"], "--auto-approve")


@pytest.mark.parametrize("action", CLAIMED_BY)
def test_what_may_not_be_asked_about_is_kept_and_told(guarded: Guarded, action: str) -> None:
    guarded.log_group(exists=not action.startswith("logs:"))
    guarded.allow(printed())
    run = guarded.json("apply", "-e", "dev", "--auto-approve")
    guarded.allow(without(printed(), action))
    undone = guarded.json("rollback", run["run_id"], "--auto-approve", exit_code=None)
    kept = [o for o in undone["outcomes"] if o["outcome"] == "blocked"]
    assert {o["rule"] for o in kept} == CLAIMED_BY[action]
    assert all(f"{action} is not allowed" in o["detail"] for o in kept)
    # What was kept would be there before the next run.
    for url in guarded.as_root("sqs").list_queues(QueueNamePrefix="lambda-dlq-dev").get("QueueUrls", []):
        guarded.as_root("sqs").delete_queue(QueueUrl=url)


def test_a_function_that_may_not_be_read_is_a_problem_of_its_own(guarded: Guarded) -> None:
    guarded.allow(without(printed(), "lambda:GetFunction"))
    plan = guarded.json("plan", "-e", "dev", exit_code=1)
    (problem,) = plan["problems"]
    assert problem["subject"] == NAME
    assert "lambda:GetFunction is not allowed" in problem["because"]


# What this policy allows and a small function without provisioned concurrency or logs does not come to need.
NOT_SEEN = {
    # No API's permission is in its policy.
    "apigateway:GET",
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:PutScheduledAction",
    "lambda:DeleteProvisionedConcurrencyConfig",
    "lambda:GetProvisionedConcurrencyConfig",
    "lambda:PutProvisionedConcurrencyConfig",
    # AWS looks at it when a layer is attached.
    "lambda:GetLayerVersion",
    # Of few layers each is asked for by its name.
    "lambda:ListLayers",
    "logs:GetQueryResults",
    "logs:StartQuery",
    *NOT_ASKED_BY_PLANS,
    *OF_KEYS,
    "sqs:ListQueues",
    # It comes with CreateQueue.
    "sqs:TagQueue",
    "lambda:UpdateFunctionEventInvokeConfig",
    # Nothing is scaled there.
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScheduledActions",
}
EVERY_RULE = """
rules:
  memory: {target_mb: 256}
  timeout: {target_s: 20}
  reserved-concurrency: {target: 10}
  log-retention: {days: 7}
  environment: {mode: value, variables: {TOKEN: "ssm:/app/{function}/token"}}
  tracing: {mode: Active}
  dead-letter-queue: {queue: "{function}-dlq", add_permission: true}
  alarms: {error_rate_percent: 1, duration_ms: 1000}
  deployment-bucket-versioning: {bucket: "lambda-deployment-dev", noncurrent_days: 90}
  shared-layer: {layer: "lambda-layer-shared-dev"}
  architecture: {}
  async-retries: {retries: 0}
  ephemeral-storage: {}
  log-format: {}
  log-class: {}
  old-versions: {keep: 1, prune: true}
  provisioned-concurrency: {}
  sqs-visibility: {fix: true}
  unbounded-recursion: {terminate: true}
  idle-function: {}
  runtime-end-of-life: {}
  application-log-level: {}
  event-source-batching: {}
  event-source-concurrency: {target: 5}
  provisioned-concurrency-schedule: {}
  public-access: {}
  poison-pills: {fix: true, retries: 3}
  money-lost: {}
overrides:
  - name: "*"
    rules: {memory: {from_evidence: true}, timeout: {from_evidence: true}}
"""


@pytest.fixture
def orders(guarded: Guarded, tmp_path: Path) -> str:
    """A function with all that there can be around one, chosen by pattern; the policy file that asks every rule."""
    functions = guarded.as_root("lambda")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("index.py", "def handler(event, context):\n    return event\n")
    functions.create_function(
        FunctionName="orders", Runtime="python3.12", Handler="index.handler", Role=role(guarded),
        Code={"ZipFile": packed.getvalue()}, MemorySize=512, Timeout=10,
    )  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName="orders")
    for text in ("one", "two", "three"):
        functions.update_function_configuration(FunctionName="orders", Description=text)
        functions.get_waiter("function_updated_v2").wait(FunctionName="orders")
        functions.publish_version(FunctionName="orders")
    functions.put_function_recursion_config(FunctionName="orders", RecursiveLoop="Allow")
    queue = guarded.as_root("sqs").create_queue(QueueName="orders-in")["QueueUrl"]
    attributes = guarded.as_root("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    source = attributes["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(FunctionName="orders", EventSourceArn=source)
    guarded.as_root("ssm").put_parameter(Name="/app/orders/token", Value="t", Type="SecureString")
    at = datetime.now(UTC) - timedelta(days=1)
    for metric in ("Invocations", "AsyncEventsReceived"):
        dimensions = [{"Name": "FunctionName", "Value": "orders"}]
        datum = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": at, "Value": 100.0}
        guarded.as_root("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
    policy = tmp_path / "every.yaml"
    policy.write_text(EVERY_RULE)
    return str(policy)


def role(guarded: Guarded) -> str:
    assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    arn: str = guarded.as_root("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


def test_the_printed_policy_is_enough_for_every_rule_and_a_deep_look(guarded: Guarded, orders: str) -> None:
    asked = ["--name-pattern", "orders*", "--policy", orders, "--deep"]
    result = CliRunner().invoke(main, ["iam-policy", *asked, "--account", ACCOUNT, "--region", "us-east-1"])
    document = json.loads(result.stdout)
    guarded.allow(document)
    guarded.control.reset()
    run = guarded.json("apply", *asked, "--auto-approve", exit_code=None)
    failed = [(outcome["rule"], outcome["detail"]) for outcome in run["outcomes"] if outcome["outcome"] == "failed"]
    assert not failed
    undone = guarded.json("rollback", run["run_id"], "--auto-approve", exit_code=None)
    assert not [(o["rule"], o["detail"]) for o in undone["outcomes"] if o["outcome"] == "failed"]
    assert not guarded.refused()
    used = {iam_action(Call(*name.split(":"), {})) for _, _, name, _ in guarded.control.log()}
    assert used - set(actions(document)) == {"sts:GetCallerIdentity"}
    unused = set(actions(document)) - used
    assert sorted(unused ^ NOT_SEEN) == []

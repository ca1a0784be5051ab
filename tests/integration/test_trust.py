"""Other hands, field by field: what is put back, what is left, what AWS refuses in part; each red without its guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.own_tree import environment

NAME = "lambda-function-dev"
UPDATE = "lambda:UpdateFunctionConfiguration"
Deploy = Callable[..., dict[str, Any]]


def outcomes(run: Mapping[str, Any]) -> dict[str, str]:
    return {o["rule"]: o["outcome"] for o in run["outcomes"]}


def settle(aws: Aws) -> Any:
    functions = aws.client("lambda")
    functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    return functions.get_function(FunctionName=NAME)


def by_hand(aws: Aws, **changed: Any) -> None:
    settle(aws)
    aws.client("lambda").update_function_configuration(FunctionName=NAME, **changed)
    settle(aws)


def test_what_is_as_before_already_does_not_keep_the_rest_from_going_back(stack: Aws) -> None:
    before = stack.snapshot()
    stack.run("apply", "-e", "dev", "--auto-approve")
    # As an ordinary 'terraform apply' reverts the memory only.
    by_hand(stack, MemorySize=3008)
    run = stack.json("rollback", "latest", "--auto-approve")
    assert run["summary"]["failed"] == 0
    assert stack.snapshot() == before


def test_what_another_hand_changed_is_left_and_told_and_the_rest_goes_back(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    by_hand(stack, MemorySize=777)
    run = stack.json("rollback", "latest", "--auto-approve", exit_code=1)
    failed = [o for o in run["outcomes"] if o["outcome"] == "failed"]
    assert [o["setting"] for o in failed] == ["memory_mb"]
    assert "another hand changed memory_mb" in failed[0]["detail"]
    configuration = settle(stack)["Configuration"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (777, 300)
    assert configuration["TracingConfig"]["Mode"] == "PassThrough"
    assert not configuration.get("DeadLetterConfig")


@pytest.fixture
def refusing(stack: Aws) -> Iterator[Aws]:
    """The role is only let send to the queue by the run itself, and Lambda hears of it late."""
    iam = stack.client("iam")
    role = "lambda-role-dev"
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if "sqs" in name.lower() or "dlq" in name.lower():
            iam.delete_role_policy(RoleName=role, PolicyName=name)
    yield stack
    stack.control.set_iam_delay(stack.account, 0.0)


def policy(tmp_path: Any, more: str = "") -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "rules:\n  memory: {target_mb: 1024}\n  timeout: {target_s: 30}\n"
        f"  dead-letter-queue: {{queue: 'lambda-dlq-{{suffix}}', add_permission: true}}\n{more}"
    )
    return str(file)


def test_a_permission_that_was_just_given_is_waited_for(refusing: Aws, tmp_path: Any) -> None:
    refusing.control.set_iam_delay(refusing.account, 3.0)
    refusing.control.reset()
    run = refusing.json("apply", "-e", "dev", "--policy", policy(tmp_path), "--auto-approve")
    assert run["summary"]["failed"] == 0
    configuration = settle(refusing)["Configuration"]
    assert configuration["DeadLetterConfig"]["TargetArn"].endswith("lambda-dlq-dev")
    refused = [entry for entry in refusing.control.log() if entry[2] == UPDATE and entry[3] == 400]
    assert len(refused) >= 2


def test_what_is_refused_does_not_take_the_rest_with_it(
    refusing: Aws, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_tailor.applying.apply_operation._PERMISSION_AFTER_S", (0.1, 0.1))
    before = refusing.snapshot()
    refusing.control.set_iam_delay(refusing.account, 3600.0)
    run = refusing.json("apply", "-e", "dev", "--policy", policy(tmp_path), "--auto-approve", exit_code=1)
    assert outcomes(run)["memory"] == outcomes(run)["timeout"] == "applied"
    assert outcomes(run)["dead-letter-queue"] == "failed"
    configuration = settle(refusing)["Configuration"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (1024, 30)
    assert not configuration.get("DeadLetterConfig")
    # Once it is known, the same run is finished, and then put back whole.
    refusing.control.set_iam_delay(refusing.account, 0.0)
    assert refusing.json("resume", run["run_id"], "--auto-approve")["status"] == "succeeded"
    assert settle(refusing)["Configuration"]["DeadLetterConfig"]["TargetArn"].endswith("lambda-dlq-dev")
    assert refusing.json("rollback", run["run_id"], "--auto-approve")["summary"]["failed"] == 0
    assert refusing.snapshot() == before


def test_logs_that_are_deleted_for_good_are_told_before_and_after(stack: Aws) -> None:
    plan = stack.json("plan", "-e", "dev")
    change = next(c for f in plan["functions"] for c in f["changes"] if c["rule"] == "log-retention")
    assert "those older than 7 days are deleted for good" in change["reason"]
    stack.run("apply", "-e", "dev", "--auto-approve")
    run = stack.json("rollback", "latest", "--auto-approve")
    told = next(o for o in run["outcomes"] if o["rule"] == "log-retention")
    assert told["outcome"] == "rolled-back"
    assert "do not come back" in told["detail"]


def looked_and_wrote(aws: Aws, look: str, write: str) -> list[str]:
    return [name for _, _, name, _ in aws.control.log() if name in (look, write)]


@pytest.mark.parametrize(
    ("look", "write", "hand"),
    [
        ("cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm", "alarm"),
        ("logs:DescribeLogGroups", "logs:PutRetentionPolicy", "retention"),
        ("lambda:GetFunction", "lambda:PutFunctionConcurrency", "concurrency"),
    ],
)
def test_a_write_that_was_refused_for_its_pace_is_looked_at_again(
    stack: Aws, look: str, write: str, hand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_tailor.applying.looks.LOOK_S", 0.2)
    monkeypatch.setattr("lambda_tailor.applying.apply_operation.LOOK_S", 0.2)
    stack.control.fail(operation=write, kind="throttle", times=2, account=stack.account)
    stack.control.reset()
    stack.run("apply", "-e", "dev", "--auto-approve")
    order = looked_and_wrote(stack, look, write)
    first = order.index(write)
    assert order[first + 1 :].count(write) >= 2
    # Between the write that was refused and the one that was not lies another look.
    assert look in order[first : len(order) - order[::-1].index(write)]


QUEUE = "lambda-dlq-dev"


def queue_of(aws: Aws) -> str:
    url: str = aws.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    return url


def arn_of(aws: Aws) -> str:
    return f"arn:aws:sqs:us-east-1:{aws.account}:{QUEUE}"


def another_that_may_send(aws: Aws, deploy: Deploy) -> None:
    import json

    deploy("another")
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="may-send", PolicyDocument=document)


def used_by_a_function(aws: Aws, deploy: Deploy) -> None:
    another_that_may_send(aws, deploy)
    aws.client("lambda").update_function_configuration(
        FunctionName="another", DeadLetterConfig={"TargetArn": arn_of(aws)}
    )


def used_as_a_destination(aws: Aws, deploy: Deploy) -> None:
    another_that_may_send(aws, deploy)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="another", DestinationConfig={"OnFailure": {"Destination": arn_of(aws)}}
    )


def used_by_a_published_version(aws: Aws, _deploy: Deploy) -> None:
    # As a deployment does it: what is live is a version, and $LATEST is put back alone.
    functions = aws.client("lambda")
    settle(aws)
    version = functions.publish_version(FunctionName=NAME)["Version"]
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion=version)


def used_by_a_queue(aws: Aws, _deploy: Deploy) -> None:
    import json

    redrive = json.dumps({"deadLetterTargetArn": arn_of(aws), "maxReceiveCount": 3})
    aws.client("sqs").create_queue(QueueName="source", Attributes={"RedrivePolicy": redrive})


def read_by_a_function(aws: Aws, deploy: Deploy) -> None:
    deploy("another")
    aws.client("lambda").create_event_source_mapping(FunctionName="another", EventSourceArn=arn_of(aws), Enabled=False)


def given_a_policy(aws: Aws, _deploy: Deploy) -> None:
    import json

    may = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn_of(aws)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("sqs").set_queue_attributes(QueueUrl=queue_of(aws), Attributes={"Policy": policy})


def given_another_attribute(aws: Aws, _deploy: Deploy) -> None:
    aws.client("sqs").set_queue_attributes(QueueUrl=queue_of(aws), Attributes={"VisibilityTimeout": "77"})


def made_anew(aws: Aws, _deploy: Deploy) -> None:
    import time

    aws.client("sqs").delete_queue(QueueUrl=queue_of(aws))
    time.sleep(1.1)
    attributes = {"MessageRetentionPeriod": str(14 * 86400), "SqsManagedSseEnabled": "true"}
    aws.client("sqs").create_queue(QueueName=QUEUE, Attributes=attributes)


def given_a_message(aws: Aws, _deploy: Deploy) -> None:
    aws.client("sqs").send_message(QueueUrl=queue_of(aws), MessageBody="{}")


CLAIMS: tuple[Callable[[Aws, Deploy], None], ...] = (
    used_by_a_function, used_as_a_destination, used_by_a_published_version, used_by_a_queue, read_by_a_function,
    given_a_policy, given_another_attribute, made_anew, given_a_message,
)  # fmt: skip


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_a_queue_that_a_run_made_stays_where_somebody_has_a_claim_on_it(
    stack: Aws, deploy: Deploy, claim: Callable[[Aws, Deploy], None]
) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    claim(stack, deploy)
    run = stack.json("rollback", "latest", "--auto-approve", exit_code=None)
    told = next(o for o in run["outcomes"] if o["rule"] == "dead-letter-queue")
    assert told["outcome"] == "blocked"
    assert "it is kept" in told["detail"]
    assert "cannot be seen" not in told["detail"]
    assert queue_of(stack)
    # All the rest is as before.
    assert settle(stack)["Configuration"]["MemorySize"] == 3008


def test_a_log_group_that_a_run_made_stays_where_another_function_logs_to_it(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    only = ("--function", "f", "--preset", "reference", "--rules", "log-retention")
    aws.run("apply", *only, "--auto-approve")
    deploy("another", LoggingConfig={"LogGroup": "/aws/lambda/f"})
    run = aws.json("rollback", "latest", "--auto-approve", exit_code=None)
    assert any("another logs to it: it is kept" in o["detail"] for o in run["outcomes"]), run["outcomes"]
    assert [g["logGroupName"] for g in aws.client("logs").describe_log_groups()["logGroups"]] == ["/aws/lambda/f"]


def mapped(aws: Aws, version: str) -> None:
    url = aws.client("sqs").create_queue(QueueName="source")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("lambda").create_event_source_mapping(FunctionName=f"f:{version}", EventSourceArn=arn, Enabled=False)


def granted(aws: Aws, version: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName="f",
        Qualifier=version,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )


def destined(aws: Aws, version: str) -> None:
    aws.client("lambda").put_function_event_invoke_config(FunctionName="f", Qualifier=version, MaximumRetryAttempts=0)


def provisioned(aws: Aws, version: str) -> None:
    aws.client("lambda").put_provisioned_concurrency_config(
        FunctionName="f", Qualifier=version, ProvisionedConcurrentExecutions=1
    )


def pointed_to(aws: Aws, version: str) -> None:
    aws.client("lambda").create_alias(FunctionName="f", Name="theirs", FunctionVersion=version)


@pytest.mark.parametrize("use", [mapped, granted, destined, provisioned, pointed_to], ids=lambda use: use.__name__)
def test_a_version_that_somebody_uses_since_the_plan_is_not_deleted(
    aws: Aws, deploy: Deploy, tmp_path: Any, use: Callable[[Aws, str], None]
) -> None:
    deploy("f", Role=reading_role(aws))
    functions = aws.client("lambda")
    for memory in (256, 512, 1024):
        functions.update_function_configuration(FunctionName="f", MemorySize=memory)
        functions.get_waiter("function_updated_v2").wait(FunctionName="f")
        functions.publish_version(FunctionName="f")
    file = tmp_path / "policy.yaml"
    file.write_text("rules: {old-versions: {keep: 1, prune: true}}\n")
    plan = str(tmp_path / "plan.json")
    aws.run("plan", "--function", "f", "--policy", str(file), "--out", plan)
    use(aws, "1")
    run = aws.json("apply", plan, "--auto-approve", exit_code=None)
    there = {v["Version"] for v in functions.list_versions_by_function(FunctionName="f")["Versions"]}
    # What nobody uses goes.
    assert there == {"$LATEST", "1", "3"}
    assert any(o["outcome"] in ("blocked", "failed") and o["detail"] for o in run["outcomes"]), run


def reading_role(aws: Aws) -> str:
    import json

    may = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="reads", PolicyDocument=document)
    arn: str = aws.client("iam").get_role(RoleName="role")["Role"]["Arn"]
    return arn


@pytest.mark.parametrize("field", ["ApplicationLogLevel", "SystemLogLevel"])
def test_a_log_level_that_another_hand_chose_is_not_lost_with_the_format(
    aws: Aws, deploy: Deploy, tmp_path: Any, field: str
) -> None:
    deploy("f")
    file = tmp_path / "policy.yaml"
    file.write_text("rules: {log-format: {format: JSON}, memory: {target_mb: 256}}\n")
    aws.run("apply", "--function", "f", "--policy", str(file), "--auto-approve")
    functions = aws.client("lambda")
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    chosen = {"LogFormat": "JSON", field: "WARN"}
    functions.update_function_configuration(FunctionName="f", LoggingConfig=chosen)
    run = aws.json("rollback", "latest", "--auto-approve", exit_code=1)
    found = functions.get_function_configuration(FunctionName="f")
    assert chosen.items() <= found["LoggingConfig"].items(), (found["LoggingConfig"], run["outcomes"])
    assert found["MemorySize"] == 128
    told = [(o["setting"], o["outcome"], o["detail"]) for o in run["outcomes"]]
    assert any("another hand" in detail for _, _, detail in told), told


def test_what_was_never_sent_is_not_put_back(stack: Aws) -> None:
    """A run dies before its queue was made, and somebody else makes one of that name."""
    import subprocess
    import sys
    import time

    stack.control.fail(operation="sqs:CreateQueue", kind="hang", account=stack.account)
    process = subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", "apply", "-e", "dev", "--auto-approve", "-q"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while stack.control.held() != ["sqs:CreateQueue"] and time.monotonic() < until:
        time.sleep(0.01)
    assert stack.control.held() == ["sqs:CreateQueue"]
    process.kill()
    process.wait()
    attributes = {"MessageRetentionPeriod": str(14 * 86400), "SqsManagedSseEnabled": "true"}
    stack.client("sqs").create_queue(QueueName=QUEUE, Attributes=attributes)
    stack.control.clear_faults()
    run = stack.json("runs")["runs"][0]["run_id"]
    undone = stack.json("rollback", run, "--auto-approve", exit_code=None)
    assert queue_of(stack)
    told = next(o for o in undone["outcomes"] if o["rule"] == "dead-letter-queue")
    assert "another hand made" in told["detail"]


def test_what_logs_aborts_since_another_hand_was_at_it_is_sent_again(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/f")
    aws.control.fail(operation="logs:PutRetentionPolicy", kind="race", times=2, account=aws.account)
    run = aws.json("apply", "--function", "f", "--preset", "reference", "--rules", "log-retention", "--auto-approve")
    assert aws.control.struck().count("logs:PutRetentionPolicy") == 2
    assert run["summary"]["applied"] == 1
    assert run["api_calls"]["logs:PutRetentionPolicy"] == 3


def test_a_dead_letter_queue_that_was_deleted_a_moment_ago_is_waited_for(stack: Aws) -> None:
    only = ("-e", "dev", "--rules", "dead-letter-queue", "--auto-approve")
    stack.run("apply", *only)
    stack.control.set_queue_rest(stack.account, 3)
    stack.run("rollback", "latest", "--auto-approve")
    stack.control.reset()
    run = stack.json("apply", *only)
    assert run["summary"]["failed"] == 0
    made = [status for _, _, name, status in stack.control.log() if name == "sqs:CreateQueue"]
    # Refused at least once, and made in the end.
    assert made[-1] == 200 and made[:-1] and set(made[:-1]) == {400}

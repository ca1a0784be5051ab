"""On-failure destinations: refused as AWS refuses them, proposed, applied with what they need, and put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]


def let_send(aws: Aws, action: str, resource: str) -> None:
    may = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="send", PolicyDocument=document)


def test_a_destination_needs_the_roles_permission(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    topic = aws.client("sns").create_topic(Name="failures")["TopicArn"]
    given = {"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": topic}}}
    with pytest.raises(ClientError, match="does not have permissions to call Publish on arn:aws:sns"):
        functions.put_function_event_invoke_config(**given)
    with pytest.raises(ClientError, match=r"not have permissions|ResourceNotFound"):
        functions.update_function_event_invoke_config(**given)
    let_send(aws, "sns:Publish", topic)
    functions.put_function_event_invoke_config(**given)


def test_failed_events_go_to_a_new_queue_with_their_errors_and_all_is_put_back(
    aws: Aws, deploy: Deploy, tmp_path: Path
) -> None:
    deploy("f")
    before = aws.snapshot()
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {dead-letter-queue: {queue: 'f-failed', kind: destination, add_permission: true}}")
    asked = ("--function", "f", "--policy", str(policy))
    run = aws.json("apply", *asked, "--auto-approve")
    assert [(each["setting"], each["outcome"]) for each in run["outcomes"]] == [("on_failure_destination", "applied")]
    found = aws.client("lambda").get_function_event_invoke_config(FunctionName="f")["DestinationConfig"]
    arn = f"arn:aws:sqs:us-east-1:{aws.account}:f-failed"
    assert found["OnFailure"]["Destination"] == arn
    assert "DeadLetterConfig" not in aws.client("lambda").get_function(FunctionName="f")["Configuration"]
    aws.control.reset()
    again = aws.json("plan", *asked)["functions"][0]
    assert [(each["value"], each["because"]) for each in again["kept"]] == [(arn, "as wanted")]
    aws.run("apply", *asked, "--auto-approve")
    assert not aws.control.writes()
    assert aws.json("verify", *asked)["matches"] is True
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []


def test_a_topic_takes_the_failures_and_where_successes_go_stays(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("f")
    failures, done = (aws.client("sns").create_topic(Name=name)["TopicArn"] for name in ("failures", "done"))
    let_send(aws, "sns:Publish", "*")
    functions = aws.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=1, DestinationConfig={"OnSuccess": {"Destination": done}}
    )
    before = aws.snapshot()
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"rules: {{dead-letter-queue: {{kind: destination, destination: '{failures}'}}}}")
    run = aws.json("apply", "--function", "f", "--policy", str(policy), "--auto-approve")
    assert run["summary"]["applied"] == 1
    found = functions.get_function_event_invoke_config(FunctionName="f")
    sent = {kind: to["Destination"] for kind, to in found["DestinationConfig"].items() if to}
    assert (sent, found["MaximumRetryAttempts"]) == ({"OnSuccess": done, "OnFailure": failures}, 1)
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []


def test_the_printed_policy_has_what_destinations_take(aws: Aws, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {dead-letter-queue: {queue: f-failed, kind: destination}}")
    asked = ("iam-policy", "--function", "f", "--account", aws.account, "--region", "us-east-1")
    document = json.loads(aws.run(*asked, "--policy", str(policy)).stdout)
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert {"lambda:PutFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig"} <= actions
    assert "lambda:UpdateFunctionConfiguration" not in actions

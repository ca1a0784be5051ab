"""What AWS refuses for want of a role's permission, and IAM's simulation of several resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.lookups import look_up
from lambda_tailor.aws.scopes import open_scope
from lambda_tailor.model.function import Found, Lookup
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]


def allow(aws: Aws, action: str | list[str], resource: str | list[str] = "*") -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="may", PolicyDocument=document)


def test_active_tracing_is_refused_with_all_else_in_the_same_update(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    asked = {"FunctionName": "f", "MemorySize": 256, "TracingConfig": {"Mode": "Active"}}
    with pytest.raises(ClientError, match="PutTraceSegments on XRAY"):
        functions.update_function_configuration(**asked)
    assert functions.get_function_configuration(FunctionName="f")["MemorySize"] == 128
    allow(aws, "xray:PutTraceSegments")
    assert functions.update_function_configuration(**asked)["MemorySize"] == 256


def test_a_simulation_answers_for_every_action_and_resource(aws: Aws, deploy: Deploy) -> None:
    role = deploy("f")["Role"]
    queues = [f"arn:aws:sqs:us-east-1:{aws.account}:{name}" for name in ("one", "two")]
    allow(aws, "sqs:SendMessage", queues[1])
    asked = {"PolicySourceArn": role, "ActionNames": ["sqs:SendMessage", "sqs:ReceiveMessage"], "ResourceArns": queues}
    results = aws.client("iam").simulate_principal_policy(**asked)["EvaluationResults"]
    decided = {(r["EvalActionName"], r["EvalResourceName"]): r["EvalDecision"] for r in results}
    assert [pair for pair, decision in decided.items() if decision == "allowed"] == [("sqs:SendMessage", queues[1])]
    assert len(decided) == 4


def test_one_simulation_tells_all_that_is_asked_of_a_role(aws: Aws, deploy: Deploy) -> None:
    role = deploy("f")["Role"]
    queues = [f"arn:aws:sqs:us-east-1:{aws.account}:q{n}" for n in range(4)]
    allow(aws, ["sqs:SendMessage", "xray:PutTraceSegments"], ["*"])
    names = [f"{role} sqs:SendMessage {queue}" for queue in queues]
    lookups = {Lookup("role-may", name) for name in (*names, f"{role} xray:PutTraceSegments *")}
    aws.control.reset()
    opened = open_scope(Connection(endpoint_url=aws.emulator.endpoint_url), Scope(region="us-east-1"))
    found = look_up(opened, lookups)
    assert [found[Lookup("role-may", name)] for name in names] == [Found({"allowed": True})] * 4
    assert found[Lookup("role-may", f"{role} xray:PutTraceSegments *")] == Found({"allowed": True})
    assert aws.control.calls()["iam:SimulatePrincipalPolicy"] == 1


@pytest.mark.parametrize("tagged", ["group", "function"])
def test_a_held_log_group_is_held_for_every_function(aws: Aws, deploy: Deploy, tmp_path: Any, tagged: str) -> None:
    logs, shared = aws.client("logs"), {"LoggingConfig": {"LogGroup": "/shared", "LogFormat": "JSON"}}
    logs.create_log_group(logGroupName="/shared", tags={"legal-hold": "case 7"} if tagged == "group" else {})
    held = {"Tags": {"LegalHold": "case 7"}} if tagged == "function" else {}
    deploy("held", **shared, **held)
    deploy("other", **shared)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {log-retention: {days: 7}}")
    plan = aws.json("plan", "--function", "other", "--policy", str(policy))
    (change,) = plan["functions"][0]["changes"]
    assert "holds its logs" in change["blocked"]
    assert plan["summary"]["changes"] == 0


def test_tracing_that_the_role_lacks_blocks_itself_and_nothing_else(aws: Aws, deploy: Deploy, tmp_path: Any) -> None:
    deploy("f", MemorySize=3008)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {memory: {target_mb: 512}, tracing: {}}")
    run = aws.json("apply", "--function", "f", "--policy", str(policy), "--auto-approve")
    assert {o["rule"]: o["outcome"] for o in run["outcomes"]} == {"memory": "applied", "tracing": "blocked"}
    policy.write_text("rules: {tracing: {add_permission: true}}")
    run = aws.json("apply", "--function", "f", "--policy", str(policy), "--auto-approve")
    assert run["summary"]["applied"] == 1
    assert aws.client("iam").list_role_policies(RoleName="role")["PolicyNames"] == ["lambda-tailor-tracing"]
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert aws.client("iam").list_role_policies(RoleName="role")["PolicyNames"] == []

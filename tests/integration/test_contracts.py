"""The contracts: JSON against the published schemas, exit codes, what every document carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lambda_tailor.documents import dumps, load_plan, loads_plan
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]


def valid(aws: Aws, document: Any, kind: str) -> None:
    schema = json.loads(aws.run("policy", "schema", kind).stdout)
    jsonschema.Draft202012Validator(schema).validate(document)


def test_every_document_is_as_its_schema_says(stack: Aws) -> None:
    valid(stack, stack.json("plan", "-e", "dev"), "plan")
    run = stack.json("apply", "-e", "dev", "--auto-approve")
    valid(stack, run, "run")
    valid(stack, stack.json("runs"), "runs")
    valid(stack, stack.json("runs", run["run_id"]), "run")
    valid(stack, stack.json("verify", "-e", "dev"), "verify")
    valid(stack, stack.json("rollback", run["run_id"], "--auto-approve"), "run")


def test_a_plan_carries_what_the_contract_names(stack: Aws) -> None:
    plan = stack.json("plan", "-e", "dev")
    named = [
        "schema_version",
        "plan_id",
        "created_at",
        "policy",
        "assumptions",
        "functions",
        "operations",
        "summary",
        "api_calls",
    ]
    assert set(named) <= set(plan)
    (function,) = plan["functions"]
    assert {"account_id", "region", "name", "arn", "revision_id", "owner", "changes"} <= set(function)
    for change in function["changes"]:
        keys = ["rule", "setting", "before", "after", "reason", "risk", "blocked", "evidence", "monthly_usd"]
        assert set(keys) <= set(change)
        assert change["monthly_usd"]["low"] <= change["monthly_usd"]["high"]
    assert plan["summary"]["monthly_saving_usd"] == {"low": 100.8252, "high": 161.4587}
    assert plan["summary"]["monthly_added_usd"] > 0
    assert plan["api_calls"]["lambda:GetFunction"] == 1


def test_the_parts_of_a_plan_add_up(stack: Aws) -> None:
    plan = stack.json("plan", "-e", "dev")
    changes = [c for f in plan["functions"] for c in f["changes"]]
    assert plan["summary"]["changes"] == sum(c["blocked"] is None for c in changes)
    high = sum(max(0, c["monthly_usd"]["high"]) for c in changes)
    assert plan["summary"]["monthly_saving_usd"]["high"] == pytest.approx(high)


def test_a_saved_plan_loads_as_what_it_was(stack: Aws, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    stack.run("plan", "-e", "dev", "--out", str(file))
    plan = load_plan(file)
    assert loads_plan(dumps(plan)) == plan


def test_exit_codes(stack: Aws) -> None:
    stack.run("plan", "-e", "dev", exit_code=0)
    stack.run("plan", "-e", "dev", "--detailed-exitcode", exit_code=2)
    stack.run("verify", "-e", "dev", exit_code=2)
    stack.run("apply", "-e", "dev", "--auto-approve", exit_code=0)
    stack.run("plan", "-e", "dev", "--detailed-exitcode", exit_code=0)
    stack.run("verify", "-e", "dev", exit_code=0)


def test_values_of_variables_and_secrets_appear_nowhere(stack: Aws, tmp_path: Path) -> None:
    secrets = stack.client("secretsmanager")
    secrets.put_secret_value(SecretId="api-key-dev", SecretString="canary-of-the-api-key")
    functions = stack.client("lambda")
    functions.update_function_configuration(
        FunctionName="lambda-function-dev",
        Environment={"Variables": {"API_KEY": "canary-of-the-user", "LOG_LEVEL": "canary-too"}},
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName="lambda-function-dev")
    said = ""
    for command in (
        ["plan", "-e", "dev", "-v"],
        ["plan", "-e", "dev", "--json", "--out", str(tmp_path / "plan.json")],
        ["apply", "-e", "dev", "--auto-approve", "-v"],
        ["verify", "-e", "dev", "--json"],
        ["runs", "latest", "--json"],
        ["rollback", "latest", "--auto-approve", "-v"],
    ):
        result = stack.run(*command, exit_code=None)
        assert result.exit_code in (0, 2)
        said += result.output
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"SQLite format" in written
    assert "canary" not in said
    assert b"canary" not in written
    variables = functions.get_function(FunctionName="lambda-function-dev")["Configuration"]["Environment"]["Variables"]
    assert variables == {"API_KEY": "canary-of-the-user", "LOG_LEVEL": "canary-too"}


@pytest.mark.parametrize("count", [60])
def test_a_plan_needs_few_calls(aws: Aws, deploy: Deploy, count: int) -> None:
    aws.emulator.control.set_quotas(0)
    for number in range(count):
        deploy(f"fn-{number:03d}")
    aws.emulator.control.set_quotas(1)
    aws.control.reset()
    rules = "memory,timeout,tracing,reserved-concurrency,log-retention"
    aws.run("plan", "--all", "--preset", "reference", "--rules", rules)
    calls = aws.control.calls()
    assert not calls["lambda:GetFunction"]
    assert sum(calls.values()) <= 0.25 * count
    aws.control.reset()
    # One write a function, however many; all of them would take most of a minute at AWS's pace.
    few = ("--name-pattern", "fn-00?", "--preset", "reference", "--rules", "memory,timeout,tracing")
    aws.run("apply", *few, "--auto-approve")
    assert aws.control.calls()["lambda:UpdateFunctionConfiguration"] == 10

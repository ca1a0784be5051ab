"""Plans and journals that somebody forged, keys that are lost or another's: nothing is written that was not shown."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.demo.snapshot import differences
from lambda_tailor.documents import adapter, dumps, plan_hash
from lambda_tailor.model.plan import Plan
from tests.integration.conftest import Aws

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def saved(stack: Aws, folder: Path, *arguments: str) -> Path:
    file = folder / "plan.json"
    stack.run("plan", "-e", "dev", "--rules", "memory,timeout", "--out", str(file), *arguments)
    return file


def forge(file: Path, more: dict[str, Any]) -> None:
    """Another operation beside what is shown, with a plan_id that fits."""
    loaded = json.loads(file.read_text())
    (memory,) = loaded["operations"]
    loaded["operations"].append({**memory, "id": "op-2", "revision_id": None, **more})
    from dataclasses import replace

    plan: Plan = adapter(Plan).validate_json(json.dumps(loaded))
    file.write_text(dumps(replace(plan, plan_id=plan_hash(plan))))


def test_a_forged_plan_writes_nothing_signed_or_not_trusted_or_not(stack: Aws, tmp_path: Path) -> None:
    before = stack.snapshot()
    for strip in (False, True):
        file = saved(stack, tmp_path)
        ref = json.loads(file.read_text())["operations"][0]["changes"]["memory_mb"]
        more = {
            "key": {"kind": "role-policy", "resource": "lambda-role-dev/admin"},
            "before": {"document": None}, "after": {"document": ADMIN}, "changes": {"document": ref},
        }  # fmt: skip
        forge(file, more)
        if strip:
            file.write_text(json.dumps({**json.loads(file.read_text()), "signature": None}))
        for trust in ((), ("--trust-plan",)):
            result = stack.run("apply", str(file), "--auto-approve", *trust, exit_code=1)
            assert ("not signed" in result.stderr) == (strip and not trust), result.stderr
    stack.run("apply", str(file), "--dry-run", exit_code=1)
    assert differences(before, stack.snapshot()) == []


def test_a_plan_of_another_key_needs_trust_and_shows_every_operation(
    stack: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(stack, tmp_path)
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "mine.key"))
    made = stack.run("key", "make").stdout
    assert stack.run("key", "fingerprint").stdout.strip() in made
    refused = stack.run("apply", str(file), "--auto-approve", exit_code=1)
    assert "--trust-plan" in refused.stderr
    trusted = stack.run("apply", str(file), "--auto-approve", "--trust-plan")
    assert 'UpdateFunctionConfiguration "lambda-function-dev"' in trusted.stderr
    assert "memory_mb: 3008 -> 1024" in trusted.stderr


def test_plan_and_apply_on_different_machines_share_a_key_by_variable(
    stack: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(stack, tmp_path)
    monkeypatch.setenv("LAMBDA_TAILOR_KEY", stack.run("key", "export").stdout.strip())
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "elsewhere" / "vault.key"))
    stack.run("apply", str(file), "--auto-approve")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("spec", [{}, {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}])
def test_plan_apply_and_rollback_by_a_key_of_kms(stack: Aws, tmp_path: Path, spec: dict[str, str]) -> None:
    before = stack.snapshot()
    key = stack.client("kms").create_key(**spec)["KeyMetadata"]["KeyId"]
    other = stack.client("kms").create_key(**spec)["KeyMetadata"]["KeyId"]
    file = tmp_path / "plan.json"
    stack.run("plan", "-e", "dev", "--rules", "memory,environment", "--out", str(file), "--kms-key", key)
    stack.run("apply", str(file), "--auto-approve", "--kms-key", other, exit_code=1)
    stack.run("apply", str(file), "--auto-approve", exit_code=1)
    assert differences(before, stack.snapshot()) == []
    stack.run("apply", str(file), "--auto-approve", "--kms-key", key)
    assert not Path(os.environ["LAMBDA_TAILOR_KEY_FILE"]).exists()
    stack.run("rollback", "latest", "--auto-approve", "--kms-key", key)
    assert differences(before, stack.snapshot()) == []


def test_a_dry_run_lists_every_operation(stack: Aws, tmp_path: Path) -> None:
    shown = stack.run("apply", "-e", "dev", "--dry-run").stdout
    assert "Operations (" in shown
    assert 'sqs:CreateQueue "lambda-dlq-dev"' in shown
    assert 'logs:PutRetentionPolicy "/aws/lambda/lambda-function-dev"' in shown
    assert "secretsmanager:database-url-dev" in shown


def journal_file() -> Path:
    return Path(os.environ["LAMBDA_TAILOR_JOURNAL"].removeprefix("sqlite:///"))


FORGED = {
    "what was there": ("update steps set was = replace(was, '3008', '10240')",),
    "a value of another type": ("update steps set was = replace(was, '3008', '\"lots\"')",),
    "what was written": ("update steps set wrote = replace(wrote, '1024', '1025')",),
    "the state of a step": ("update steps set state = 'sent' where state = 'confirmed'",),
    "what a thing is known by": ("update steps set made = '{}'",),
    "another run's step": ("update steps set run_id = 'run-x'", "update runs set run_id = 'run-x'"),
    "the run that it undoes": ("update runs set of_run = run_id",),
    "how it stands": ("update runs set status = 'rolled-back'",),
    "the order of runs": ("update runs set seq = seq + 1",),
    "the user": ("update runs set user = 'somebody else'",),
    "no signature": ("update steps set signature = null",),
    "no signature of the run": ("update runs set signature = null",),
    "another's signature": ("update steps set signature = '0123456789abcdef:00'",),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_journal_that_somebody_changed_is_not_believed(stack: Aws, forgery: str) -> None:
    run = stack.json("apply", "-e", "dev", "--rules", "memory", "--auto-approve")["run_id"]
    applied = stack.snapshot()
    struck = 0
    with sqlite3.connect(journal_file()) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        struck = sum(connection.execute(statement).rowcount for statement in FORGED[forgery])
    assert struck
    target = "run-x" if forgery.startswith("another run") else run
    for command in ("rollback", "resume"):
        refused = stack.run(command, target, "--auto-approve", exit_code=1)
        assert "--trust-journal" in refused.stderr or "changed the journal" in refused.stderr, refused.stderr
    assert differences(applied, stack.snapshot()) == []
    # Trusting shows every call; what contradicts the plan that was shown is refused all the same.
    trusted = stack.run("rollback", target, "--auto-approve", "--trust-journal", exit_code=None)
    if forgery == "how it stands":
        # Who trusts the journal believes that nothing is left to put back.
        assert "was put back already" in trusted.stdout
    elif trusted.exit_code == 0:
        assert "memory_mb: 1024 -> 3008" in trusted.stderr
    else:
        assert differences(applied, stack.snapshot()) == []


def test_a_run_that_was_deleted_is_told_by_runs_and_by_a_rollback(stack: Aws) -> None:
    for rule in ("memory", "timeout", "tracing"):
        stack.run("apply", "-e", "dev", "--rules", rule, "--auto-approve")
    assert "notes" in stack.json("runs") and not stack.json("runs")["notes"]
    first, second, third = (run["run_id"] for run in stack.json("runs")["runs"])
    with sqlite3.connect(journal_file()) as connection:
        for table in ("steps", "tallies", "runs"):
            assert connection.execute(f"delete from {table} where run_id in (?, ?)", (second, third)).rowcount
    (note,) = stack.json("runs")["notes"]
    assert note.startswith("runs number 2 to 3 are gone from the journal")
    assert "Runs number 2 to 3 are gone" in stack.run("runs").stdout
    assert "uns number 2 to 3 are gone" in stack.run("rollback", first, "--auto-approve").stdout


def test_a_dry_run_tells_what_an_apply_would_refuse(
    stack: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(stack, tmp_path)
    assert "would refuse" not in stack.run("apply", str(file), "--dry-run").stderr
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "mine.key"))
    stack.run("key", "make")
    told = stack.run("apply", str(file), "--dry-run")
    assert "An apply would refuse this plan: The plan is signed with the key" in told.stderr
    assert "Operations (1)" in told.stdout


def test_a_lost_key_stops_writes_and_trusting_leaves_only_what_it_sealed(stack: Aws) -> None:
    functions = stack.client("lambda")
    variables = {"API_KEY": "theirs", "ENVIRONMENT": "dev", "LOG_LEVEL": "INFO"}
    functions.update_function_configuration(FunctionName="lambda-function-dev", Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(FunctionName="lambda-function-dev")
    force = ("--force", "lambda-function-dev:environment")
    stack.run("apply", "-e", "dev", "--rules", "memory,environment,log-retention", "--auto-approve", *force)
    key = Path(os.environ["LAMBDA_TAILOR_KEY_FILE"])
    key.unlink()
    for command in (("rollback", "latest"), ("apply", "-e", "dev", "--rules", "timeout")):
        refused = stack.run(*command, "--auto-approve", exit_code=1)
        assert "--trust-journal" in refused.stderr, refused.stderr
        assert not key.exists()
    undone = stack.run("rollback", "latest", "--auto-approve", "--trust-journal", exit_code=None)
    assert "memory_mb: 1024 -> 3008" in undone.stderr
    found = functions.get_function(FunctionName="lambda-function-dev")["Configuration"]
    assert found["MemorySize"] == 3008
    assert found["Environment"]["Variables"]["API_KEY"] != "theirs"
    (group,) = stack.client("logs").describe_log_groups()["logGroups"]
    assert group.get("retentionInDays") is None


def test_a_colleagues_key_is_told_before_the_first_write(
    stack: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.run("apply", "-e", "dev", "--rules", "memory", "--auto-approve")
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "colleague.key"))
    stack.run("key", "make")
    stack.control.reset()
    refused = stack.run("apply", "-e", "dev", "--rules", "timeout", "--auto-approve", exit_code=1)
    assert "is written with the key" in refused.stderr
    assert not stack.control.writes()


def test_a_function_that_was_made_anew_is_left_and_the_others_go_on(
    aws: Aws, deploy: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        deploy(name)
        aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    policy, file = tmp_path / "policy.yaml", tmp_path / "plan.json"
    policy.write_text("rules: {log-retention: {days: 7}, reserved-concurrency: {target: 5}}")
    aws.run("plan", "--all", "--policy", str(policy), "--out", str(file))
    aws.client("lambda").delete_function(FunctionName="one")
    aws.client("lambda").delete_function(FunctionName="two")
    deploy("two", Handler="index.other", MemorySize=512)
    applied = aws.run("apply", str(file), "--auto-approve", "--json", exit_code=1)
    outcomes = {(o["function"], o["setting"]): o for o in json.loads(applied.stdout)["outcomes"]}
    for setting in ("retention_days", "reserved_concurrency"):
        assert "no longer there" in outcomes["one", setting]["detail"]
        assert "was changed after" in outcomes["two", setting]["detail"]
        assert outcomes["three", setting]["outcome"] == "applied"
    groups = {
        g["logGroupName"]: g.get("retentionInDays") for g in aws.client("logs").describe_log_groups()["logGroups"]
    }
    assert groups == {"/aws/lambda/one": None, "/aws/lambda/two": None, "/aws/lambda/three": 7}
    aws.client("lambda").delete_function(FunctionName="three")
    deploy("three", Handler="index.other")
    undone = aws.run("rollback", "latest", "--auto-approve", exit_code=1)
    assert "another function by now" in undone.stdout + undone.stderr
    groups = {
        g["logGroupName"]: g.get("retentionInDays") for g in aws.client("logs").describe_log_groups()["logGroups"]
    }
    assert groups["/aws/lambda/three"] == 7


def test_an_old_plan_is_refused(stack: Aws, tmp_path: Path) -> None:
    file = saved(stack, tmp_path)
    refused = stack.run("apply", str(file), "--auto-approve", "--max-age", "0s", exit_code=1)
    assert "--max-age" in refused.stderr
    stack.run("apply", str(file), "--auto-approve", "--max-age", "1m")

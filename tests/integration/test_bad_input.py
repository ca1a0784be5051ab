"""Bad input: one clear sentence, exit 1, nothing half-done; one bad function never stops the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]


def complaint(aws: Aws, *arguments: str) -> str:
    """The one sentence that a failing command prints."""
    result = aws.run(*arguments, exit_code=1)
    lines = result.stderr.strip().splitlines()
    assert result.stdout == ""
    assert len(lines) == 1, result.stderr
    assert not aws.control.writes()
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-e", "nowhere"], "No function in us-east-1 answers to environment suffix nowhere"),
        (["--function", "none"], "No function in us-east-1 answers to none"),
        (["--function", "not a name!"], "No function in us-east-1 answers to not a name!"),
        (["--name-pattern", "x*"], "answers to name x*"),
        ([], "Which functions? Give --environment-suffix"),
        (["--function", "a", "--all"], "give one or the other"),
        (["--tag", "novalue", "--all"], "--tag takes KEY=VALUE"),
        (["--all", "--preset", "nope"], "There is no preset 'nope'"),
        (["--all", "--policy", "missing.yaml"], "missing.yaml cannot be read"),
        (["--all", "--rules", "memory,nope"], "There is no rule 'nope'"),
        (["--all", "--region", "xx-nowhere-1"], "There is no region xx-nowhere-1"),
        (["--all", "--profile", "nobody"], "The config profile (nobody) could not be found"),
        (["--all", "--policy", "a.yaml", "--preset", "reference"], "Give --policy or --preset"),
    ],
)
def test_a_target_or_policy_that_cannot_be_meant(aws: Aws, arguments: list[str], said: str) -> None:
    assert said in complaint(aws, "plan", *arguments)


def test_a_usage_error_exits_1_and_not_2(aws: Aws) -> None:
    assert "No such option" in aws.run("plan", "--nope", exit_code=1).stderr
    assert "No such command" in aws.run("nope", exit_code=1).stderr


def test_no_credentials(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    assert "There are no AWS credentials" in complaint(aws, "plan", "--all")


def test_an_expired_token(aws: Aws) -> None:
    aws.emulator.control.fail(operation="sts:GetCallerIdentity", kind="expired-token")
    assert "have expired: sign in again" in complaint(aws, "plan", "--all")


def test_a_token_that_expires_while_reading(stack: Aws) -> None:
    stack.emulator.control.fail(operation="cloudwatch:DescribeAlarms", kind="expired-token", times=9)
    assert "have expired" in complaint(stack, "plan", "-e", "dev")


def test_an_endpoint_that_answers_nothing(aws: Aws) -> None:
    assert "http://127.0.0.1:9" in complaint(aws, "plan", "--all", "--endpoint-url", "http://127.0.0.1:9")


def test_an_endpoint_that_is_no_url(aws: Aws) -> None:
    assert "--endpoint-url" in complaint(aws, "plan", "--all", "--endpoint-url", "not-a-url")


def test_without_a_terminal_nothing_is_written_unasked(stack: Aws) -> None:
    result = stack.run("apply", "-e", "dev", exit_code=1)
    assert "give --auto-approve" in result.stderr
    assert not stack.control.writes()


@pytest.fixture
def saved(stack: Aws, tmp_path: Path) -> Path:
    file = tmp_path / "plan.json"
    stack.run("plan", "-e", "dev", "--out", str(file))
    stack.control.reset()
    return file


def test_a_saved_plan_is_applied(stack: Aws, saved: Path) -> None:
    assert stack.json("apply", str(saved), "--auto-approve")["summary"]["applied"] == 10


def test_a_stale_plan_is_refused_whole(stack: Aws, saved: Path) -> None:
    functions = stack.client("lambda")
    functions.update_function_configuration(FunctionName="lambda-function-dev", Description="changed")
    functions.get_waiter("function_updated_v2").wait(FunctionName="lambda-function-dev")
    stack.control.reset()
    result = stack.run("apply", str(saved), "--auto-approve", exit_code=1)
    assert "was changed after the plan was made" in result.stderr
    assert not stack.control.writes()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "cut short or is no JSON"),
        (lambda _: "", "cut short or is no JSON"),
        (lambda _: "[]", "is no plan of version 1"),
        (lambda text: text.replace('"schema_version": "1"', '"schema_version": "99"'), "it says '99'"),
        (lambda text: text.replace("1024", "512"), "was altered after it was made"),
        (lambda text: text.replace('"operations"', '"operationz"'), "is no valid plan at operations"),
    ],
)
def test_a_plan_file_that_is_not_what_was_saved(
    stack: Aws, saved: Path, spoil: Callable[[str], str], said: str
) -> None:
    saved.write_text(spoil(saved.read_text()))
    assert said in complaint(stack, "apply", str(saved), "--auto-approve")


def test_a_plan_for_another_account(stack: Aws, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    result = stack.run("apply", str(saved), "--auto-approve", exit_code=1)
    assert f"The plan is for account {stack.account}, and the credentials are of account 999999999999" in result.stderr
    assert not stack.control.writes()


def test_a_plan_that_cannot_be_saved(stack: Aws) -> None:
    assert "cannot be saved" in stack.run("plan", "-e", "dev", "--out", "/nowhere/plan.json", exit_code=1).stderr


def test_an_image_function_takes_no_layer_and_stops_no_other(aws: Aws, deploy: Deploy) -> None:
    deploy("plain")
    role = aws.client("iam").get_role(RoleName="role")["Role"]["Arn"]
    aws.client("lambda").create_function(
        FunctionName="image", Role=role, PackageType="Image", Code={"ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/a:b"}
    )
    plan = aws.json("plan", "--all", "--preset", "reference", "--rules", "memory,shared-layer")
    found = {f["name"]: {c["rule"]: c["blocked"] for c in f["changes"]} for f in plan["functions"]}
    assert found["image"]["shared-layer"] == "a container image takes no layers"
    assert found["plain"]["memory"] is None


@pytest.mark.parametrize("state", ["Pending"])
def test_a_function_in_another_state_than_active_is_told_and_stops_no_other(
    aws: Aws, deploy: Deploy, state: str
) -> None:
    deploy("good", MemorySize=256)
    deploy("bad", MemorySize=256)
    aws.emulator.control.set_function_state("bad", aws.account, state)
    result = aws.run(
        "apply",
        "--function",
        "good",
        "--function",
        "bad",
        "--preset",
        "reference",
        "--rules",
        "memory",
        "--auto-approve",
        exit_code=1,
    )
    assert f"bad ({aws.account}, us-east-1): its state is {state}" in result.stdout
    sizes = {
        n: aws.client("lambda").get_function(FunctionName=n)["Configuration"]["MemorySize"] for n in ("good", "bad")
    }
    assert sizes == {"good": 1024, "bad": 256}


def test_an_unknown_function_stops_no_other(aws: Aws, deploy: Deploy) -> None:
    deploy("good", MemorySize=256)
    arguments = ["--function", "good", "--function", "unknown", "--preset", "reference", "--rules", "memory"]
    result = aws.run("apply", *arguments, "--auto-approve", exit_code=1)
    assert f"unknown ({aws.account}, us-east-1): there is no function of that name" in result.stdout
    assert aws.client("lambda").get_function(FunctionName="good")["Configuration"]["MemorySize"] == 1024


def test_a_malformed_policy_names_line_and_key(aws: Aws, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n  memory:\n    target: 5\n")
    assert "line 3: unknown key rules.memory.target; did you mean target_mb?" in complaint(
        aws, "plan", "--all", "--policy", str(file)
    )


def test_an_unknown_run(aws: Aws) -> None:
    assert "knows no run run-x" in complaint(aws, "rollback", "run-x", "--auto-approve")
    assert "has no run that changed anything" in complaint(aws, "rollback", "latest", "--auto-approve")


@pytest.mark.parametrize("url", ["nonsense", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/journal.db"])
def test_a_journal_that_cannot_be_written_stops_before_aws(stack: Aws, url: str) -> None:
    result = stack.run("apply", "-e", "dev", "--auto-approve", "--journal", url, exit_code=1)
    assert "journal" in result.stderr
    assert not stack.control.writes()


def test_json_is_one_document_and_nothing_else(stack: Aws) -> None:
    for command in (["plan", "-e", "dev"], ["runs"], ["rules"]):
        json.loads(stack.run(*command, "--json").stdout)

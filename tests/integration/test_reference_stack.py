"""The mission's scenario on the embedded AWS: every optimization applied, already so, verified and rolled back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

ROOT = Path(__file__).parents[2]
NAME = "lambda-function-dev"
GROUP = f"/aws/lambda/{NAME}"


def optimize(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "lib/optimize.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENT_SUFFIX": "dev", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployed_baseline_is_as_wasteful_as_registered(stack: Aws) -> None:
    found = stack.client("lambda").get_function(FunctionName=NAME)
    configuration = found["Configuration"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (3008, 300)
    assert configuration["TracingConfig"] == {"Mode": "PassThrough"}
    assert set(configuration["Environment"]["Variables"]) == {"ENVIRONMENT", "LOG_LEVEL"}
    assert not found.get("Concurrency")
    answer = stack.client("lambda").invoke(FunctionName=NAME, Payload=b'{"spin": 10}')
    assert json.loads(answer["Payload"].read()) == {"ok": True, "total": 285}


def test_optimize_applies_all_ten_and_says_what_it_is_worth(stack: Aws) -> None:
    done = optimize()
    assert done.returncode == 0, done.stderr + done.stdout
    assert "saves $100.83 to $161.46" in done.stdout
    assert "1,000,000 invocations a month of 5000 ms each" in done.stdout
    assert "Successes: 10, failures: 0" in done.stdout and "10 changed, 2 as they were" in done.stdout
    found = stack.client("lambda").get_function(FunctionName=NAME)
    configuration = found["Configuration"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (1024, 30)
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["DeadLetterConfig"]["TargetArn"].endswith(":lambda-dlq-dev")
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 50
    variables = configuration["Environment"]["Variables"]
    secrets = stack.client("secretsmanager")
    assert variables["DATABASE_URL"] == secrets.get_secret_value(SecretId="database-url-dev")["SecretString"]
    assert variables["API_KEY"] == secrets.get_secret_value(SecretId="api-key-dev")["SecretString"]
    assert (variables["ENVIRONMENT"], variables["LOG_LEVEL"]) == ("dev", "INFO")
    (group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 7
    queue = stack.client("sqs")
    url = queue.get_queue_url(QueueName="lambda-dlq-dev")["QueueUrl"]
    attributes = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["MessageRetentionPeriod"], attributes["SqsManagedSseEnabled"]) == ("1209600", "true")
    alarms = {a["AlarmName"]: a for a in stack.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert alarms["lambda-error-rate-dev"]["Metrics"][0]["Expression"] == "100*errors/invocations"
    assert alarms["lambda-duration-dev"]["Threshold"] == 20_000


def test_all_configuration_changes_travel_in_one_update(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    assert stack.control.writes() == {
        "lambda:UpdateFunctionConfiguration": 1,
        "lambda:PutFunctionConcurrency": 1,
        "logs:PutRetentionPolicy": 1,
        "sqs:CreateQueue": 1,
        "cloudwatch:PutMetricAlarm": 2,
    }


def test_a_second_apply_makes_no_write(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    stack.control.reset()
    run = stack.json("apply", "-e", "dev", "--auto-approve")
    assert not stack.control.writes()
    assert run["summary"] == {"applied": 0, "unchanged": 12, "blocked": 0, "failed": 0, "rolled_back": 0}


def test_dry_run_shows_the_same_plan_and_writes_nothing(stack: Aws) -> None:
    dry = optimize("--dry-run")
    assert dry.returncode == 0
    assert "10 to change" in dry.stdout
    assert not stack.control.writes()
    shown = stack.run("apply", "-e", "dev", "--dry-run").stdout
    planned = stack.run("plan", "-e", "dev").stdout
    assert shown.startswith(planned)
    # What would be sent stands below it, call by call.
    assert "Operations (" in shown.removeprefix(planned) and "lambda:UpdateFunctionConfiguration" in shown


def test_verify_tells_expected_and_actual(stack: Aws) -> None:
    before = stack.json("verify", "-e", "dev", exit_code=2)
    (memory,) = [s for s in before["settings"] if s["rule"] == "memory"]
    assert (memory["expected"], memory["actual"], memory["matches"]) == (1024, 3008, False)
    stack.run("apply", "-e", "dev", "--auto-approve")
    after = stack.json("verify", "-e", "dev")
    assert after["matches"] is True
    assert after["summary"]["matching"] == 12


def test_rollback_puts_everything_back_field_by_field(stack: Aws) -> None:
    before = stack.snapshot()
    run = stack.json("apply", "-e", "dev", "--auto-approve")
    assert differences(before, stack.snapshot())
    undone = stack.json("rollback", run["run_id"], "--auto-approve")
    assert undone["summary"]["rolled_back"] == 10
    assert differences(before, stack.snapshot()) == []
    listed = {r["run_id"]: r["status"] for r in stack.json("runs")["runs"]}
    assert listed == {run["run_id"]: "rolled-back", undone["run_id"]: "succeeded"}


def test_a_second_rollback_says_that_nothing_is_left_and_makes_no_run(stack: Aws) -> None:
    before = stack.snapshot()
    stack.run("apply", "-e", "dev", "--auto-approve")
    done = stack.run("rollback", "latest", "--auto-approve").stdout
    assert "lambda-tailor rollback" not in done
    runs = len(stack.json("runs")["runs"])
    stack.control.reset()
    assert "nothing is left to put back" in stack.run("rollback", "latest", "--auto-approve").stdout
    assert stack.json("rollback", "latest", "--auto-approve")["status"] == "rolled-back"
    assert not stack.control.writes() and len(stack.json("runs")["runs"]) == runs
    assert differences(before, stack.snapshot()) == []


def test_only_changes_of_low_risk_are_made_if_no_others_are_asked_for(stack: Aws) -> None:
    plan = stack.json("plan", "-e", "dev", "--risk", "low")
    whole = stack.json("plan", "-e", "dev")
    changes = [c for f in plan["functions"] for c in f["changes"]]
    assert {c["risk"] for c in changes} <= {"none", "low"}
    assert 0 < len(changes) < sum(len(f["changes"]) for f in whole["functions"])
    run = stack.json("apply", "-e", "dev", "--risk", "low", "--auto-approve")
    assert run["status"] == "succeeded" and run["summary"]["applied"] == len(changes)
    memory = stack.client("lambda").get_function(FunctionName=NAME)["Configuration"]["MemorySize"]
    assert memory == (1024 if any(c["rule"] == "memory" for c in changes) else 3008)


def test_the_history_is_a_page_about_all_runs(stack: Aws, tmp_path: Path) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    stack.run("rollback", "latest", "--auto-approve")
    stack.run("apply", "-e", "dev", "--auto-approve")
    page = tmp_path / "history.html"
    stack.run("report", "--history", "--out", str(page))
    text = page.read_text()
    assert "3 runs" in text and text.count('<li><span class="w">') == 3
    assert "1 run in effect" in text and "rollback" in text


def test_the_optimized_pulumi_config_leaves_nothing_to_change(aws: Aws) -> None:
    from lambda_tailor.demo.realize import realize
    from tests.unit.demo.test_tap_stack import OPTIMIZED

    realize("dev", OPTIMIZED)
    aws.run("plan", "-e", "dev", "--detailed-exitcode")
    assert aws.json("verify", "-e", "dev")["matches"] is True


def test_optimize_of_an_unknown_suffix_fails_in_one_sentence(stack: Aws) -> None:
    done = optimize("-e", "nowhere")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No function in us-east-1 answers to environment suffix nowhere" in done.stderr


def test_a_failing_event_arrives_in_the_dead_letter_queue(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    functions, queue = stack.client("lambda"), stack.client("sqs")
    functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    functions.invoke(FunctionName=NAME, InvocationType="Event", Payload=b'{"fail": true}')
    url = queue.get_queue_url(QueueName="lambda-dlq-dev")["QueueUrl"]
    messages = queue.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")
    assert messages


def test_a_queue_that_holds_messages_is_kept_by_rollback(stack: Aws) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    queue = stack.client("sqs")
    url = queue.get_queue_url(QueueName="lambda-dlq-dev")["QueueUrl"]
    queue.send_message(QueueUrl=url, MessageBody="a lost order")
    run = stack.json("rollback", "latest", "--auto-approve")
    assert queue.get_queue_url(QueueName="lambda-dlq-dev")
    kept = [o for o in run["outcomes"] if o["rule"] == "dead-letter-queue"]
    assert [o["outcome"] for o in kept] == ["blocked"]
    assert "holds 1 message" in kept[0]["detail"]

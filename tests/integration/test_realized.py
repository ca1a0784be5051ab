"""What a run brought, from metrics on both sides of it."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.conftest import Aws

FUNCTION = "lambda-function-dev"


def aged(run_id: str, days: float) -> datetime:
    """Let the run have ended so many days ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    with sqlite3.connect(os.environ["LAMBDA_TAILOR_JOURNAL"].removeprefix("sqlite:///")) as journal:
        journal.execute(
            "update runs set started_at = ?, finished_at = ? where run_id = ?", (at.isoformat(),) * 2 + (run_id,)
        )
    return at


def put(aws: Aws, at: datetime, **values: float) -> None:
    dimensions = [{"Name": "FunctionName", "Value": FUNCTION}]
    data = [{"MetricName": m, "Dimensions": dimensions, "Timestamp": at, "Value": v} for m, v in values.items()]
    aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)


@pytest.fixture
def run(stack: Aws) -> str:
    run_id: str = stack.json("apply", "-e", "dev", "--auto-approve")["run_id"]
    return run_id


def test_a_promise_that_held(stack: Aws, run: str) -> None:
    at = aged(run, 2)
    put(stack, at - timedelta(hours=5), Invocations=50_000, Errors=10, Duration=700)
    put(stack, at + timedelta(hours=5), Invocations=40_000, Errors=5, Duration=750)
    (told,) = stack.json("runs", run, "--realized")["functions"]
    assert told["held"] is True
    assert told["per_million_usd"][0] > told["per_million_usd"][1]
    assert told["promised_usd"]["low"] <= told["saved_usd"] <= told["promised_usd"]["high"]
    assert (told["before"]["memory_mb"], told["after"]["memory_mb"]) == (3008, 1024)
    text = stack.run("runs", "latest", "--realized").stdout
    assert "the promise held" in text
    assert "Nothing got worse by more than 25 %" in text


def test_what_got_worse_names_the_run_to_roll_back(stack: Aws, run: str) -> None:
    at = aged(run, 2)
    put(stack, at - timedelta(hours=5), Invocations=50_000, Errors=10, Duration=700)
    put(stack, at + timedelta(hours=5), Invocations=40_000, Errors=4_000, Duration=2900)
    text = stack.run("runs", run, "--realized", exit_code=1).stdout
    assert "did NOT hold" in text
    assert "the error rate went from 0.02 % to 10.00 %" in text
    assert f"lambda-tailor rollback {run}" in text


def test_a_window_is_as_long_as_the_time_since_the_run(stack: Aws, run: str) -> None:
    at = aged(run, 1)
    # Two days before is outside of a window of one day.
    put(stack, at - timedelta(days=2), Invocations=50_000, Errors=0, Duration=700)
    put(stack, at + timedelta(hours=5), Invocations=40_000, Errors=0, Duration=700)
    (told,) = stack.json("runs", run, "--realized")["functions"]
    assert told["held"] is None
    assert told["because"].startswith("before the run: CloudWatch has no Invocations")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("runs", "latest", "--realized"), "less than 30 minutes ago"),
        (("runs", "--realized"), "Which run?"),
        (("runs", "run-nothing", "--realized"), "run-nothing"),
    ],
)
def test_what_cannot_be_looked_back_at_is_said(stack: Aws, run: str, arguments: tuple[str, ...], said: str) -> None:
    result = stack.run(*arguments, exit_code=1)
    assert said in result.stderr

"""The calls for N functions are those of the table in docs/performance.md, each operation counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import ceil
from pathlib import Path

import boto3
import pytest
from bench.seed import history, permitted, secrets, seed

import lambda_tailor
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.documents import load_plan
from tests.integration.conftest import Aws

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
N, R, S = 60, 20, 20
ACCOUNT = "555555555555"
WHOLE = ("--all", "--preset", "reference", "--quota-share", "1000")
ASKED = (*WHOLE, "--rules", "memory,timeout,tracing,reserved-concurrency,log-retention,alarms")  # fmt: skip


def table(column: int, functions: int = N, invoked: int = R, secret: int = S) -> Mapping[str, int]:
    """The page's table for so many functions: calls by operation, without those that are never sent."""
    rows = re.findall(r"^\| `(\w+:\w+)` \| `([^`]+)` \| `([^`]+)` \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) > 10
    counted = {
        row[0]: eval(row[column], {"N": functions, "R": invoked, "S": secret, "ceil": ceil, "min": min, "max": max})
        for row in rows
    }
    return {operation: calls for operation, calls in counted.items() if calls}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("fleet")
    with (
        pytest.MonkeyPatch.context() as patch,
        Emulator.start(quota_scale=0, account_concurrency=1_000_000) as emulator,
    ):
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(ACCOUNT).items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{folder / 'journal.db'}")
        patch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "vault.key"))
        # Later than the emulator could take on a busy machine: a look too early would be a call more.
        patch.setattr("lambda_tailor.applying.apply_operation.UPDATE_TAKES_S", 6.0)
        seed(N)
        permitted()
        secrets(S)
        history(R)
        yield Aws(ACCOUNT, emulator)


def test_a_plan_with_the_whole_preset_sends_exactly_the_calls_of_the_table(fleet: Aws) -> None:
    fleet.control.reset()
    plan = fleet.json("plan", *WHOLE)
    # Eight a function, and two variables where the secrets are there.
    assert plan["summary"]["changes"] == 8 * N + 2 * S
    assert plan["api_calls"] == dict(table(1))
    # What the program says that it sent is what AWS saw.
    assert dict(fleet.control.calls()) == plan["api_calls"]


@pytest.mark.parametrize("secret", [0, 20, 250, 500])
def test_the_whole_preset_takes_a_quarter_of_a_call_for_each_of_500_functions(secret: int) -> None:
    at_500 = sum(table(1, functions=500, invoked=500, secret=secret).values())
    assert at_500 <= 0.25 * 500


def test_a_plan_for_functions_that_all_have_their_secrets_lists_none(fleet: Aws) -> None:
    secrets(N, S)
    fleet.control.reset()
    plan = fleet.json("plan", *WHOLE)
    assert plan["api_calls"] == dict(table(1, secret=N))
    assert "secretsmanager:ListSecrets" not in plan["api_calls"]


def test_an_apply_sends_exactly_the_calls_of_the_table(fleet: Aws) -> None:
    file = str(Path(fleet.emulator.folder) / "plan.json")
    plan = fleet.json("plan", *ASKED, "--out", file)
    assert plan["summary"]["changes"] == 7 * N
    fleet.control.reset()
    run = lambda_tailor.apply(load_plan(Path(file)), just_made=True, quota_share=1000)
    assert run.summary.applied == 7 * N
    most = dict(table(2))
    # How many are looked at with one request depends on the moment: the table has the most.
    for looking in ("logs:DescribeLogGroups", "cloudwatch:DescribeAlarms", "lambda:GetFunction"):
        assert 0 < run.api_calls[looking] <= most[looking]
        most[looking] = run.api_calls[looking]
    assert dict(run.api_calls) == most
    assert dict(fleet.control.calls()) == dict(run.api_calls)


def test_a_write_whose_answer_tells_what_is_there_is_not_read_back(aws: Aws, deploy: Callable[..., object]) -> None:
    deploy("f")
    aws.control.reset()
    only = ("--preset", "reference", "--rules", "reserved-concurrency")
    assert aws.json("apply", "--function", "f", *only, "--auto-approve")["summary"]["applied"] == 1
    sent = [name for _, _, name, _ in aws.control.log()]
    assert sent.count("lambda:PutFunctionConcurrency") == 1
    assert sent[-1] == "lambda:PutFunctionConcurrency"

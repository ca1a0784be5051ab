"""What each rule outside the presets asks of AWS, as docs/performance.md states it, without and with --deep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import boto3
import pytest
from bench.seed import history, seed

from lambda_tailor.demo.emulator import Emulator
from tests.integration.conftest import Aws

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
ACCOUNT = "555555555556"
# More functions than are looked at one by one, unless that is asked for.
N, R, E, J = 24, 24, 2, 2
RULES = (
    "application-log-level", "event-source-batching", "event-source-concurrency", "provisioned-concurrency-schedule",
    "public-access", "poison-pills", "money-lost",
)  # fmt: skip


def stated(rule: str, *, deep: bool) -> Mapping[str, int]:
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+:\w+)` \| `([^`]+)` \| `([^`]+)` \|$", PAGE.read_text(), re.MULTILINE)
    assert {row[0] for row in rows} == set(RULES)
    names = {"N": N, "R": R, "E": E, "J": J, "ceil": ceil, "min": min, "max": max}
    counted = {row[1]: eval(row[3 if deep else 2], dict(names)) for row in rows if row[0] == rule}
    return {operation: calls for operation, calls in counted.items() if calls}


def around(aws: Aws) -> None:
    """Queues that feed the first functions, executions provisioned for the third, JSON in the last ones' logs."""
    functions = aws.client("lambda")
    for number in range(N):
        functions.get_waiter("function_active_v2").wait(FunctionName=f"bench-{number:05d}")
    for number in range(E):
        aws.client("sqs").create_queue(QueueName=f"in-{number}", Attributes={"VisibilityTimeout": "900"})
        source = f"arn:aws:sqs:us-east-1:{ACCOUNT}:in-{number}"
        functions.create_event_source_mapping(FunctionName=f"bench-{number:05d}", EventSourceArn=source)
    version = functions.publish_version(FunctionName=f"bench-{E:05d}")["Version"]
    functions.put_provisioned_concurrency_config(
        FunctionName=f"bench-{E:05d}", Qualifier=version, ProvisionedConcurrentExecutions=3
    )
    for number in range(N - J, N):
        logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}
        functions.update_function_configuration(FunctionName=f"bench-{number:05d}", LoggingConfig=logging)
        functions.get_waiter("function_updated_v2").wait(FunctionName=f"bench-{number:05d}")


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
        seed(N)
        history(R)
        aws = Aws(ACCOUNT, emulator)
        around(aws)
        yield aws


def sent(fleet: Aws, folder: Path, rule: str, *more: str) -> Mapping[str, int]:
    policy = folder / "policy.yaml"
    policy.write_text(f"rules: {{{rule}: {{}}}}")
    plan: dict[str, Any] = fleet.json("plan", "--all", "--policy", str(policy), "--quota-share", "1000", *more)
    calls: Mapping[str, int] = plan["api_calls"]
    return calls


@pytest.mark.parametrize("deep", [False, True], ids=["plan", "deep"])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_asks_what_the_page_states(fleet: Aws, tmp_path: Path, rule: str, deep: bool) -> None:
    more = ("--deep",) if deep else ()
    # This rule goes by the function's configuration, which every plan reads.
    base = sent(fleet, tmp_path, "log-format", *more)
    calls = sent(fleet, tmp_path, rule, *more)
    beyond = {name: calls.get(name, 0) - base.get(name, 0) for name in {*calls, *base}}
    assert {name: count for name, count in beyond.items() if count} == stated(rule, deep=deep)

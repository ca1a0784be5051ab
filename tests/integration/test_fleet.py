"""The fleet of docs/advice.md, deployed: the whole program gives each function the verdict that an expert gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

import lambda_tailor
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.model.plan import Change, Plan, PlannedFunction
from lambda_tailor.policy.document import PRESETS
from tests.advice.deployed import HELD, NOT_HELD, deploy_fleet, notify
from tests.advice.fleet import FLEET, Case
from tests.advice.verdicts import check

ACCOUNT = "566666666666"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The plans for the whole fleet by preset; with ``quiet`` no alarm of the account told anybody yet."""

    plans: Mapping[str, Plan]
    folder: Path

    def function(self, case: Case) -> PlannedFunction:
        if case.policy in PRESETS:
            plan = self.plans["quiet" if case.name == "checkout" else case.policy]
        else:
            policy = self.folder / f"{case.name}.yaml"
            policy.write_text(case.policy)
            plan = planned(functions=[case.name], policy=policy)
        return next(function for function in plan.functions if function.name == case.name)


def planned(**asked: Any) -> Plan:
    return lambda_tailor.plan(**asked, deep=True, sign=False, quota_share=1000)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("fleet")
    with (
        pytest.MonkeyPatch.context() as patch,
        Emulator.start(quota_scale=0, account_concurrency=100_000) as emulator,
    ):
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(ACCOUNT).items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{folder / 'journal.db'}")
        patch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "vault.key"))
        deploy_fleet()
        quiet = planned(functions=["checkout"], preset="operate")
        notify(f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call")
        plans = {preset: planned(all_functions=True, preset=preset) for preset in ("right-size", "operate")}
        yield Deployed({**plans, "quiet": quiet}, folder)


@pytest.mark.parametrize("case", HELD, ids=lambda case: case.name)
def test_what_is_deployed_gets_the_verdict_that_an_expert_gives(deployed: Deployed, case: Case) -> None:
    check(case, deployed.function(case))


def test_what_is_not_reached_is_not_counted_however_functions_are_chosen(deployed: Deployed) -> None:
    ways: tuple[dict[str, Any], ...] = (
        {"functions": ["search", "catalogue"]}, {"name_pattern": "*a*"}, {"tags": {"team": "web"}},
    )  # fmt: skip
    client = boto3.client("lambda")
    for name in ("search", "catalogue"):
        arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        client.tag_resource(Resource=arn, Tags={"team": "web"})
    wanted = {name: by_name(deployed.plans["right-size"], name) for name in ("search", "catalogue")}
    assert [(change.counted, change.monthly_usd.high > 0) for change in wanted.values()] == [
        (True, True),
        (False, False),
    ]
    for way in ways:
        plan = planned(**way, preset="right-size")
        for name, change in wanted.items():
            found = by_name(plan, name)
            assert (found.counted, found.monthly_usd, found.after) == (change.counted, change.monthly_usd, change.after)
        reached = sum(c.monthly_usd.high for f in plan.functions for c in f.changes if c.pending and c.counted)
        assert plan.summary.monthly_net_usd.high == pytest.approx(reached)


def by_name(plan: Plan, name: str) -> Change:
    function = next(function for function in plan.functions if function.name == name)
    return next(change for change in function.changes if change.rule == "memory")


def test_nearly_all_of_the_fleet_is_deployed() -> None:
    assert NOT_HELD.keys() < {case.name for case in FLEET}
    assert len(HELD) >= 35

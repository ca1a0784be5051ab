"""Many accounts and regions: roles are assumed, what cannot be reached is told, totals add up, all of it goes back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

import lambda_tailor
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.strict.signature import ROOT_SECRET
from lambda_tailor.documents import load_plan
from tests.integration.conftest import Aws
from tests.integration.cookbook import commands

HOME, NOBODY = "111111111111", "444444444444"
REGIONS = ("us-east-1", "eu-west-1")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:AssumeRole"}],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
RULES = ("--rules", "memory,timeout,tracing", "--preset", "reference")


def client(service: str, account: str, region: str = "us-east-1") -> Any:
    session = boto3.Session(aws_access_key_id=account, aws_secret_access_key=ROOT_SECRET, region_name=region)
    return session.client(service)


def role_of(account: str) -> str:
    return f"arn:aws:iam::{account}:role/tailor"


def settle(account: str) -> None:
    """Two wasteful functions in each region, and the role."""
    iam = client("iam", account)
    iam.create_role(RoleName="tailor", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="tailor", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as packed:
        packed.writestr("index.py", "def handler(event, context): pass")
    for region in REGIONS:
        functions = client("lambda", account, region)
        for name in ("a", "b"):
            functions.create_function(
                FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=role_of(account),
                Code={"ZipFile": package.getvalue()}, MemorySize=3008, Timeout=300,
            )  # fmt: skip
            functions.get_waiter("function_active_v2").wait(FunctionName=name)


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Aws, list[str]]]:
    """An account that asks, and two members of its organization that it may enter."""
    folder = tmp_path_factory.mktemp("organization")
    with pytest.MonkeyPatch.context() as patch, Emulator.start(auth=True, quota_scale=0) as emulator:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(HOME).items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.setattr("lambda_tailor.applying.apply_operation.UPDATE_TAKES_S", 0.2)
        patch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{folder / 'journal.db'}")
        patch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "vault.key"))
        organizations = client("organizations", HOME)
        members = [
            organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"][
                "AccountId"
            ]
            for name in ("one", "two")
        ]
        for account in members:
            settle(account)
        yield Aws(HOME, emulator), members


def memory_of(account: str, region: str, name: str) -> int:
    size: int = client("lambda", account, region).get_function_configuration(FunctionName=name)["MemorySize"]
    return size


def roles(members: list[str]) -> list[str]:
    return [argument for account in members for argument in ("--role-arn", role_of(account))]


def regions() -> list[str]:
    return [argument for region in REGIONS for argument in ("--region", region)]


def test_accounts_and_regions_are_planned_together_and_add_up(organization: tuple[Aws, list[str]]) -> None:
    aws, members = organization
    plan = aws.json("plan", "--all", *roles(members), *regions(), *RULES)
    found = [(f["account_id"], f["region"], f["name"]) for f in plan["functions"]]
    assert found == [(a, r, n) for a in members for r in REGIONS for n in ("a", "b")]
    assert plan["roles"] == {account: role_of(account) for account in members}
    saving = sum(Decimal(str(c["monthly_usd"]["high"])) for f in plan["functions"] for c in f["changes"])
    assert saving > 0
    low = sum(max(Decimal(str(c["monthly_usd"]["low"])), Decimal(0)) for f in plan["functions"] for c in f["changes"])
    assert Decimal(str(plan["summary"]["monthly_saving_usd"]["low"])) == low
    ids = [operation["id"] for operation in plan["operations"]]
    assert len(ids) == len(set(ids)) == 8
    text = aws.run("plan", "--all", *roles(members), *regions(), *RULES).stdout
    for account, region, name in found:
        assert text.count(f"\n{name} ({account}, {region}) ") == 1
    assert f"{len(found)} functions, 24 to change" in text


def test_an_account_that_cannot_be_reached_stops_no_other(organization: tuple[Aws, list[str]]) -> None:
    aws, members = organization
    asked = [*roles([NOBODY, members[0]]), "--region", "us-east-1", *RULES]
    result = aws.run("plan", "--all", *asked, "--json", exit_code=1)
    plan = json.loads(result.stdout)
    assert [f["name"] for f in plan["functions"]] == ["a", "b"]
    (problem,) = plan["problems"]
    assert problem["account_id"] == NOBODY and "sts:AssumeRole" in problem["because"]


def test_a_region_that_does_not_answer_stops_no_other(organization: tuple[Aws, list[str]]) -> None:
    aws, members = organization
    aws.emulator.control.fail(operation="lambda:ListFunctions", kind="access-denied", times=1)
    plan = json.loads(aws.run("plan", "--all", *roles(members[:1]), *regions(), *RULES, "--json", exit_code=1).stdout)
    assert len(plan["problems"]) == 1 and len(plan["functions"]) == 2
    assert plan["problems"][0]["region"] not in {f["region"] for f in plan["functions"]}


def test_apply_and_rollback_assume_the_roles_of_the_plan(organization: tuple[Aws, list[str]], tmp_path: Path) -> None:
    aws, members = organization
    file = str(tmp_path / "plan.json")
    aws.run("plan", "--all", *roles(members), *regions(), *RULES, "--out", file)
    run = aws.json("apply", file, "--auto-approve")
    assert run["status"] == "succeeded" and run["summary"]["applied"] == 24
    assert {memory_of(a, r, n) for a in members for r in REGIONS for n in ("a", "b")} == {1024}
    assert aws.json("plan", "--all", *roles(members), *regions(), *RULES)["summary"]["changes"] == 0
    assert aws.json("verify", "--all", *roles(members), *regions(), *RULES)["summary"]["differing"] == 0
    undone = aws.json("rollback", run["run_id"], "--auto-approve")
    assert undone["summary"]["rolled_back"] == 24
    assert {memory_of(a, r, n) for a in members for r in REGIONS for n in ("a", "b")} == {3008}


def test_an_account_that_is_lost_during_a_run_fails_and_the_others_are_done(
    organization: tuple[Aws, list[str]], tmp_path: Path
) -> None:
    aws, members = organization
    second = members[1]
    iam = client("iam", second)
    file = tmp_path / "plan.json"
    aws.run("plan", "--all", *roles(members), "--region", "us-east-1", *RULES, "--out", str(file))
    iam.delete_role_policy(RoleName="tailor", PolicyName="all")
    iam.update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps({**TRUST, "Statement": []}))
    try:
        run = lambda_tailor.apply(load_plan(file), just_made=True)
        failed = {o.account_id for o in run.outcomes if o.outcome == "failed"}
        assert failed == {second} and run.summary.applied == 6
        assert all("cannot be reached" in o.detail for o in run.outcomes if o.account_id == second)
    finally:
        iam.update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName="tailor", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    # Lost again, what was done before stays done.
    iam.update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps({**TRUST, "Statement": []}))
    client("iam", members[0]).update_assume_role_policy(
        RoleName="tailor", PolicyDocument=json.dumps({**TRUST, "Statement": []})
    )
    again = lambda_tailor.resume(run)
    for account in members:
        client("iam", account).update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps(TRUST))
    assert (again.summary.applied, again.summary.failed) == (6, 6)
    resumed = aws.json("resume", run.run_id, "--auto-approve")
    assert resumed["status"] == "succeeded" and resumed["summary"]["applied"] == 12
    assert aws.json("rollback", run.run_id, "--auto-approve")["status"] == "succeeded"
    assert {memory_of(a, "us-east-1", "a") for a in members} == {3008}


def test_a_saved_plan_is_applied_and_put_back_where_one_account_is_lost(
    organization: tuple[Aws, list[str]], tmp_path: Path
) -> None:
    aws, (first, second) = organization
    iam = client("iam", second)
    file = str(tmp_path / "plan.json")
    aws.run("plan", "--all", *roles([first, second]), "--region", "us-east-1", *RULES, "--out", file)
    iam.update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps({**TRUST, "Statement": []}))
    try:
        run = aws.json("apply", file, "--auto-approve", exit_code=1)
        failed = [outcome for outcome in run["outcomes"] if outcome["outcome"] == "failed"]
        assert len(failed) == run["summary"]["applied"] == 6
        assert all(each["account_id"] == second and "cannot be reached" in each["detail"] for each in failed)
        assert (memory_of(first, "us-east-1", "a"), memory_of(second, "us-east-1", "a")) == (1024, 3008)
        # Nothing of the lost account is put back, so that its role is not needed.
        undone = aws.json("rollback", run["run_id"], "--auto-approve")
        assert undone["summary"]["rolled_back"] == 6
        assert memory_of(first, "us-east-1", "a") == 3008
    finally:
        iam.update_assume_role_policy(RoleName="tailor", PolicyDocument=json.dumps(TRUST))


def test_the_cookbooks_many_accounts_are_all_of_the_organization_in_every_region_that_is_enabled(
    organization: tuple[Aws, list[str]],
) -> None:
    aws, members = organization
    ((*words,),) = commands("Many accounts")
    for account in members:
        iam = client("iam", account)
        iam.create_role(RoleName=words[-1], AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=words[-1], PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    plan = json.loads(aws.run(*words, *RULES, "--json", exit_code=None).stdout)
    everywhere = {(account, region) for account in members for region in REGIONS}
    assert {(f["account_id"], f["region"]) for f in plan["functions"]} == everywhere
    assert plan["api_calls"]["organizations:ListAccounts"] == 1
    assert plan["api_calls"]["ec2:DescribeRegions"] >= len(members)
    assert plan["api_calls"]["lambda:ListFunctions"] > 15 * len(members)
    # Whichever account the emulator has besides, it has no such role, and that is told.
    assert {p["account_id"] for p in plan["problems"]}.isdisjoint(members)


def test_every_region_is_tried_where_nobody_may_say_which_are_enabled(organization: tuple[Aws, list[str]]) -> None:
    aws, members = organization
    aws.emulator.control.fail(operation="ec2:DescribeRegions", kind="access-denied", times=1)
    plan = aws.json("plan", "--all", "--all-regions", *roles(members[:1]), *RULES)
    assert {f["region"] for f in plan["functions"]} == set(REGIONS)
    assert plan["api_calls"]["lambda:ListFunctions"] > 25


def test_roles_from_a_file(organization: tuple[Aws, list[str]], tmp_path: Path) -> None:
    aws, members = organization
    file = tmp_path / "roles.txt"
    file.write_text("# ours\n" + "".join(f"{role_of(account)}  # a member\n\n" for account in members))
    plan = aws.json("plan", "--all", "--role-arns", str(file), "--region", "us-east-1", *RULES)
    assert {f["account_id"] for f in plan["functions"]} == set(members)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role-arn", "tailor"], "'tailor' is no role's ARN"),
        (["--role-arn", role_of(HOME), "--role-arn", f"arn:aws:iam::{HOME}:role/other"], "are of one account"),
        (["--region", "us-east-1", "--all-regions"], "--region or --all-regions"),
        (["--role-arn", role_of(HOME), "--organization", "x"], "--role-arn or --organization"),
        (["--organization", "no role"], "is no role's name"),
        (["--role-arns", "/nowhere/roles"], "/nowhere/roles cannot be read"),
        (["--scheduler", "tcp://127.0.0.1:1"], "scheduler tcp://127.0.0.1:1 does not answer"),
    ],
)
def test_what_cannot_be_meant_is_told(
    organization: tuple[Aws, list[str]], arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_tailor.aws.scheduler._ANSWER_WITHIN_S", 1)
    result = organization[0].run("plan", "--all", *arguments, *RULES, exit_code=1)
    assert told in result.stderr


@pytest.mark.parametrize("arguments", [["--role-arn", "x"], ["--organization", "no role"]])
def test_a_policy_for_no_role_is_not_printed(organization: tuple[Aws, list[str]], arguments: list[str]) -> None:
    result = organization[0].run("iam-policy", *arguments, exit_code=1)
    assert "no role's" in result.stderr and not result.stdout


def test_a_cluster_needs_a_journal_that_its_workers_reach(organization: tuple[Aws, list[str]]) -> None:
    result = organization[0].run(
        "rollback", "latest", "--scheduler", "tcp://127.0.0.1:1", "--auto-approve", exit_code=1
    )
    assert "PostgreSQL" in result.stderr

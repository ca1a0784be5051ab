"""Each recipe of the cookbook, carried out as it stands there on one account, does what it says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws
from tests.integration.cookbook import block, commands, recipes
from tests.unit.writeback.sources import function, lay, state

ACCOUNT = "220000000001"
MOST = 12
# Elsewhere: one has an account with members, the other needs a runner of GitHub's.
RUN_ELSEWHERE = {"Many accounts": "test_organization.py", "A review in a pull request": "test_action.py"}
RUN_HERE = {
    "Find what saves most", "Only log retention, in one region", "Only what is safe", "One team's functions",
    "Why is my function not judged?", "A pull request every week", "A weekly job", "Undo last week's run",
    "Keep one function out", "What did it bring?",
}  # fmt: skip


@pytest.fixture(scope="module")
def fleet(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Thirteen functions that log, each more than the one before, in two regions; two are of the payments team."""
    folder = tmp_path_factory.mktemp("cookbook")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
            patch.delenv(name, raising=False)
        for name, value in emulator.environment(ACCOUNT).items():
            patch.setenv(name, value)
        patch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{folder / 'journal.db'}")
        patch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "vault.key"))
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.chdir(folder)
        aws = Aws(ACCOUNT, emulator)
        assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
        role = boto3.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        traces = {"Effect": "Allow", "Action": "xray:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [traces]})
        boto3.client("iam").put_role_policy(RoleName="role", PolicyName="traces", PolicyDocument=document)
        for number in range(MOST):
            name = f"{'payments' if number < 2 else 'shop'}-{number:02}"
            make("us-east-1", name, role, gigabytes=10.0 * (number + 1), team=name.partition("-")[0])
        make("eu-west-1", "abroad", role, gigabytes=5.0, team="shop")
        yield aws


def make(region: str, name: str, role: str, *, gigabytes: float, team: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")
    client = boto3.client("lambda", region_name=region)
    client.create_function(
        FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=role, MemorySize=512,
        Code={"ZipFile": code.getvalue()}, Tags={"team": team},
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    boto3.client("logs", region_name=region).create_log_group(logGroupName=f"/aws/lambda/{name}")
    seen = datetime.now(UTC) - timedelta(days=1)
    for namespace, metric, dimension, of, value in (
        ("AWS/Logs", "IncomingBytes", "LogGroupName", f"/aws/lambda/{name}", gigabytes * 1e9),
        ("AWS/Lambda", "Invocations", "FunctionName", name, 1000.0),
    ):
        datum = {
            "MetricName": metric,
            "Dimensions": [{"Name": dimension, "Value": of}],
            "Timestamp": seen,
            "Value": value,
        }
        boto3.client("cloudwatch", region_name=region).put_metric_data(Namespace=namespace, MetricData=[datum])


@pytest.fixture(autouse=True)
def counted(fleet: Aws) -> None:
    fleet.control.reset()


def retention() -> dict[str, int | None]:
    groups = [
        group
        for region in ("us-east-1", "eu-west-1")
        for group in boto3.client("logs", region_name=region).describe_log_groups()["logGroups"]
    ]
    return {group["logGroupName"].rpartition("/")[2]: group.get("retentionInDays") for group in groups}


def test_every_recipe_is_run_by_a_test() -> None:
    assert recipes().keys() == RUN_HERE | RUN_ELSEWHERE.keys()
    for heading, file in RUN_ELSEWHERE.items():
        text = (Path(__file__).parent / file).read_text()
        assert heading in text or "action" in file
    mine = Path(__file__).read_text()
    assert all(mine.count(f'"{heading}"') >= 2 for heading in RUN_HERE)
    table = re.findall(
        r"^\| \[.*?\]\(#.*\) \| (\d)", (Path(__file__).parents[2] / "docs/cookbook.md").read_text(), re.M
    )
    assert [int(count) for count in table] == [
        len(commands(heading))
        for heading in (
            "Find what saves most", "Only log retention, in one region", "Why is my function not judged?",
            "Undo last week's run",
        )
    ] + [len(commands("A pull request every week")) + 1]  # fmt: skip


def test_what_saves_most_comes_first_and_ten_are_shown(fleet: Aws) -> None:
    ((*words,),) = commands("Find what saves most")
    shown = fleet.run(*words).stdout
    lines = shown[shown.index("Most money") :].splitlines()[1:]
    names = [line.split()[0] for line in lines[:10]]
    assert names == [f"shop-{number:02}" for number in range(MOST - 1, 1, -1)]
    assert "2 more" in lines[10]
    assert not fleet.control.writes()


def test_only_retention_is_set_and_in_one_region_only(fleet: Aws) -> None:
    ((*words,),) = commands("Only log retention, in one region")
    fleet.run(*words, "--auto-approve")
    regions = {region for _, region, name, _ in fleet.control.log() if name.startswith(("lambda:", "logs:"))}
    assert regions == {"eu-west-1"}
    assert {name: days for name, days in retention().items() if days} == {"abroad": 30}
    fleet.run("rollback", "latest", "--auto-approve")
    assert not any(retention().values())


def test_what_is_not_safe_is_not_made_and_counted(fleet: Aws) -> None:
    ((*words,),) = commands("Only what is safe")
    # Of the default preset only retention has something to say here, at medium risk.
    words += ["--preset", "right-size,operate"]
    whole = fleet.json("plan", "--all", "--preset", "right-size,operate")
    risks = [c["risk"] for f in whole["functions"] for c in f["changes"] if c["kind"] == "change" and not c["blocked"]]
    assert {"low", "medium"} <= set(risks)
    assert {"low", "medium"} <= set(risks)
    shown = fleet.json(*words, "--dry-run")
    made = [c["risk"] for f in shown["functions"] for c in f["changes"] if c["kind"] == "change" and not c["blocked"]]
    assert made and set(made) <= {"none", "low"}
    higher = sum(risk not in ("none", "low") for risk in risks)
    assert f"Left out: {higher} changes of a higher risk than was asked for" in fleet.run(*words, "--dry-run").stdout


def test_one_teams_functions_are_those_with_its_tag(fleet: Aws) -> None:
    ((*words,),) = commands("One team's functions")
    assert {each["name"] for each in fleet.json(*words)["functions"]} == {"payments-00", "payments-01"}


def test_why_a_function_is_not_judged_names_the_rule_and_the_measurement(fleet: Aws) -> None:
    ((*words,),) = commands("Why is my function not judged?", NAME="shop-05")
    told = fleet.run(*words).stdout
    memory = " ".join(told[told.index("\nmemory: ") :].partition("\n\n")[0].split())
    assert "its size is not judged, since its memory use is not known: there is no REPORT record" in memory
    assert "to change a longer --lookback" in memory


def test_the_weekly_pull_request_is_a_branch_with_its_title_and_text(
    fleet: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:shop-05"
    main = 'resource "aws_cloudwatch_log_group" "f" {\n  name = "/aws/lambda/shop-05"\n}\n'
    group = {"name": "/aws/lambda/shop-05", "retention_in_days": 0}
    from tests.unit.writeback.sources import resource

    deployed = (function("shop-05", arn=arn), resource("aws_cloudwatch_log_group", "f", group))
    lay(
        source,
        {"main.tf": main, "terraform.tfstate": state(*deployed), ".gitignore": "*.tfstate\n"},
    )
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "shop"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "t")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "t")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "t@t")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "t@t")
    monkeypatch.chdir(source)
    plans, writes_back = commands("A pull request every week")
    fleet.run(*plans)
    # 2: what is not in this source is named. The week after, the same again.
    for _ in range(2):
        fleet.run(*writes_back, exit_code=2)
    written = subprocess.run(
        ["git", "show", "lambda-tailor/write-back:main.tf"], cwd=source, check=True, capture_output=True, text=True
    ).stdout
    assert "retention_in_days = 30" in written
    assert "retention_in_days" not in (source / "main.tf").read_text()
    assert "1 Lambda function" in (tmp_path / "request/title.txt").read_text()
    assert "shop-05" in (tmp_path / "request/body.md").read_text()
    assert not fleet.control.writes()


def test_the_weekly_job_says_by_its_code_that_there_is_something_to_change(fleet: Aws) -> None:
    ((*words,),) = commands("A weekly job")
    assert block("A weekly job")[0].endswith("> plan.md")
    assert "shop-05" in fleet.run(*words, exit_code=2).stdout


def test_last_weeks_run_is_found_and_undone_and_what_another_hand_changed_is_left(fleet: Aws) -> None:
    fleet.run("apply", "--tag", "team=payments", "--rules", "log-retention", "--auto-approve")
    boto3.client("logs").put_retention_policy(logGroupName="/aws/lambda/payments-01", retentionInDays=90)
    lists, _ = commands("Undo last week's run")
    listed = fleet.run(*lists).stdout
    run = re.findall(r"run-\S+", listed)[-1]
    _, undoes = commands("Undo last week's run", RUN=run)
    undone = fleet.run(*undoes, "--auto-approve", exit_code=None)
    assert {name: days for name, days in retention().items() if days} == {"payments-01": 90}
    assert "payments-01" in undone.stdout + undone.stderr
    boto3.client("logs").delete_retention_policy(logGroupName="/aws/lambda/payments-01")


def test_what_is_kept_out_has_no_change_and_the_policy_tells_until_when(fleet: Aws, tmp_path: Path) -> None:
    text = "\n".join(block("Keep one function out"))
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"rules:\n  memory: {{target_mb: 256}}\n{text}\n")
    planned = fleet.json("plan", "--all", "--policy", str(policy))
    changed = {each["name"] for each in planned["functions"] if each["changes"]}
    assert changed == {"abroad", *(f"shop-{number:02}" for number in range(2, MOST))} - {"abroad"}
    assert "well formed" in fleet.run("policy", "check", str(policy)).stdout
    policy.write_text(policy.read_text().replace("2027-03-01", "2020-03-01"))
    assert "ended on 2020-03-01" in fleet.run("policy", "check", str(policy)).stdout


def test_what_it_brought_is_told_once_there_is_something_to_compare(fleet: Aws) -> None:
    before = fleet.snapshot()
    fleet.run("apply", "--function", "shop-05", "--rules", "log-retention", "--auto-approve")
    ((*words,),) = commands("What did it bring?")
    # So soon there is nothing to compare, and it says when there is; test_realized.py has runs that are older.
    assert "ended less than 30 minutes ago: ask again" in fleet.run(*words, exit_code=1).stderr
    fleet.run("rollback", "latest", "--auto-approve")
    assert differences(before, fleet.snapshot()) == []

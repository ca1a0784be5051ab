"""The GitHub Action, its shell steps run for real on the embedded AWS; only gh and pip are stubs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor import __version__
from tests.integration.action import READS_ONLY, ROOT, TOKEN, Runner, warm
from tests.integration.conftest import Aws
from tests.unit.writeback.sources import function, lay, state

POLICY = "rules:\n  memory: {target_mb: 1024}\n  timeout: {target_s: 30}\n"
MAIN = 'resource "aws_lambda_function" "f" {\n  memory_size = 3008 # MB\n  timeout     = 300\n}\n'
PULL = {"pull_request": {"number": 5, "head": {"repo": {"fork": False}}}}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with warm(tmp_path_factory.mktemp("warm")) as path:
        yield path


@pytest.fixture
def runner(tmp_path: Path, started: Path) -> Runner:
    (tmp_path / "job").mkdir()
    runner = Runner(tmp_path / "job", started)
    (runner.work / "policy.yaml").write_text(POLICY)
    return runner


@pytest.fixture
def orders(aws: Aws, deploy: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    made = deploy("orders", MemorySize=3008, Timeout=300)
    aws.control.reset()
    return made


def test_one_comment_is_made_and_then_updated_from_one_reading_of_aws(
    aws: Aws, orders: dict[str, Any], runner: Runner, deploy: Callable[..., dict[str, Any]]
) -> None:
    asked = {"region": "us-east-1", "policy": "policy.yaml", "sarif": "lambda.sarif"}
    ran = runner.run(PULL, **asked)
    assert ran.step is None, ran.log
    plan = json.loads((runner.folder / "temp/plan.json").read_text())
    # AWS was asked what one plan asks, and no more, however many forms were written.
    assert aws.control.calls()["lambda:ListFunctions"] == plan["api_calls"]["lambda:ListFunctions"] > 0
    assert not aws.control.writes()
    assert ran.outputs["changes"] == str(plan["summary"]["changes"]) == "2"
    net = plan["summary"]["monthly_net_usd"]
    assert (float(ran.outputs["net-low"]), float(ran.outputs["net-high"])) == pytest.approx(
        (net["low"], net["high"]), abs=0.005
    )
    assert net["high"] > 0 and ran.outputs["blocked"] == "0"
    assert ran.uploaded == [ran.outputs["artifact"], "plan.json", "plan.html"]
    assert ran.outputs["artifact"].startswith("lambda-tailor-7-1-")
    results = json.loads((runner.work / "lambda.sarif").read_text())["runs"][0]["results"]
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert places == ["policy.yaml", "policy.yaml"]
    (comment,) = runner.state["comments"]
    assert comment["issue"] == "5" and "orders" in comment["body"]
    assert comment["body"].partition("\n")[2] == ran.summary
    assert ran.outputs["comment"].endswith(f"#issuecomment-{comment['id']}")

    # Others comment in between, one with our own mark.
    marker = comment["body"].partition("\n")[0]
    assert marker.startswith("<!-- ")
    theirs = [{"id": 900 + n, "author": "mallory", "body": f"{text}\nfine", "issue": "5"} for n, text in
              enumerate((marker, "nice"))]  # fmt: skip
    runner.keep(comments=[comment, *theirs])
    deploy("billing", MemorySize=3008, Timeout=300)
    again = runner.run(PULL, **asked)
    assert again.step is None, again.log
    mine, *others = runner.state["comments"]
    assert mine["id"] == comment["id"] and "billing" in mine["body"] and others == theirs
    assert again.outputs["changes"] == "4"

    # Another region, target or policy is another plan, with a comment of its own.
    runner.run(PULL, **{**asked, "target": "--function=orders"})
    assert len(runner.state["comments"]) == 4


def test_a_token_that_may_not_write_leaves_the_plan_in_the_summary(orders: dict[str, Any], runner: Runner) -> None:
    fork = {"pull_request": {"number": 5, "head": {"repo": {"fork": True}}}}
    ran = runner.run(fork, READS_ONLY, region="us-east-1", policy="policy.yaml", write_back=".")
    assert ran.step is None, ran.log
    assert "orders" in ran.summary and runner.state["comments"] == [] and runner.state["pulls"] == []
    assert "::notice title=lambda-tailor::The token may not comment" in ran.log
    assert ran.outputs["comment"] == "" and ran.outputs["changes"] == "2"


def test_a_comment_that_fails_for_another_reason_fails_the_job(orders: dict[str, Any], runner: Runner) -> None:
    ran = runner.run({}, region="us-east-1", policy="policy.yaml", issue="404")
    assert ran.step == "comment" and "could not be commented on number 404" in ran.log


def test_a_plan_without_changes_says_so(aws: Aws, runner: Runner, deploy: Callable[..., dict[str, Any]]) -> None:
    deploy("orders", MemorySize=1024, Timeout=30)
    ran = runner.run({}, region="us-east-1", policy="policy.yaml")
    assert ran.step is None, ran.log
    assert (ran.outputs["changes"], ran.outputs["net-low"], ran.outputs["net-high"]) == ("0", "0.00", "0.00")
    # Neither a pull request nor an issue: there is nothing to comment on.
    assert runner.state["comments"] == [] and "Nothing was changed" in ran.summary


def test_a_policy_that_is_wrong_is_an_error_with_its_sentence(orders: dict[str, Any], runner: Runner) -> None:
    (runner.work / "policy.yaml").write_text("rules:\n  memory: {target: 100%}\n")
    ran = runner.run(PULL, region="us-east-1", policy="policy.yaml")
    assert ran.step == "plan" and runner.state["comments"] == []
    (said,) = [line for line in ran.log.splitlines() if line.startswith("::error")]
    assert said.startswith("::error title=lambda-tailor::policy.yaml: line 2: unknown key"), said
    assert "Traceback" not in ran.log


def test_what_could_not_be_read_fails_the_job_after_it_was_shown(
    aws: Aws, orders: dict[str, Any], runner: Runner
) -> None:
    aws.control.fail(operation="lambda:ListFunctions", kind="access-denied", account=aws.account)
    ran = runner.run(PULL, region="us-east-1", policy="policy.yaml", target="--all\n--region=eu-west-1")
    assert aws.control.struck()
    assert ran.step == "last" and "The plan is not whole" in ran.log, ran.log
    (comment,) = runner.state["comments"]
    assert "Not read: " in comment["body"] and "Not read: " in ran.summary


def test_what_the_program_needs_is_installed_by_hash_and_itself_alone_without(runner: Runner) -> None:
    runner.run({}, region="us-east-1")
    needed, itself, checked = (runner.folder / "temp/pip.log").read_text().splitlines()
    assert needed.endswith(f"--only-binary=:all: --require-hashes --requirement {ROOT / 'requirements-action.lock'}")
    assert itself.endswith(f"install --no-deps lambda-tailor=={__version__}")
    assert checked.endswith(" check")


def test_a_version_that_needs_other_packages_is_told(runner: Runner) -> None:
    runner.refuse_packages()
    ran = runner.run({}, region="us-east-1", version="==9.9.9")
    assert ran.step == "install"
    assert "::error title=lambda-tailor::lambda-tailor==9.9.9 needs other packages than this action has" in ran.log


def test_inputs_are_never_run(orders: dict[str, Any], runner: Runner) -> None:
    evil = "$(touch pwned) `touch pwned` ; touch pwned ' \""
    asked = {"region": "us-east-1", "policy": "policy.yaml"}
    refused = runner.run({}, **{**asked, "target": f"--all\n--function={evil}", "region": evil, "key": evil})
    assert refused.step == "plan"
    late = {"version": evil, "sarif": evil, "write_back": evil, "state": evil, "branch": evil, "issue": evil}
    runner.run({}, **asked, **late)
    assert f"--no-deps lambda-tailor{evil}" in (runner.folder / "temp/pip.log").read_text()
    assert not list(runner.folder.rglob("pwned"))


def test_the_plan_is_signed_with_the_key_that_is_given(
    orders: dict[str, Any], runner: Runner, monkeypatch: pytest.MonkeyPatch, aws: Aws
) -> None:
    aws.run("key", "make")
    key = aws.run("key", "export").stdout.strip()
    monkeypatch.delenv("LAMBDA_TAILOR_KEY_FILE")
    ran = runner.run({}, region="us-east-1", policy="policy.yaml", key=key)
    assert ran.step is None, ran.log
    assert key not in ran.log + ran.summary
    monkeypatch.setenv("LAMBDA_TAILOR_KEY", key)
    aws.run("apply", str(runner.folder / "temp/plan.json"), "--auto-approve")


@pytest.fixture
def source(orders: dict[str, Any], runner: Runner) -> Path:
    """The function's source in a repository of git, and a remote one that takes the branch."""
    deployed = function("orders", arn=orders["FunctionArn"])
    lay(runner.work, {"main.tf": MAIN, "terraform.tfstate": state(deployed), ".gitignore": "*.tfstate\n"})
    git(runner, "init", "--quiet", "--initial-branch=main")
    git(runner, "config", "user.name", "t")
    git(runner, "config", "user.email", "t@example.invalid")
    git(runner, "add", ".")
    git(runner, "commit", "--quiet", "--message", "shop")
    subprocess.run(["git", "init", "--quiet", "--bare", str(runner.remote)], check=True)
    return runner.work


def git(runner: Runner, *words: str, of: Path | None = None) -> str:
    done = subprocess.run(["git", *words], cwd=of or runner.work, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_plan_is_written_back_as_one_pull_request_that_is_updated(source: Path, runner: Runner) -> None:
    asked = {"region": "us-east-1", "policy": "policy.yaml", "write_back": ".", "sarif": "lambda.sarif"}
    ran = runner.run({}, **asked)
    assert ran.step is None, ran.log
    (pull,) = runner.state["pulls"]
    assert ran.outputs["pull-request"] == f"https://github.com/shop/infra/pull/{pull['number']}"
    assert pull["base"] == "main" and "1 Lambda function" in pull["title"] and "lambda-tailor" in pull["labels"]
    written = git(runner, "show", f"{pull['head']}:main.tf", of=runner.remote)
    assert "memory_size = 1024 # MB" in written and "timeout     = 30" in written
    assert (source / "main.tf").read_text() == MAIN
    results = json.loads((source / "lambda.sarif").read_text())["runs"][0]["results"]
    assert {each["ruleId"]: where(each) for each in results} == {"memory": ("main.tf", 2), "timeout": ("main.tf", 3)}

    (source / "policy.yaml").write_text(POLICY.replace("1024", "512"))
    again = runner.run({}, **asked)
    assert again.step is None, again.log
    (same,) = runner.state["pulls"]
    assert same["number"] == pull["number"] and same["body"] != pull["body"]
    assert len([label for label in same["labels"] if label.startswith("risk: ")]) == 1
    assert "memory_size = 512" in git(runner, "show", f"{pull['head']}:main.tf", of=runner.remote)
    assert TOKEN not in ran.log + again.log


def where(result: dict[str, Any]) -> tuple[str, int]:
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


def test_a_source_that_says_it_already_opens_nothing(source: Path, runner: Runner) -> None:
    (source / "main.tf").write_text(MAIN.replace("3008", "1024").replace("300", "30"))
    git(runner, "commit", "--quiet", "--all", "--message", "done")
    ran = runner.run({}, region="us-east-1", policy="policy.yaml", write_back=".")
    assert ran.step is None, ran.log
    assert "The source says it all already." in ran.log and runner.state["pulls"] == []

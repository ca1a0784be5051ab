"""A change's line in the policy file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lambda_tailor import documents
from lambda_tailor.cli.commands import main
from lambda_tailor.cli.places import policy_places
from lambda_tailor.model.plan import Plan
from lambda_tailor.report.sarif import Place
from lambda_tailor.report.tables import Row
from tests.unit.report.plans import a_change, a_plan, a_planned
from tests.unit.writeback.sources import ACCOUNT, arn, function, state

ROOT = Path(__file__).parents[3]


def test_a_rule_is_at_its_line_and_the_file_is_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "ops" / "policy.yaml"
    file.parent.mkdir()
    file.write_text("preset: right-size\nrules:\n  memory: {}\n  timeout: {}\n")
    places = policy_places(Path("ops/policy.yaml"))
    function = a_planned("f", ())
    assert places(Row(function, a_change(rule="timeout"))) == Place("ops/policy.yaml", 4)
    assert places(Row(function, a_change(rule="tracing"))) == Place("ops/policy.yaml", 1)


def test_a_file_elsewhere_is_known_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("preset: reference\n")
    place = policy_places(file)(Row(a_planned("f", ()), a_change()))
    assert place == Place("policy.yaml", 1)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """examples/terraform below the working folder, with a state and a plan about one of its functions."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples/terraform", tmp_path / "infra")
    deployed = function("shop-orders", "this", 'module.function["orders"]')
    (tmp_path / "state.json").write_text(state(deployed))
    (tmp_path / "plan.json").write_text(documents.dumps(_plan()))
    return tmp_path


def _plan() -> Plan:
    changes = (
        a_change(),
        a_change(rule="timeout", setting="timeout_s", before=300, after=30, blocked="a run of 40 s was seen"),
        a_change(rule="tracing", setting="tracing", before="PassThrough", after="Active"),
    )
    known = {"arn": arn("shop-orders"), "account_id": ACCOUNT, "region": "us-east-1"}
    made = a_plan(replace(a_planned("shop-orders", changes), **known), a_planned("of-others", (a_change(),)))
    return replace(made, plan_id=documents.plan_hash(made))


def _report(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", "plan.json", *arguments])


def test_a_saved_plan_is_shown_where_the_source_says_it(shop: Path) -> None:
    asked = ("--format", "sarif", "--source", "infra", "--state", "state.json", "--policy", "infra/policy.yaml")
    result = _report(*asked, "--out", "lambda.sarif")
    assert result.exit_code == 0, result.output
    lines = (shop / "infra/main.tf").read_text().split("\n")
    (memory,) = [n for n, line in enumerate(lines, 1) if "orders  = { memory_size = 3008" in line]
    found = {}
    for each in json.loads((shop / "lambda.sarif").read_text())["runs"][0]["results"]:
        place = each["locations"][0]
        at = place["physicalLocation"]
        found[place["logicalLocations"][0]["name"], each["ruleId"]] = (
            at["artifactLocation"]["uri"], at["region"]["startLine"],
        )  # fmt: skip
    assert found["shop-orders", "memory"] == ("infra/main.tf", memory)
    # Blocked changes have no edit: they are where the function is written, or else in the policy.
    assert found["shop-orders", "timeout"] == ("infra/main.tf", memory)
    policy = (shop / "infra/policy.yaml").read_text().split("\n")
    rule = next(n for n, line in enumerate(policy, 1) if line.strip().startswith("memory:"))
    assert found["of-others", "memory"] == ("infra/policy.yaml", rule)


def test_a_source_without_sarif_and_a_format_of_a_run_are_refused(shop: Path) -> None:
    for arguments, why in (
        (["report", "plan.json", "--source", "infra", "--out", "x"], "--source says where SARIF points to"),
        (["report", "run-1", "--format", "csv", "--out", "x"], "--format csv is for a saved plan"),
        (["report", "--history", "--format", "csv", "--out", "x"], "--format csv is for a saved plan"),
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 1 and why in result.output, result.output


@pytest.mark.parametrize(
    ("form", "begins"), [("markdown", "## lambda-tailor: "), ("csv", "account_id,"), ("html", "<!")]
)
def test_a_saved_plan_is_written_in_every_form_without_reading_again(shop: Path, form: str, begins: str) -> None:
    result = _report("--format", form, "--out", "out")
    assert result.exit_code == 0, result.output
    assert (shop / "out").read_text().lower().startswith(begins)

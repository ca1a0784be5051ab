"""The command: a diff, JSON and exit codes, as the contract says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lambda_tailor import documents
from lambda_tailor.applying.keys import prove_key
from lambda_tailor.cli.commands import main
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.run import Status
from tests.unit.report.plans import a_change, a_plan, a_planned
from tests.unit.writeback.sources import ACCOUNT, arn, function, lay, state

MAIN = 'resource "aws_lambda_function" "f" {\n  memory_size = 3008 # MB\n  timeout     = 100 * 3\n}\n'


def _plan(**assumptions: Any) -> Plan:
    orders = replace(
        a_planned("orders", (a_change(), a_change(rule="timeout", setting="timeout_s", before=300, after=30))),
        arn=arn("orders"), account_id=ACCOUNT,
    )  # fmt: skip
    plan = a_plan(orders)
    plan = replace(plan, assumptions={**plan.assumptions, **assumptions})
    return replace(plan, plan_id=documents.plan_hash(plan))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    deployed = state(function("orders"))
    lay(tmp_path, {"infra/main.tf": MAIN, "infra/terraform.tfstate": deployed})
    (tmp_path / "plan.json").write_text(documents.dumps(_plan()))
    return tmp_path


def _run(folder: Path, *arguments: str, trust: bool = True) -> Result:
    command = ["write-back", str(folder / "plan.json"), "--source", str(folder / "infra"), *arguments]
    return CliRunner().invoke(main, [*command, "--trust-plan"] if trust else command)


def test_a_diff_goes_to_stdout_and_what_was_not_written_ends_with_2(folder: Path) -> None:
    result = _run(folder)
    assert result.exit_code == 2
    assert result.stdout.startswith("--- a/main.tf\n+++ b/main.tf\n")
    assert "+  memory_size = 1024 # MB\n" in result.stdout
    assert "Not written: main.tf:3 orders timeout_s:" in result.stderr and "Wanted: 30" in result.stderr
    assert (folder / "infra/main.tf").read_text() == MAIN


def test_json_is_one_document_with_the_contracts_keys(folder: Path) -> None:
    result = _run(folder, "--json", "--write")
    document = json.loads(result.stdout)
    assert result.exit_code == 2 and document["schema_version"] == "1"
    (edit,) = document["edits"]
    assert edit == {
        "file": "main.tf", "line": 2, "function": "orders", "setting": "memory_mb", "before": 3008, "after": 1024,
        "also_changes": [],
    }  # fmt: skip
    (left,) = document["not_edited"]
    assert set(left) == {"function", "setting", "file", "line", "because", "wanted"}
    assert "1024 # MB" in (folder / "infra/main.tf").read_text()


def test_the_policy_of_the_plan_says_what_is_left_alone(folder: Path) -> None:
    plan = _plan(write_back={"ignore": ["timeout"]})
    (folder / "plan.json").write_text(documents.dumps(plan))
    assert _run(folder).exit_code == 0


def test_a_pull_requests_texts_are_written_into_a_folder(folder: Path) -> None:
    assert _run(folder, "--pull-request", str(folder / "request")).exit_code == 2
    names = sorted(path.name for path in (folder / "request").iterdir())
    assert names == ["body.md", "labels.txt", "title.txt"]
    assert "Not written" in (folder / "request/body.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--source", "nowhere"], "is no folder"),
        (["--state", "nowhere.json"], "terraform state pull"),
        (["--write", "--branch", "b"], "not both"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_1(folder: Path, arguments: list[str], says: str) -> None:
    result = _run(folder, *arguments)
    assert result.exit_code == 1 and says in result.stderr and "Traceback" not in result.output


def test_a_plan_that_is_not_signed_needs_to_be_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "key"))
    result = _run(folder, "--write", trust=False)
    assert result.exit_code == 1 and "not signed" in result.stderr
    assert (folder / "infra/main.tf").read_text() == MAIN


def test_what_no_place_is_known_for_is_told_once_for_all_functions(tmp_path: Path) -> None:
    plan = a_plan(*(a_planned(f"f-{n}", (a_change(),)) for n in range(9)))
    (tmp_path / "plan.json").write_text(documents.dumps(replace(plan, plan_id=documents.plan_hash(plan))))
    (tmp_path / "infra").mkdir()
    result = _run(tmp_path)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Not written")]
    assert line.startswith(
        "Not written: f-0, f-1, f-2, f-3, f-4, ... 4 more memory_mb: the source's folder has nothing"
    )
    assert "9 not." in result.stderr


def test_a_run_that_the_key_does_not_vouch_for_is_not_written_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{folder / 'journal.db'}"
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", url)
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(folder / "key"))
    with closing(Journal(url)) as journal:
        prove_key(journal, Vault(folder / "key"), trust=False)
        journal.begin("run-1", _plan(), user="ann")
        journal.finish("run-1", Status.SUCCEEDED, journal.take_up("run-1"))
    command = ["write-back", "run-1", "--source", str(folder / "infra"), "--write"]
    assert CliRunner().invoke(main, command).exit_code == 0
    with sqlite3.connect(folder / "journal.db") as database:
        database.execute("update runs set user = 'bob'")
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1 and "cannot be verified" in refused.stderr
    assert CliRunner().invoke(main, [*command, "--trust-plan"]).exit_code == 0

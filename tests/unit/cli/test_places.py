"""A change's line in the policy file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_tailor.cli.places import policy_places
from lambda_tailor.report.sarif import Place
from lambda_tailor.report.tables import Row
from tests.unit.report.plans import a_change, a_planned


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

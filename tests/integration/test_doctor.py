"""doctor on the embedded AWS: ready, and each thing that is missing."""

from __future__ import annotations

from typing import Any

import pytest

import lambda_tailor
from tests.integration.conftest import Aws


def checks(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in document["checks"]}


def test_all_is_ready(aws: Aws) -> None:
    found = checks(aws.json("doctor"))
    assert {"versions", "extras", "journal", "credentials", "clock", "lambda:ListFunctions"} <= set(found)
    assert [name for name, check in found.items() if check["health"] == "failed"] == []


def test_what_is_missing_is_said_and_nothing_is_raised(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    blocked = tmp_path / "file"
    blocked.write_text("")
    found = lambda_tailor.doctor(journal=f"sqlite:///{blocked}/journal.db")
    by_name = {check.name: check for check in found.checks}
    assert not found.well
    assert by_name["region"].health == "failed" and "--region" in by_name["region"].remedy
    assert by_name["journal"].health == "failed"

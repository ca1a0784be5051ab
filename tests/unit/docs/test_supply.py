"""What is installed: every file by its hash, the same versions everywhere, and a bill of materials of the wheel."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from scripts import action_lock
from scripts.audit import audit, unreachable
from scripts.locked import LOCK, ROOT, canonical, locked
from scripts.sbom import bill

PINNED = locked(LOCK.read_text())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_package_of_the_lock_has_hashes_and_no_index_is_named() -> None:
    assert len(PINNED) > 100
    assert [each.name for each in PINNED.values() if not each.sha256] == []
    assert "://" not in LOCK.read_text()
    assert "index" not in LOCK.read_text()


def test_the_lock_and_the_constraints_pin_the_same_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text().split()
    versions = {canonical(name): version for name, _, version in (line.partition("==") for line in lines)}
    both = versions.keys() & PINNED.keys()
    assert len(both) > 100
    assert {
        name: (versions[name], PINNED[name].version) for name in both if versions[name] != PINNED[name].version
    } == {}


def test_whatever_the_project_asks_for_is_locked() -> None:
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    asked = {canonical(Requirement(line).name): Requirement(line) for line in lines}
    del asked["lambda-tailor"]
    assert asked.keys() - PINNED.keys() == set()
    assert [str(each) for name, each in asked.items() if PINNED[name].version not in each.specifier] == []


def test_nothing_is_installed_without_a_hash() -> None:
    installs = [line for line in (ROOT / "Makefile").read_text().splitlines() if "$(BIN)/python -m pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation --editable ." in installs[1]


def test_what_the_action_installs_is_locked_for_each_python_and_is_no_more_than_it_needs() -> None:
    assert action_lock.FILE.read_text() == action_lock.part(LOCK.read_text(), action_lock.needed())
    installed = locked(action_lock.FILE.read_text())
    assert {"boto3", "cffi", "sqlalchemy", "tree-sitter-hcl"} <= installed.keys()
    assert installed.keys() & {"pytest", "numpy", "pulumi", "pip"} == set()
    assert all(PINNED[name] == each and each.sha256 for name, each in installed.items())


def test_a_package_that_is_needed_and_not_locked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = {name: each for name, each in PINNED.items() if name != "jmespath"}
    monkeypatch.setattr(action_lock, "locked", lambda _text: pinned)
    with pytest.raises(LookupError, match=r"jmespath is not locked, and Python 3\.11 needs it"):
        action_lock.needed()


def test_the_bill_has_what_the_wheel_needs_and_nothing_of_ours(tmp_path: Path) -> None:
    wheel = tmp_path / "lambda_tailor-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    made = bill(PROJECT, "1.0", PINNED, [wheel])
    assert made == bill(PROJECT, "1.0", PINNED, [wheel])
    names = {each["name"] for each in made["components"]}
    # urllib3 is needed by what boto3 needs.
    assert {"boto3", "botocore", "urllib3", "sqlalchemy", "numpy", "tree-sitter"} <= names
    assert names & {"pytest", "ruff", "sphinx", "pip", "lambda-tailor"} == set()
    refs = {each["bom-ref"] for each in (made["metadata"]["component"], *made["components"])}
    assert {each["ref"] for each in made["dependencies"]} == refs
    assert {other for each in made["dependencies"] for other in each["dependsOn"]} < refs
    ours = made["metadata"]["component"]["externalReferences"]
    assert [each["url"] for each in ours] == [wheel.name]
    assert len(ours[0]["hashes"][0]["content"]) == 64


def test_a_line_that_pins_nothing_is_no_lock() -> None:
    with pytest.raises(ValueError, match="'boto3>=1' pins nothing"):
        locked("boto3>=1\n")


def test_without_advisories_the_audit_is_skipped_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    # Nobody listens on port 9 of this machine.
    assert audit(lambda: unreachable("http://127.0.0.1:9/", 1.0)) == 0
    assert "audit: skipped, no advisories can be had here (" in capsys.readouterr().out

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.errors import JournalError
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.secret import FINGERPRINT, PRESENT, SEALED, Secret

CANARY = "canary-7f3a"


def test_a_secret_cannot_be_printed_formatted_or_serialised() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {secret:>40} {[secret]} {vars(type(secret))}"
    for out in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            out(secret)


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_a_sealed_value_comes_back_and_is_not_readable(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "key")
    sealed = vault.seal(Secret(CANARY))
    assert CANARY not in sealed
    assert vault.unseal(sealed) == Secret(CANARY)
    assert Vault(tmp_path / "key").unseal(sealed) == Secret(CANARY)


def test_the_key_file_is_only_its_owners(tmp_path: Path) -> None:
    Vault(tmp_path / "key").seal(Secret("x"))
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_another_key_is_told_so(tmp_path: Path) -> None:
    sealed = Vault(tmp_path / "a").seal(Secret("x"))
    with pytest.raises(JournalError, match="LAMBDA_TAILOR_KEY_FILE"):
        Vault(tmp_path / "b").unseal(sealed)


def test_a_file_that_is_no_key_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("short")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(JournalError, match="is no key"):
        Vault(tmp_path / "key").seal(Secret("x"))


def test_stand_ins_are_compared_with_what_is_deployed(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "key")
    placeholders = Placeholders(vault, lambda source: Secret(f"value of {source}"))
    deployed = {"environment.A": Secret("value of ssm:a"), "memory_mb": 1024}
    wanted = placeholders.real({"environment.A": {"$reference": "ssm:a"}, "memory_mb": 1024})
    assert placeholders.differing(wanted, deployed) == []
    assert placeholders.differing({"environment.A": {PRESENT: "value"}}, deployed) == []
    assert placeholders.differing(placeholders.wrote(wanted), deployed) == []
    assert placeholders.differing({"environment.A": {FINGERPRINT: "0"}}, deployed) == ["environment.A"]
    assert placeholders.differing({"environment.A": None}, deployed) == ["environment.A"]
    assert placeholders.differing({"environment.B": None}, deployed) == []
    was = placeholders.was({"environment.A": None, "environment.B": None}, deployed)
    assert was["environment.B"] is None
    assert set(was["environment.A"] or {}) == {SEALED}  # type: ignore[arg-type]
    assert placeholders.real(was)["environment.A"] == deployed["environment.A"]

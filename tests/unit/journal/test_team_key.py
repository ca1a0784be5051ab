"""The team's key: derived keys, journals of before, and files that are no key files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lambda_tailor.errors import JournalError, KeyRefused
from lambda_tailor.journal.key_sources import FileKey, VariableKey, local_source
from lambda_tailor.journal.team_key import TeamKey, derive
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.secret import Secret

MASTER = bytes(range(32))


def test_keys_are_derived_as_rfc_5869_says() -> None:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lambda-tailor sealing")
    assert derive(MASTER, "sealing") == hkdf.derive(MASTER)
    assert len({derive(MASTER, purpose) for purpose in ("sealing", "signing", "recognising", "fingerprint")}) == 4


def test_what_a_journal_of_before_sealed_and_marked_is_known() -> None:
    text = base64.urlsafe_b64encode(MASTER)
    key = TeamKey(MASTER)
    assert key.unseal(Fernet(text).encrypt(b"value").decode()) == Secret("value")
    assert key.recognises(Secret("value"), hmac.new(text, b"value", hashlib.sha256).hexdigest())
    assert not key.recognises(Secret("other"), hmac.new(text, b"value", hashlib.sha256).hexdigest())


def test_a_key_opens_and_recognises_only_its_own() -> None:
    key, other = TeamKey(MASTER), TeamKey.made()
    assert key.unseal(key.seal(Secret("ü"))) == Secret("ü")
    assert other.unseal(key.seal(Secret("ü"))) is None
    assert key.unseal("nothing") is None
    assert key.recognises(Secret("a"), key.mark(Secret("a")))
    assert not other.recognises(Secret("a"), key.mark(Secret("a")))


def test_a_signature_is_of_one_text_for_one_use_by_one_key() -> None:
    key = TeamKey(MASTER)
    signature = key.sign("plan", "a", "b")
    assert key.verifies(signature, "plan", "a", "b")
    for what, parts in (("step", ("a", "b")), ("plan", ("ab", "")), ("plan", ("a", "c")), ("plan", ("a", "b", None))):
        assert not key.verifies(signature, what, *parts)
    assert not TeamKey.made().verifies(signature, "plan", "a", "b")
    for broken in (None, "", signature[:-1], signature.upper(), "ü" + signature):
        assert not key.verifies(broken, "plan", "a", "b")


def test_nothing_of_a_key_is_shown() -> None:
    shown = f"{TeamKey(MASTER)!r} {TeamKey(MASTER)}"
    assert TeamKey(MASTER).text().reveal() not in shown
    assert TeamKey(MASTER).fingerprint in shown


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "!" * 44, "ü" * 44, "\x00" * 44, "A" * 4000])
def test_text_that_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(KeyRefused, match="is no key") as refused:
        VariableKey(text).load("", make=False)
    assert text not in str(refused.value) or not text


def a_file(folder: Path) -> Path:
    FileKey(folder / "good").make()
    return folder / "good"


def link(folder: Path) -> Path:
    (folder / "key").symlink_to(a_file(folder))
    return folder / "key"


def dangling(folder: Path) -> Path:
    (folder / "key").symlink_to(folder / "nowhere")
    return folder / "key"


def hard_link(folder: Path) -> Path:
    os.link(a_file(folder), folder / "key")
    return folder / "key"


def readable(folder: Path) -> Path:
    a_file(folder).chmod(0o640)
    return folder / "good"


def foreign(folder: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(a_file(folder), 65534, -1)
    return folder / "good"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "key", 0o600)
    return folder / "key"


def a_folder(folder: Path) -> Path:
    (folder / "key").mkdir(mode=0o700)
    return folder / "key"


@pytest.mark.parametrize("bad", [link, dangling, hard_link, readable, foreign, pipe, a_folder])
def test_a_key_file_that_is_none_or_that_others_reach_is_refused(bad: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(KeyRefused):
        Vault(bad(tmp_path)).seal(Secret("x"))
    assert not (tmp_path / "nowhere").exists()


def test_a_key_is_made_in_a_private_folder_told_and_never_overwritten(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "state" / "vault.key"
    before = os.umask(0)
    try:
        fingerprint = Vault(FileKey(file), told.append).key().fingerprint
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(told) == 1 and fingerprint in told[0] and str(file) in told[0]
    with pytest.raises(KeyRefused, match="is there already"):
        FileKey(file).make()
    assert Vault(file).key().fingerprint == fingerprint


def test_verifying_makes_no_key(tmp_path: Path) -> None:
    assert Vault(tmp_path / "key").known_key() is None
    assert not (tmp_path / "key").exists()


def test_the_variable_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "key"))
    assert isinstance(local_source(), FileKey)
    monkeypatch.setenv("LAMBDA_TAILOR_KEY", f" {TeamKey(MASTER).text().reveal()}\n")
    assert Vault(local_source()).key().fingerprint == TeamKey(MASTER).fingerprint
    assert not (tmp_path / "key").exists()


def test_a_damaged_sealed_value_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="another key"):
        Vault(tmp_path / "key").unseal("ü")

"""Tunes in the journal: only what the team's key vouches for becomes evidence, or is acted on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_tailor.applying.keys import prove_key
from lambda_tailor.clock import now
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.tuned import tunings_in
from lambda_tailor.journal.tunings import Begun
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.tuning import Range, Tuning

ARN = "arn:aws:lambda:us-east-1:123456789012:function:slow"
FOUND = Tuning(
    tune_id="tune-1", at=now(), account_id="123456789012", region="us-east-1", function="slow", arn=ARN,
    code_sha256="x", objective="cheapest", now_mb=3008, chosen_mb=512, settled=True, sizes=(), predicted=None,
    cost_ratio=Range(low=0.1, high=0.2), duration_ratio=Range(low=1.0, high=1.1), invocations=24, warm_ups=3,
    spent_usd=0.1, expected_loss=0.01,
)  # fmt: skip


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault.key")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def journal(url: str, vault: Vault) -> Iterator[Journal]:
    opened = Journal(url)
    prove_key(opened, vault, trust=False)
    opened.begin_tuning(Begun(tune_id="tune-1", function=ARN, copy="copy", region="us-east-1"))
    yield opened
    opened.close()


def test_what_a_tune_found_is_evidence_by_either_way_of_reading(journal: Journal, url: str, vault: Vault) -> None:
    journal.end_tuning("tune-1", FOUND)
    assert tunings_in(url, vault) == {ARN: FOUND}
    assert journal.tunings(vault.key()) == {ARN: FOUND}


CHANGES = (
    "update tunings set shown = replace(shown, '512', '128')", "update tunings set code_sha256 = 'y'",
    "update tunings set ended_at = '2999-01-01'", "update tunings set function = 'another'",
    "update tunings set signature = null", "update tunings set signature = x'00ff'",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_tune_that_somebody_changed_or_wrote_is_no_evidence(
    journal: Journal, url: str, vault: Vault, tmp_path: Path, change: str
) -> None:
    journal.end_tuning("tune-1", FOUND)
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute(change).rowcount
    assert tunings_in(url, vault) == {}
    assert journal.tunings(vault.key()) == {}


def test_without_the_key_or_with_another_none_is(journal: Journal, url: str, tmp_path: Path) -> None:
    journal.end_tuning("tune-1", FOUND)
    other = Vault(tmp_path / "other.key")
    other.key()
    for vault in (other, Vault(tmp_path / "none.key")):
        assert tunings_in(url, vault) == {}
    assert not (tmp_path / "none.key").exists()


def test_a_row_that_was_changed_while_the_tune_went_on_is_not_vouched_for_by_its_end(
    journal: Journal, url: str, vault: Vault, tmp_path: Path
) -> None:
    assert [left.vouched for left in journal.left_tunings()] == [True]
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("update tunings set role_arn = 'arn:aws:iam::999999999999:role/x'")
    assert [left.vouched for left in journal.left_tunings()] == [False]
    journal.end_tuning("tune-1", FOUND)
    assert tunings_in(url, vault) == {}

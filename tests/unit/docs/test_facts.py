"""Facts that age say their day, and are found when they are too old."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from scripts import facts


def test_every_data_file_says_its_day() -> None:
    found = list(facts.facts())
    assert {each.file.name for each in found} >= {"runtimes.json", "prices.json"}
    assert all(each.day is not None for each in found)


def test_a_file_older_than_120_days_fails(capsys: pytest.CaptureFixture[str]) -> None:
    oldest = min(each.day for each in facts.facts() if each.day is not None)
    assert facts.main([str(oldest + timedelta(days=120))]) == 0
    assert facts.main([str(oldest + timedelta(days=121))]) == 1
    assert "OLD" in capsys.readouterr().out


def test_a_file_without_a_day_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nameless = facts.Facts(facts.SOURCE / "rules" / "data" / "runtimes.json", None)
    monkeypatch.setattr(facts, "facts", lambda: iter([nameless]))
    assert facts.main([str(date(2026, 11, 24))]) == 1

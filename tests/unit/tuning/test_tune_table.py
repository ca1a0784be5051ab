"""The table of the tune's bench: every kind of curve is there, and drawn curves are what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from bench import tune_table  # noqa: E402
from bench.synthetic_curves import KINDS  # noqa: E402


def test_every_kind_of_curve_has_its_row_and_each_figure_its_spread(tmp_path: Path, monkeypatch, capsys) -> None:
    curve = {
        "name": "one",
        "group": "one",
        "memory_mb": [128, 256, 512, 1024],
        "mean_duration_ms": [800, 400, 210, 190],
    }
    (tmp_path / "curves.json").write_text(json.dumps({"curves": [curve]}))
    arguments = ["--curves", str(tmp_path / "curves.json"), "--seeds", "1-2", "--drawn", "1", "--processes", "1"]
    monkeypatch.setattr("sys.argv", ["tune_table", *arguments])
    monkeypatch.setattr(tune_table, "NOISES", (tune_table.WIDEST,))
    monkeypatch.setattr(tune_table, "KINDS", {"computing": KINDS["computing"]})
    assert tune_table.main() == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "**tune**" in line]
    assert [row.split("|")[1].strip() for row in rows] == [
        "public", "public, production known", "drawn: computing", "drawn: the prior itself",
    ]  # fmt: skip
    assert all("+-" in row and "%" in row for row in rows)


def test_curves_drawn_from_the_prior_never_slow_down_with_more_memory() -> None:
    drawn = tune_table._of_the_prior(20)
    assert len(drawn) == 20 and len({one.group for one in drawn}) == 20
    assert all((np.diff(one.log_ms) <= 1e-9).all() for one in drawn)
    assert len({round(float(one.log_ms[0]), 3) for one in drawn}) > 10

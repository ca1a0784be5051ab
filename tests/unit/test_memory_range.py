from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from bench import memory_range

CURVES = Path(memory_range.__file__).parent / "data" / "curves_train.json"


def curve(sizes: list[int], durations: list[float], name: str = "f") -> dict[str, Any]:
    return {"name": name, "group": name, "memory_mb": sizes, "mean_duration_ms": durations}


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], *curves: dict[str, Any]) -> Any:
    file = tmp_path / "curves.json"
    file.write_text(json.dumps({"curves": curves}))
    memory_range.main(["--curves", str(file), "--json"])
    return json.loads(capsys.readouterr().out)


def test_the_promised_range_holds_on_the_measured_curves(capsys: pytest.CaptureFixture[str]) -> None:
    assert memory_range.main(["--curves", str(CURVES), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["pairs"] > 1000
    assert figures["held"] >= 0.975
    assert figures["median_width"] <= 1.74


def test_it_holds_group_by_group_too() -> None:
    found = list(memory_range.pairs(json.loads(CURVES.read_text())["curves"]))
    groups = {pair.group for pair in found}
    held = [
        sum(pair.held for pair in found if pair.group == group) / sum(pair.group == group for pair in found)
        for group in groups
    ]
    assert len(groups) >= 30
    assert sum(held) / len(held) >= 0.975


def test_runs_that_wait_and_runs_that_compute_both_stay_inside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = [128, 256, 512, 1024, 1769, 3008]
    computing = [100_000 / min(size, 1769) for size in sizes]
    figures = told(tmp_path, capsys, curve(sizes, [50.0] * 6, "waits"), curve(sizes, computing, "computes"))
    assert figures["pairs"] == 44  # 18 steps under one vCPU and 4 above it, twice
    assert figures["held"] == 1.0


def test_a_cliff_is_outside_of_the_range(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = told(tmp_path, capsys, curve([128, 256, 512, 1024], [9000.0, 100.0, 100.0, 100.0]))
    assert 0 < figures["held"] < 1


@pytest.mark.parametrize(
    ("sizes", "durations"),
    [([128, 256, 512], [9.0, 8.0, 7.0]), ([128, 256, 512, 1024], [4.0, 3.0, 2.0, 1.0])],
    ids=["three sizes", "never 5 ms"],
)
def test_short_and_fast_curves_are_left_out(sizes: list[int], durations: list[float]) -> None:
    assert memory_range.truths([curve(sizes, durations)]) == []


def test_a_truth_never_goes_up_and_keeps_its_points(capsys: pytest.CaptureFixture[str]) -> None:
    (truth,) = memory_range.truths([curve([128, 256, 512, 1024], [400.0, 210.0, 230.0, 100.0])])
    durations = [math.exp(truth.log_ms(math.log(size))) for size in range(128, 1025)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(durations))
    assert durations[0] == pytest.approx(400)
    assert durations[256 - 128] == pytest.approx(math.sqrt(210 * 230))


def test_sizes_a_little_over_3008_count_as_3008_and_larger_ones_not_at_all() -> None:
    (truth,) = memory_range.truths([curve([512, 1024, 2048, 3072, 10_240], [40.0, 20.0, 10.0, 8.0, 1.0])])
    assert truth.most_mb == 3008
    assert math.exp(truth.log_ms(math.log(3008))) == pytest.approx(8.0)


def test_an_unreadable_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert memory_range.main(["--curves", str(tmp_path / "none.json"), "--json"]) == 1
    assert capsys.readouterr().err.count("\n") == 1

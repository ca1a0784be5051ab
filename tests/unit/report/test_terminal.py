"""The plan in a terminal and in a pipe."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from lambda_tailor.report.terminal import Terminal
from lambda_tailor.report.texts import value
from tests.unit.report.plans import a_change, a_plan, a_planned, small_plan

GOLDEN = Path(__file__).parents[2] / "golden"


def shown(width: int | None, **options: bool) -> str:
    written = io.StringIO()
    console = Console(
        file=written, width=width or 80, force_terminal=width is not None, no_color=True, highlight=False,
        color_system=None,
    )  # fmt: skip
    Terminal(console=console, **options).plan(small_plan())
    return written.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 132])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in shown(width, verbose=True).splitlines()) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_the_plan_reads_as_it_did(width: int) -> None:
    assert shown(width) == (GOLDEN / f"plan-{width}.txt").read_text(encoding="utf-8")


def test_money_ends_at_the_right_edge_of_a_wide_terminal() -> None:
    (line,) = (line for line in shown(120).splitlines() if "memory_mb" in line and "$100.83 to" in line)
    assert line.endswith("saves $100.83 to $161.46 a month") and len(line) == 120


def test_in_a_pipe_a_line_is_never_broken() -> None:
    assert shown(None).splitlines()[-1].startswith("Plan: 2 functions") and shown(None).rstrip().endswith("adds $0.20.")


def test_risk_is_a_word_and_not_only_a_colour() -> None:
    text = shown(80)
    assert "risk low" in text and "risk medium" in text and "\x1b" not in text


def test_quiet_prints_the_totals_alone() -> None:
    assert len(shown(None, quiet=True).splitlines()) == 1


def test_verbose_adds_the_evidence() -> None:
    assert "evidence: memory_used 412 MB" in shown(120, verbose=True)
    assert "evidence: memory_used" not in shown(120)


def test_an_alarm_is_shown_by_threshold_and_period_and_never_as_json() -> None:
    stat = {"MetricStat": {"Period": 300}, "Id": "errors"}
    told = value("error_rate_alarm", {"alarm": "a", "Threshold": 1.0, "Metrics": [{"Expression": "x"}, stat]})
    assert told == "a over 1 %, every 300 s"


def test_a_name_cannot_steer_the_terminal() -> None:
    written = io.StringIO()
    console = Console(file=written, width=80, force_terminal=True, color_system=None)
    Terminal(console=console).plan(a_plan(a_planned("a\x1b[2Jb", (a_change(reason="\x1b]0;x\x07"),))))
    assert "\x1b" not in written.getvalue() and "\x07" not in written.getvalue()

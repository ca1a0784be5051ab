"""The plan in a terminal and in a pipe: what, how much, how safe comes first, whatever the number of functions."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from lambda_tailor.model.plan import Plan
from lambda_tailor.report.terminal import Terminal
from lambda_tailor.report.texts import value
from lambda_tailor.report.view import View
from tests.unit.report.plans import a_change, a_plan, a_planned, small_plan
from tests.unit.report.states import a_hundred, net_negative, nothing_to_change, one_function, showcase

GOLDEN = Path(__file__).parents[2] / "golden"
PLANS = {"small": small_plan, "1": one_function, "14": showcase, "100": a_hundred}


def shown(width: int | None, plan: Plan | None = None, *, encoding: str = "utf-8", **options: Any) -> str:
    raw = io.BytesIO()
    written = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(
        file=written, width=width or 80, force_terminal=width is not None, no_color=True, highlight=False,
        color_system=None,
    )  # fmt: skip
    Terminal(console=console, **options).plan(plan or small_plan())
    written.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 100, 132])
@pytest.mark.parametrize("plan", PLANS)
def test_no_line_is_wider_than_the_terminal(width: int, plan: str) -> None:
    for options in ({}, {"verbose": True}, {"view": View(group_by="account")}):
        assert max(cell_len(line) for line in shown(width, PLANS[plan](), **options).splitlines()) <= width


@pytest.mark.parametrize(("plan", "width"), [("small", 80), ("small", 120), ("1", 80), ("14", 80), ("100", 80)])
def test_the_plan_reads_as_it_did(plan: str, width: int) -> None:
    """After a wanted change: LAMBDA_TAILOR_GOLDEN=write pytest FILE, and read them."""
    file = GOLDEN / f"plan-{plan}-{width}.txt"
    if os.environ.get("LAMBDA_TAILOR_GOLDEN") == "write":
        file.write_text(shown(width, PLANS[plan]()), encoding="utf-8")
    assert shown(width, PLANS[plan]()) == file.read_text(encoding="utf-8")


def test_a_hundred_functions_fit_on_one_screen_and_say_the_net_first() -> None:
    lines = shown(80, a_hundred()).splitlines()
    assert len(lines) < 60
    assert "Net saving a month" in lines[2] and "measured" in lines[3] and "assumed" in lines[4]
    assert sum("Log retention" in line for line in lines) == 1
    assert lines[-3].startswith("Plan: 100 functions") or lines[-4].startswith("Plan: 100 functions")


def test_the_functions_with_the_most_money_are_listed_and_the_others_counted() -> None:
    text = shown(80, a_hundred())
    assert "... 90 more" in text
    assert [name in text for name in ("orders-api", "nightly-report", "worker-00")] == [True, True, False]
    assert "... 97 more" in shown(80, a_hundred(), view=View(top=3))


def test_functions_can_be_sorted_by_name_and_by_risk() -> None:
    def first(view: View) -> str:
        lines = shown(80, a_hundred(), view=view).splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith(("  By name", "  Most risk")))
        return lines[at + 1].split()[0]

    assert first(View(sort="name")).startswith("AuthStack")
    assert first(View(sort="risk")) in {"clickstream-etl", "events-ingest", "payment-capture"}


def test_by_account_the_money_of_each_account_and_region_stands_alone() -> None:
    text = shown(80, showcase(), view=View(group_by="account"))
    assert re.search(r"111122223333 eu-west-1 +7 +\$", text) and re.search(r"444455556666 us-east-1 +1 +\$", text)


@pytest.mark.parametrize("view", [View(full=True), View(group_by="function")])
def test_asked_for_all_of_it_every_change_is_there(view: View) -> None:
    plan = a_hundred()
    lines = shown(120, plan, view=view).splitlines()
    changes = [c for f in plan.functions for c in f.changes]
    assert sum(line.startswith(("  ~ ", "  + ", "  x ")) for line in lines) == len(changes) == 282


def test_up_to_ten_functions_are_shown_change_by_change() -> None:
    text = shown(80)
    assert "  ~ memory" in text and "3008 -> 1024 MB" in text and "--full" not in text


def test_money_ends_at_the_right_edge() -> None:
    (line,) = (line for line in shown(100).splitlines() if "3008 -> 1024 MB" in line and "$100.83 to" in line)
    assert line.endswith("saves $100.83 to $161.46") and len(line) == 100


def test_in_a_pipe_a_line_is_never_broken() -> None:
    lines = shown(None, a_hundred()).splitlines()
    assert "Plan: 100 functions, 277 to change, 5 blocked; net saving $860 to $1,338 a month." in lines
    assert not [line for line in lines if line.startswith("      ") and not line.strip()]


def test_risk_is_a_word_and_not_only_a_colour() -> None:
    text = shown(80)
    assert re.search(r" low +saves", text) and " medium" in text and "\x1b" not in text


def test_only_risk_has_a_colour() -> None:
    raw = io.StringIO()
    console = Console(file=raw, width=100, force_terminal=True, color_system="standard", highlight=False)
    Terminal(console=console).plan(showcase())
    colours = set(re.findall(r"\x1b\[(?:1;)?(3[0-7])m([^\x1b]*)", raw.getvalue()))
    assert {text.strip() for _, text in colours} <= {"medium", "high"} and colours


def test_quiet_prints_the_totals_alone() -> None:
    assert len(shown(None, quiet=True).splitlines()) == 1


def test_who_is_asked_sees_what_it_is_about_even_in_quiet() -> None:
    written = io.StringIO()
    Terminal(quiet=True, console=Console(file=written, width=80)).plan(small_plan(), whole=True)
    assert "3008 -> 1024 MB" in written.getvalue()


def test_verbose_adds_the_evidence() -> None:
    assert "evidence: memory_used 412 MB" in shown(120, verbose=True)
    assert "evidence: memory_used" not in shown(120)


def test_a_cost_is_called_a_cost_and_nothing_is_nothing() -> None:
    assert "Net cost a month" in shown(80, net_negative())
    assert "net cost" in shown(80, net_negative()).splitlines()[-1]
    assert "0 to change, 1 blocked; saves and adds no money." in shown(80, nothing_to_change())


def test_where_the_encoding_has_no_dot_another_stands_for_it() -> None:
    assert " - 14 functions" in shown(80, showcase(), encoding="ascii")
    assert " · 14 functions" in shown(80, showcase())


def test_functions_whose_load_is_not_known_are_counted_with_the_reason() -> None:
    text = shown(80, a_hundred())
    assert "not judged: 11 functions" in text
    assert "? 11 functions are not judged: there were no calls in 14 days" in text


def test_a_saving_that_reaches_no_traffic_is_told_and_not_counted() -> None:
    change = a_change(counted=False)
    text = shown(100, a_plan(a_planned("f", (change,))))
    assert "(reaches no traffic)" in text and "saves and adds no money" in text


def test_escapes_in_names_never_reach_the_terminal() -> None:
    plan = a_plan(*(replace(f, name="\x1b[31mred") for f in showcase().functions))
    for view in (View(), View(full=True), View(group_by="account")):
        assert "\x1b" not in shown(80, plan, view=view)


def test_an_alarm_is_shown_by_threshold_and_period_and_never_as_json() -> None:
    stat = {"MetricStat": {"Period": 300}, "Id": "errors"}
    told = value("error_rate_alarm", {"alarm": "a", "Threshold": 1.0, "Metrics": [{"Expression": "x"}, stat]})
    assert told == "a over 1 %, every 300 s"
    assert value("duration_alarm", {"alarm": "a", "threshold": 20_000.0}) == "a over 20 s"
    assert value("duration_alarm", {"alarm": "a", "threshold": 500.0}) == "a over 500 ms"


def test_a_name_cannot_steer_the_terminal() -> None:
    text = shown(80, a_plan(a_planned("a\x1b[2Jb", (a_change(reason="\x1b]0;x\x07"),))))
    assert "\x1b" not in text and "\x07" not in text


def test_an_empty_account_is_named() -> None:
    plan = replace(a_plan(), assumptions={"looked_in": ["123456789012 eu-west-1"]})
    lines = shown(80, plan).splitlines()
    assert lines[0] == "123456789012 eu-west-1 · 0 functions · policy reference"
    assert lines[-1] == "Plan: 0 functions, 0 to change, 0 blocked; saves and adds no money."

"""A run and a verification in the terminal: what changed, failed or differs; the rest is counted."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from rich.console import Console

from lambda_tailor.model.run import CheckedSetting, Result, Run, Runs, Status, Verification, VerifySummary
from lambda_tailor.model.tuning import TuneOverview
from lambda_tailor.report.terminal import Terminal
from tests.unit.report.run_states import REFUSED, a_run, interrupted
from tests.unit.report.states import a_few, a_hundred, showcase


def shown(run: Run, **options: Any) -> list[str]:
    written = io.StringIO()
    Terminal(console=Console(file=written, width=100), **options).run(run)
    return written.getvalue().splitlines()


def test_many_changes_are_counted_by_rule_and_what_failed_is_named() -> None:
    lines = shown(a_run(showcase(), REFUSED, status=Status.FAILED))
    assert len(lines) < 20
    assert any(line.startswith("  ~ log-retention") and "10 changes in 10 functions" in line for line in lines)
    assert "38 changed, 5 blocked, 2 gone back, 1 failed in 48 s." in " ".join(lines)
    assert any(line.startswith("  ! search-indexer") and "may not change the function" in line for line in lines)


def test_what_failed_for_one_reason_is_told_once_and_says_who_holds_the_functions() -> None:
    plan = a_hundred()
    held = "run-1 of ann on laptop holds it since 12:31:10 UTC: wait for it, or see 'lambda-tailor runs run-1'"
    ends = {(f.name, c.rule): (Result.FAILED, held) for f in plan.functions for c in f.changes if c.blocked is None}
    ends[plan.functions[0].name, "memory"] = (Result.FAILED, "AWS refused it")
    lines = shown(a_run(plan, ends, status=Status.FAILED))
    (together,) = [line for line in lines if held in line]
    assert together.startswith("  ! 276 changes in 100 functions (orders-api, clickstream-etl, ml-scorer, ...): run-1")
    assert f"  ! {plan.functions[0].name} memory_mb: 3008 MB -> 1536 MB: AWS refused it" in lines


def test_what_is_not_named_is_found_with_a_command_that_can_be_typed() -> None:
    plan = a_hundred()
    ends = {
        (f.name, c.rule): (Result.FAILED, f"refused {n}") for n, f in enumerate(plan.functions) for c in f.changes[:1]
    }
    lines = shown(a_run(plan, ends, status=Status.FAILED))
    assert any(line.endswith("more: lambda-tailor runs run-20261124T123110-52a420 -v") for line in lines)


def test_few_changes_are_named() -> None:
    lines = shown(a_run(a_few()))
    assert "  ~ orders-api memory_mb: 3008 MB -> 1536 MB" in lines


def test_what_was_as_wanted_is_counted_and_is_no_success() -> None:
    run = a_run(a_hundred())
    run = replace(run, outcomes=tuple(replace(o, outcome=Result.UNCHANGED, before=1, after=1) for o in run.outcomes))
    lines = shown(run)
    assert "Successes: 0, failures: 0" in lines
    assert not [line for line in lines if line.startswith("  ")]
    assert "282 as they were" in " ".join(lines)
    assert len(shown(run, verbose=True)) > 282


def test_what_was_not_reached_is_not_failed_and_can_be_gone_on_with() -> None:
    _, run, _ = interrupted()
    lines = shown(run)
    assert "failures: 0" in " ".join(lines) and "not reached" in " ".join(lines)
    assert "Go on: lambda-tailor resume run-20261124T123110-52a420" in lines


def test_after_a_rollback_nothing_offers_to_undo_it_again() -> None:
    assert any("rollback" in line for line in shown(a_run(a_few())))
    assert not [line for line in shown(a_run(a_few(), status=Status.ROLLED_BACK)) if "lambda-tailor rollback" in line]
    assert not [line for line in shown(a_run(a_few(), of_run="run-1")) if "lambda-tailor rollback" in line]


def test_a_verification_names_what_differs_and_counts_the_rest() -> None:
    def setting(name: str, actual: int) -> CheckedSetting:
        return CheckedSetting(
            function=name, region="r", account_id="1", rule="timeout", setting="timeout_s", expected=30, actual=actual,
            matches=actual == 30,
        )  # fmt: skip

    settings = (setting("a", 30), setting("b", 60), setting("c", 30))
    summary = VerifySummary(functions=3, settings=3, matching=2, differing=1)
    written = io.StringIO()
    Terminal(console=Console(file=written, width=100)).verification(
        Verification(matches=False, settings=settings, summary=summary)
    )
    assert written.getvalue().splitlines() == [
        "2 of 3 functions are as the policy wants; 1 differs. 3 settings looked at, 1 differ.",
        "  ~ b timeout_s: wanted 30 s, is 60 s",
    ]


def test_tunes_are_listed_and_of_an_interrupted_one_what_removes_its_copy() -> None:
    tune = TuneOverview(
        tune_id="tune-1", function="orders", region="eu-west-1", status="interrupted", started_at="2026-11-20",
        finished_at=None, copy="lambda-tailor-tune-1-orders", chosen_mb=None,
    )  # fmt: skip
    kept = replace(tune, tune_id="tune-2", status="succeeded", copy=None, chosen_mb=512)
    written = io.StringIO()
    Terminal(console=Console(file=written, width=200)).runs(Runs(runs=(), tunes=(tune, kept)))
    one, other = written.getvalue().splitlines()
    assert "interrupted" in one and "lambda-tailor rollback tune-1" in one
    assert "succeeded" in other and other.endswith("orders (eu-west-1): 512 MB")

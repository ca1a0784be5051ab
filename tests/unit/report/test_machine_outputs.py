"""Markdown, SARIF, CSV and JUnit: well formed, safe, complete."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from lambda_tailor.model.plan import Plan, Problem
from lambda_tailor.model.run import CheckedSetting, Verification, VerifySummary
from lambda_tailor.report import csv_, junit, markdown, sarif
from lambda_tailor.rules import all_rules
from tests.unit.report.plans import HOSTILE, a_change, a_plan, a_planned, fleet, small_plan
from tests.unit.report.sarif import REQUIRED


def test_a_comment_about_a_thousand_functions_fits_and_says_what_was_cut() -> None:
    plan = fleet(1000)
    text = markdown.render(plan)
    assert len(text) < 65_000
    shown = sum(line.startswith("| orders-worker") for line in text.splitlines())
    every = sum(len(function.changes) for function in plan.functions)
    assert f"_{every - shown} more are not shown here" in text


def test_a_short_comment_is_not_cut() -> None:
    assert "not shown" not in markdown.render(small_plan())


def test_a_name_cannot_open_html_a_cell_or_a_mention_in_a_comment() -> None:
    text = markdown.render(a_plan(a_planned("<b>|@everyone`", (a_change(),))))
    assert "<b>" not in text and "@everyone" not in text
    assert "&lt;b&gt;\\|" in text


def test_a_comment_says_the_net_first_then_the_rules_then_what_to_decide() -> None:
    text = markdown.render(small_plan())
    assert text.startswith("## lambda-tailor: net saving \\$102 to \\$174 a month\n")
    places = [text.index(part) for part in ("| **Memory**", "longest run took 41 s", "412 MB were used at most")]
    assert places == sorted(places)


def test_what_could_not_be_read_and_what_decided_on_the_plan_are_said_in_a_comment() -> None:
    problem = Problem(account_id="1", region="r", subject="x", because="no")
    plan = replace(a_plan(problems=(problem,)), notes=("By the preset right-size",))
    assert "\n> Not read: x (1, r): no\n> By the preset right-size\n" in markdown.render(plan)


def test_all_but_the_figures_can_be_folded() -> None:
    text = markdown.render(small_plan())
    assert text.count("<details") == text.count("</details>") == text.count("</summary>") == 3
    assert text.count("<details open") == 1


def test_what_is_cut_is_the_least_important() -> None:
    plan = fleet(200)
    cut, whole = markdown.render(plan, limit=9_000), markdown.render(plan, limit=10**6)
    shown = [line for line in cut.splitlines() if line.startswith("| orders-worker")]
    every = [line for line in whole.splitlines() if line.startswith("| orders-worker")]
    assert len(cut) <= 9_000 and 10 < len(shown) < len(every)
    assert shown == every[: len(shown)]
    assert "saves $96".replace("$", "\\$") in shown[0]


def test_csv_has_the_most_money_first() -> None:
    read = list(csv.DictReader(io.StringIO(csv_.render(fleet(50)))))
    first = [row["function"] for row in read if row["rule"] == "memory"]
    assert first[0] == "orders-worker-0049" and first[-1] == "orders-worker-0000"


def test_csv_tells_what_is_assumed() -> None:
    plan = a_plan(a_planned("a", (a_change(assumed=True),)), a_planned("b", (a_change(reason_code="x"),)))
    read = list(csv.DictReader(io.StringIO(csv_.render(plan))))
    assert [(row["basis"], row["reason_code"]) for row in read] == [("assumed", ""), ("measured", "x")]


def test_csv_has_one_row_for_each_change() -> None:
    plan = small_plan()
    read = list(csv.DictReader(io.StringIO(csv_.render(plan))))
    assert len(read) == sum(len(function.changes) for function in plan.functions)
    assert (read[0]["before"], read[0]["after"]) == ("3008 MB", "1024 MB")
    assert read[0]["function"] == "lambda-function-dev"


def test_a_cell_of_csv_is_never_a_formula() -> None:
    read = list(csv.DictReader(io.StringIO(csv_.render(a_plan(a_planned("=cmd|x", (a_change(reason="+1"),)))))))
    assert (read[0]["function"], read[0]["reason"]) == ("'=cmd|x", "'+1")


@pytest.mark.parametrize("plan", [small_plan(), fleet(20), a_plan()], ids=["one of each", "a fleet", "nothing"])
def test_sarif_is_what_the_standard_and_code_scanning_require(plan: Plan) -> None:
    document = json.loads(sarif.render(plan, all_rules()))
    jsonschema.Draft202012Validator(REQUIRED, format_checker=jsonschema.FormatChecker()).validate(document)


def test_each_sarif_result_points_at_its_rule() -> None:
    (run,) = json.loads(sarif.render(small_plan(), all_rules()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def located(plan: Plan, **given: Any) -> list[tuple[str, int]]:
    """Where each result is."""
    (run,) = json.loads(sarif.render(plan, all_rules(), **given))["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    return [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places]


def test_a_result_is_at_its_rule_in_the_policy_and_never_in_a_program_of_ours() -> None:
    places = located(small_plan(), places=sarif.in_the_policy("ops/my policy.yaml", {"timeout": 7}))
    assert set(places) == {("ops/my%20policy.yaml", 1), ("ops/my%20policy.yaml", 7)}
    assert {file for file, _ in located(small_plan())} == {"lambda-tailor.yaml"}
    assert "tap_stack" not in sarif.render(small_plan(), all_rules())


def test_a_result_is_where_the_setting_is_written_if_that_is_known() -> None:
    known = {("lambda-function-dev", "memory_mb"): sarif.Place("infra/main.tf", 12)}
    places = located(small_plan(), places=sarif.in_the_source(known, sarif.in_the_policy("p.yaml", {})))
    assert places[0] == ("infra/main.tf", 12) and set(places[1:]) == {("p.yaml", 1)}


def test_an_alert_keeps_its_fingerprint_when_the_value_changes() -> None:
    def fingerprint(after: int) -> object:
        plan = a_plan(a_planned("a", (a_change(after=after),)))
        return json.loads(sarif.render(plan, all_rules()))["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(512) == fingerprint(1024)


def a_verification() -> Verification:
    common = {"function": HOSTILE, "region": "us-east-1", "account_id": "123456789012", "rule": "memory"}
    settings = (
        CheckedSetting(**common, setting="memory_mb", expected=1024, actual=3008, matches=False),
        CheckedSetting(**common, setting="timeout_s", expected=30, actual=30, matches=True),
    )
    summary = VerifySummary(functions=1, settings=2, matching=1, differing=1, unverified=1)
    return Verification(matches=False, settings=settings, summary=summary)


def test_a_setting_that_differs_is_a_junit_failure_with_both_values() -> None:
    (failure,) = ElementTree.fromstring(junit.render(a_verification())).iter("failure")
    assert failure.get("message") == "expected 1024 MB, actual 3008 MB"


def test_a_target_that_could_not_be_read_is_a_junit_error() -> None:
    root = ElementTree.fromstring(junit.render(a_verification()))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    assert len(list(root.iter("testcase"))) == 3

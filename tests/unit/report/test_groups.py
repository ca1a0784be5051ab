"""What is said once, and in what order."""

from __future__ import annotations

from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.groups import at_risk, blocked, by_rule, common
from tests.unit.report.plans import a_change, a_plan, a_planned, money
from tests.unit.report.states import showcase


def test_rules_come_with_the_most_money_first_and_what_costs_last() -> None:
    rules = [group.rule for group in by_rule(showcase()) if group.usd.high or group.usd.low]
    assert rules[:2] == ["memory", "architecture"] and rules[-2:] == ["tracing", "alarms"]


def test_blocked_changes_of_one_reason_are_one_group_whatever_their_figures() -> None:
    plan = a_plan(
        *(
            a_planned(name, (a_change(blocked=f"a run of {seconds} s was seen in {name}", rule="timeout"),))
            for name, seconds in (("one", 41), ("two", 214.5))
        )
    )
    (group,) = blocked(plan)
    assert group.functions == 2 and group.text == "A run of … s was seen in it"


def test_a_reason_with_a_code_has_the_codes_name() -> None:
    (first, *_) = blocked(showcase())
    assert first.text == "More memory was in use than the target gives"
    assert first.usd == money("18", "25")


def test_risks_come_the_gravest_first_and_then_by_money() -> None:
    risks = at_risk(showcase())
    assert risks[0].risk is Risk.HIGH
    assert [r.usd.high for r in risks[1:]] == sorted((r.usd.high for r in risks[1:]), reverse=True)


def test_only_what_holds_for_most_is_common() -> None:
    assert [(r.rule, r.functions) for r in common(at_risk(showcase()), 14)] == [("log-retention", 10)]


def test_risks_of_one_code_are_told_by_rule() -> None:
    changes = (
        a_change(risk=Risk.MEDIUM, reason_code="no-run-seen"),
        a_change(rule="timeout", setting="timeout_s", risk=Risk.MEDIUM, reason_code="no-run-seen"),
        a_change(rule="log-retention", setting="retention_days", risk=Risk.MEDIUM, reason_code="cannot-be-put-back"),
    )
    told = {reason.text for reason in at_risk(a_plan(a_planned("f", changes)))}
    assert told == {
        "Memory: no run was seen",
        "Timeout: no run was seen, and a longer one would be cut off",
        "Older logs are deleted and cannot be put back",
    }

"""What is worth it: savings over the least, additions small beside the bill, nothing that costs for nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor.aws.evidence_metrics import none_found
from lambda_tailor.model.evidence import Absent, Evidence
from lambda_tailor.model.function import Found, Lookup, Resource
from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.model.verdict import Kept, Proposed
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.weighing import IDLE, Weighed, left_out, sentences, weigh
from lambda_tailor.planning.worth import worth
from lambda_tailor.policy.file import load_preset, parse_policy
from lambda_tailor.rules.log_retention import LogRetentionOptions
from tests.advice.fleet import MAY_TRACE
from tests.builders import ACCOUNT, REGION, a_function, measured

TODAY = date(2026, 11, 24)
NO_HOLDS: dict[Lookup, Resource] = {
    Lookup("legal-hold", tag): Found({"groups": []}) for tag in LogRetentionOptions().legal_hold_tags
}
POLICY = parse_policy("rules: {}", "p.yaml", TODAY)


def usd(low: str, high: str) -> MonthlyUsd:
    return MonthlyUsd(Decimal(low), Decimal(high))


def change(rule: str, money: MonthlyUsd, bill: str | None = "10", *, derived: bool = True, **more: Any) -> Weighed:
    given = {"setting": "x", "before": 2, "after": 1, "reason": "", "transitions": (), "derived": derived}
    verdict = Proposed(**{**given, **{k: v for k, v in more.items() if k in given}})
    evidence = more.get("evidence") or Evidence(invocations=measured(1000, "count"))
    return Weighed(a_function(), evidence, rule, verdict, money, None if bill is None else Decimal(bill))


def test_a_saving_under_the_least_is_left_out_with_count_and_sum() -> None:
    small = [change("memory", usd("0.10", "0.20")), change("ephemeral-storage", usd("0.05", "0.05"))]
    found = weigh(POLICY, [*small, change("memory", usd("0.10", "0.50"))])
    assert sorted(found) == [0, 1]
    (line,) = sentences(POLICY, left_out((found[n], small[n].monthly_usd) for n in found))
    assert line == (
        "Left out: 2 changes that would save $0.15 to $0.25 a month together, under $0.50 (min_monthly_usd)."
    )


@pytest.mark.parametrize(
    "kept",
    [
        change("memory", usd("0", "0.01"), derived=False),  # stated: proposed as stated
        change("timeout", usd("0", "0")),  # not for the money
        change("memory", usd("-3", "-2"), "1", before=128, after=256),  # it may run out of memory
        change("tracing", usd("-1.9", "-0.1"), "10"),  # a fifth of the bill is allowed
        change("tracing", usd("-9", "-1"), None),  # its bill is not known
        change("tracing", usd("-9", "-1"), "1", derived=False),
    ],
)
def test_what_is_stated_or_is_for_more_than_money_stays(kept: Weighed) -> None:
    assert weigh(POLICY, [kept]) == {}


def test_what_adds_more_than_its_share_of_the_bill_is_left_out() -> None:
    found = weigh(POLICY, [change("tracing", usd("-16.29", "-0.81"), "0.18")])
    assert isinstance(found[0], Kept)
    assert "it costs $0.18, and this adds $16.29 a month, over 20 %" in found[0].because


def test_nothing_that_costs_is_added_for_nobody() -> None:
    idle = Evidence(invocations=Absent(none_found("Invocations", 14)))
    assert none_found("Invocations", 14).startswith(IDLE)
    found = weigh(POLICY, [change("tracing", usd("-5", "-0.25"), None, evidence=idle)])
    assert "nobody invokes it" in found[0].because


def with_retention(saved: str, *regions: str) -> Plan:
    """A plan of one derived change of retention in each region, that saves so many USD there."""
    readings = []
    for region in regions:
        group = Lookup("log-group", "/aws/lambda/lambda-function-dev")
        stored: Resource = Found({"exists": True, "stored_bytes": 0, "retention_days": None, "class": "STANDARD"})
        function = replace(
            a_function(resources={group: stored, **NO_HOLDS}), region=region, tags={"pulumi:project": "shop"},
            arn=f"arn:aws:lambda:{region}:{ACCOUNT}:function:lambda-function-dev",
        )  # fmt: skip
        readings.append(ScopeData(account_id=ACCOUNT, region=region, functions=[function]))
    value = Value(usd(saved, saved))
    policy = parse_policy("rules: {log-retention: {days: 30, weighed: true}}", "p.yaml", TODAY)
    return make_plan(policy, readings, worth=lambda _: lambda asked: [value] * len(asked), created_at="")


def test_retention_is_weighed_over_all_accounts_and_regions_together() -> None:
    enough = with_retention("0.30", "us-east-1", "eu-west-1")
    assert [c.setting for f in enough.functions for c in f.changes] == ["retention_days"] * 2
    assert len(enough.operations) == 2
    too_little = with_retention("0.20", "us-east-1", "eu-west-1")
    assert too_little.operations == ()
    assert [c for f in too_little.functions for c in f.changes] == []
    assert all("$0.40 a month at most, under $0.50" in f.kept[-1].because for f in too_little.functions)
    assert (
        "Left out: 2 changes that would save $0.40 to $0.40 a month together, under $0.50 (min_monthly_usd)."
        in too_little.notes
    )
    # Who would put it back is told where something is changed only.
    assert (len(enough.functions[0].notes), too_little.functions[0].notes) == (1, ())
    assert with_retention("0.30", "us-east-1").operations == ()


def test_the_limits_are_the_policys() -> None:
    strict = parse_policy("min_monthly_usd: 5\nmax_added_percent: 1\nrules: {}", "p.yaml", TODAY)
    some = [change("memory", usd("1", "2")), change("tracing", usd("-1", "0"), "20")]
    assert weigh(POLICY, some) == {}
    assert sorted(weigh(strict, some)) == [0, 1]


def planned(preset: str, function: Any, evidence: Evidence, policy: str | None = None) -> Any:
    given = parse_policy(policy, "p.yaml", TODAY) if policy else load_preset(preset, TODAY)
    reading = ScopeData(
        account_id=ACCOUNT, region=REGION, functions=[function], evidence={function.arn: evidence}, pool=None
    )
    return make_plan(given, [reading], worth=lambda r: worth(given.assumptions, r), created_at="")


BUSY = Evidence(
    invocations=measured(1_000_000, "count"), duration_avg=measured(1200), duration_max=measured(3000),
    memory_used=measured(96, "MB"),
)  # fmt: skip


def test_the_plan_tells_the_net_and_the_part_that_is_assumed() -> None:
    plan = planned("right-size", a_function(timeout_s=30), BUSY)
    memory = next(c for c in plan.functions[0].changes if c.rule == "memory")
    assert plan.summary.monthly_net_usd == memory.monthly_usd
    assert plan.summary.of_it_assumed_usd == MonthlyUsd()
    assert plan.functions[0].monthly_cost_usd.low > memory.monthly_usd.high > 0
    stated = planned("reference", a_function(timeout_s=30), Evidence())
    memory = next(c for c in stated.functions[0].changes if c.rule == "memory")
    assert memory.assumed
    assert memory.monthly_usd.high == Decimal("161.4587")
    assert stated.summary.of_it_assumed_usd.high >= memory.monthly_usd.low


def test_only_what_is_stated_prices_a_function_without_load() -> None:
    function = a_function(timeout_s=30, resources=MAY_TRACE)
    by_preset = planned("operate", function, Evidence())
    assert not [c for c in by_preset.functions[0].changes if c.monthly_usd != MonthlyUsd()]
    stated = planned("", function, Evidence(), "rules: {tracing: {mode: Active}}")
    (tracing,) = stated.functions[0].changes
    assert (tracing.assumed, tracing.monthly_usd.low) == (True, Decimal("-5.0000"))


def test_two_presets_together_ask_all_that_each_asks() -> None:
    both = load_preset("right-size,operate", TODAY)
    assert both.name == "right-size,operate"
    assert set(both.enabled) == {*load_preset("right-size", TODAY).enabled, *load_preset("operate", TODAY).enabled}
    assert {"tracing", "alarms", "dead-letter-queue"} & set(load_preset("right-size", TODAY).enabled) == set()
    file = parse_policy("preset: right-size,operate", "p.yaml", TODAY)
    assert set(file.enabled) == set(both.enabled)

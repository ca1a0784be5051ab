"""A blocked change tells what is not saved, and the sums leave it out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.plan import Change, MonthlyUsd, Plan
from lambda_tailor.planning.planner import make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.worth import worth
from lambda_tailor.policy.file import parse_policy
from tests.builders import ACCOUNT, REGION, a_function, measured

POLICY = "rules:\n  memory: {target_mb: 512}\n  timeout: {target_s: 30}\n  log-retention: {days: 7}\n"
BUSY: dict[str, Any] = {
    "invocations": measured(14_000_000, "count"),
    "duration_avg": measured(900, "ms"),
    "duration_max": measured(40_000, "ms"),
    "memory_used": measured(1_024, "MB"),
}


def planned(**seen: Any) -> Plan:
    function = a_function(memory_mb=3008, timeout_s=300)
    reading = ScopeData(
        account_id=ACCOUNT, region=REGION, functions=[function], evidence={function.arn: Evidence(**seen)}
    )
    policy = parse_policy(POLICY, "p.yaml", date(2026, 11, 24))
    return make_plan(policy, [reading], worth=lambda r: worth(policy.assumptions, r), created_at="2026-11-24T10:00:00Z")


def change(plan: Plan, rule: str) -> Change:
    (found,) = [c for f in plan.functions for c in f.changes if c.rule == rule]
    return found


def test_a_blocked_size_tells_what_is_not_saved_by_measured_load() -> None:
    plan = planned(**BUSY)
    memory = change(plan, "memory")
    assert memory.blocked is not None and memory.monthly_usd.high > 100 and memory.monthly_usd.low >= 0
    assert plan.summary.monthly_saving_usd.high < 1
    assert plan.summary.monthly_net_usd.high < 1
    # What has no price by the load has no money when it is blocked either.
    assert change(plan, "timeout").blocked is not None
    assert change(plan, "timeout").monthly_usd == MonthlyUsd()


@pytest.mark.parametrize("missing", ["invocations", "duration_avg"])
def test_nothing_is_told_of_a_load_that_nobody_measured(missing: str) -> None:
    plan = planned(**{name: value for name, value in BUSY.items() if name != missing})
    assert change(plan, "memory").blocked is not None
    assert change(plan, "memory").monthly_usd == MonthlyUsd()

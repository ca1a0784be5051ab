"""Every function of the fleet gets the verdict that an expert gives."""

from __future__ import annotations

from datetime import date

import pytest

from lambda_tailor.model.plan import PlannedFunction
from lambda_tailor.planning.planner import make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.worth import worth
from lambda_tailor.policy.document import PRESETS
from lambda_tailor.policy.file import load_preset, parse_policy
from lambda_tailor.rules.rule import ConcurrencyPool
from tests.advice.fleet import FLEET, Case
from tests.advice.page import PAGE, page
from tests.advice.verdicts import check
from tests.builders import ACCOUNT, REGION

TODAY = date(2026, 11, 24)


def planned(case: Case) -> PlannedFunction:
    preset = case.policy in PRESETS
    policy = load_preset(case.policy, TODAY) if preset else parse_policy(case.policy, "p.yaml", TODAY)
    reading = ScopeData(
        account_id=ACCOUNT, region=REGION, functions=[case.function], evidence={case.function.arn: case.seen},
        pool=ConcurrencyPool(1000, 0),
    )  # fmt: skip
    plan = make_plan(policy, [reading], worth=lambda r: worth(policy.assumptions, r), created_at="")
    return plan.functions[0]


@pytest.mark.parametrize("case", FLEET, ids=lambda case: case.name)
def test_the_verdict_is_the_one_that_an_expert_gives(case: Case) -> None:
    check(case, planned(case))


def test_the_fleet_has_what_was_seen_and_twenty_more() -> None:
    assert len({case.name for case in FLEET}) == len(FLEET) >= 31
    assert all(case.because.endswith(".") for case in FLEET)


def test_no_derived_change_of_the_fleet_promises_or_costs_out_of_proportion() -> None:
    pending = [(case, c) for case in FLEET if case.policy in PRESETS for c in planned(case).changes if c.pending]
    assert len(pending) > 20
    for case, change in pending:
        if change.rule == "memory" and isinstance(change.after, int) and change.after < case.function.memory_mb:
            assert change.monthly_usd.high >= 0.5 or not change.counted
            assert 2 * change.after >= min(case.function.memory_mb, 1769)
        assert change.risk_because


def test_the_page_shows_the_fleet_as_it_is() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "write it again: python -m tests.advice.page"

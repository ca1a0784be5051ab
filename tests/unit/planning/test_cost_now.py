"""What a function costs now, beside its changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Literal

import pytest

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.plan import Change
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning.background import with_background
from lambda_tailor.planning.planner import Value, plan_scope
from lambda_tailor.planning.scope import PlannedScope, ScopeData
from lambda_tailor.policy.document import Assumptions
from lambda_tailor.policy.file import parse_policy
from tests.builders import ACCOUNT, REGION, a_function, measured
from tests.unit.planning.test_weighing import TODAY

SEEN = Evidence(invocations=measured(0, "count"), duration_avg=measured(1.0))


def cost(architecture: Literal["x86_64", "arm64"], change: Change) -> Decimal:
    function = a_function(memory_mb=1024, architecture=architecture)
    data = ScopeData(account_id=ACCOUNT, region=REGION, functions=[function], evidence={function.arn: SEEN})
    policy = parse_policy("rules: {}", "p.yaml", TODAY)
    (planned,) = plan_scope(policy, data, lambda asked: [Value()] * len(asked)).functions
    changed = PlannedScope([replace(planned, changes=(change,))], [])
    (found,) = with_background(changed, data, Assumptions()).functions
    assert found.monthly_cost_usd is not None
    return found.monthly_cost_usd.high


@pytest.mark.parametrize(
    ("architecture", "setting", "before", "usd"),
    [
        ("x86_64", "provisioned_concurrency.live", 10, "0.0000041667"),
        ("arm64", "provisioned_concurrency.live", 10, "0.0000033334"),
        ("x86_64", "scalable_target.live", {"min": 10, "max": 50}, "0.0000041667"),
    ],
)
def test_what_is_provisioned_is_in_what_a_function_costs(
    architecture: Literal["x86_64", "arm64"], setting: str, before: object, usd: str
) -> None:
    change = Change(rule="provisioned-concurrency", setting=setting, before=before, after=1, reason="", risk=Risk.LOW)  # type: ignore[arg-type]
    assert cost(architecture, change) == pytest.approx(10 * 730 * 3600 * Decimal(usd), abs=Decimal("0.01"))

"""The rule of docs/add-a-rule.md works as it stands there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from scripts.docs import rules_page

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.policy import Layer, Policy
from lambda_tailor.rules import all_rules
from tests.builders import ACCOUNT, REGION, a_function

PAGE = Path(__file__).parents[3] / "docs" / "add-a-rule.md"
RULE_FILE, TEST_FILE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
NAME = "lambda_tailor.rules.stage_timeout"


@pytest.fixture
def rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The rule of the page, as if its file were there."""
    module = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    exec(compile(RULE_FILE, str(PAGE), "exec"), module.__dict__)
    with monkeypatch.context() as patch:
        known = dict(all_rules())
        for where in ("planning.asking", "planning.judging"):
            patch.setattr(f"lambda_tailor.{where}.all_rules", lambda: {**known, module.RULE.id: module.RULE})
        patch.setattr("lambda_tailor.policy.policy.all_rules", lambda: {**known, module.RULE.id: module.RULE})
        patch.setattr("scripts.docs.rules_page.all_rules", lambda: {**known, module.RULE.id: module.RULE})
        yield module.RULE


def test_the_pages_tests_pass(rule: Any) -> None:
    namespace: dict[str, Any] = {}
    exec(compile(TEST_FILE, str(PAGE), "exec"), namespace)
    tests = [value for name, value in namespace.items() if name.startswith("test_")]
    assert len(tests) == 4
    for test in tests:
        test()


def test_it_comes_into_a_plan_with_an_operation(rule: Any) -> None:
    policy = Policy(name="p", layers=(Layer("p", {rule.id: {"most_s": 20}}),), today=date(2026, 1, 1))
    reading = ScopeData(account_id=ACCOUNT, region=REGION, functions=[a_function("orders-test", timeout_s=300)])
    nothing = Value(MonthlyUsd(Decimal(0), Decimal(0)))
    plan = make_plan(policy, [reading], worth=lambda _: lambda asked: [nothing] * len(asked), created_at="")
    (operation,) = plan.operations
    assert (operation.before, operation.after) == ({"timeout_s": 300}, {"timeout_s": 20})


def test_it_comes_into_the_catalogue_with_its_options(rule: Any) -> None:
    page = rules_page.page()
    assert (
        "## stage-timeout" in page
        and "| `most_s` | integer | `10` | The longest timeout, in seconds. (1 to 900) |" in page
    )
    assert "lambda:UpdateFunctionConfiguration" in page.split("## stage-timeout")[1].split("\n## ")[0]

"""The rule of docs/add-a-rule.md works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
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
from tests.add_a_rule import written_from_the_page
from tests.builders import ACCOUNT, REGION, a_function

ROOT = Path(__file__).parents[3]
PAGE = Path(__file__).parents[3] / "docs" / "add-a-rule.md"
RULE_FILE, TEST_FILE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[:2]
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


def test_the_page_has_every_file_of_its_examples(tmp_path: Path) -> None:
    assert len(written_from_the_page(tmp_path)) == 9


def test_the_files_of_the_page_pass_their_own_tests_and_those_that_walk_every_rule_and_setting(tmp_path: Path) -> None:
    """In a copy of the source, as a newcomer would write them."""
    for name in ("src", "tests/unit/rules", "tests/unit/settings"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "tests/builders.py", "tests/unit/__init__.py", "tests/unit/test_meta.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    files = written_from_the_page(tmp_path)
    tests = [name for name in files if name.startswith("tests/")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "tests/unit/test_meta.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'src'}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)

"""The library as docs/library.md has it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lambda_tailor
from tests.integration.conftest import Aws

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


def test_the_ten_lines_of_the_page_run_as_they_stand(stack: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    before = stack.snapshot()
    exec(compile(code, str(PAGE), "exec"), {})
    out = capsys.readouterr().out
    assert "lambda-function-dev memory_mb 3008 -> 1024" in out and "succeeded 10 applied" in out
    assert stack.snapshot() == before


def test_the_promised_names_are_these(stack: Aws) -> None:
    assert sorted(lambda_tailor.__all__) == [
        "Explanation", "Plan", "Run", "TailorError", "Verification",
        "apply", "doctor", "explain", "plan", "resume", "rollback", "runs", "verify",
    ]  # fmt: skip
    for name in lambda_tailor.__all__:
        assert getattr(lambda_tailor, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lambda_tailor.nothing  # noqa: B018


def test_verify_explain_and_runs(stack: Aws) -> None:
    assert not lambda_tailor.verify(environment_suffix="dev").matches
    explained = lambda_tailor.explain("lambda-function-dev", preset="reference", rules=["memory"])
    assert [rule.rule for rule in explained.functions[0].rules] == ["memory"]
    plan = lambda_tailor.plan(functions=["lambda-function-dev"], preset="reference", rules=["memory", "timeout"])
    run = lambda_tailor.apply(plan)
    assert [(o.setting, o.outcome) for o in run.outcomes] == [("memory_mb", "applied"), ("timeout_s", "applied")]
    assert [each.run_id for each in lambda_tailor.runs().runs] == [run.run_id]
    assert lambda_tailor.rollback("latest").status == "succeeded"


def test_what_is_wrong_is_one_sentence(aws: Aws) -> None:
    with pytest.raises(lambda_tailor.TailorError, match="Which functions"):
        lambda_tailor.plan()
    with pytest.raises(lambda_tailor.TailorError, match="There is no rule 'none'"):
        lambda_tailor.plan(all_functions=True, rules=["none"])
    with pytest.raises(lambda_tailor.TailorError, match="knows no run run-0"):
        lambda_tailor.rollback("run-0")


def test_importing_it_imports_nothing_heavy() -> None:
    asked = "import sys, lambda_tailor; print(sorted({'boto3', 'pydantic', 'sqlalchemy', 'rich'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""``explain`` on the embedded AWS: what the plan says, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.integration.conftest import Aws
from tests.integration.test_evidence import history

Deploy = Callable[..., dict[str, Any]]


def rules_of(explanation: Any) -> dict[str, Any]:
    (function,) = explanation["functions"]
    return {rule["rule"]: rule for rule in function["rules"]}


def test_a_function_alone_is_explained_as_it_is_planned(aws: Aws, deploy: Deploy) -> None:
    deploy("busy", MemorySize=3008, Timeout=300)
    history(aws, "busy", memory=3008, used=400)
    aws.control.reset()
    explanation = aws.json("explain", "busy")
    assert not aws.control.writes()
    Draft202012Validator(json.loads(aws.run("policy", "schema", "explain").stdout)).validate(explanation)
    rules = rules_of(explanation)
    (planned,) = aws.json("plan", "--function", "busy")["functions"]
    changes = {change["rule"]: change for change in planned["changes"]}
    verdict = rules["memory"]["verdicts"][0]
    assert {key: verdict[key] for key in ("before", "after", "monthly_usd")} == {
        key: changes["memory"][key] for key in ("before", "after", "monthly_usd")
    }
    used = next(reading for reading in rules["memory"]["evidence"] if reading["name"] == "memory_used")
    assert (used["value"], used["samples"]) == (400, 60)
    assert used["source"].startswith("sample of 60 REPORT records")
    assert any(" instead of " in each["what"] for each in rules["memory"]["would_change"])
    assert rules["architecture"]["status"] == "off"


def test_the_text_fits_80_columns_and_quotes_the_policy(aws: Aws, deploy: Deploy, tmp_path: Path) -> None:
    deploy("busy", MemorySize=3008, Timeout=300)
    history(aws, "busy", memory=3008, used=1500)
    file = tmp_path / "policy.yaml"
    file.write_text(
        "preset: reference\noverrides:\n  - name: 'b*'\n    until: 2999-01-01\n    because: it leaks\n"
        "    rules: {memory: {target_mb: 1400}}\n"
    )
    text = aws.run("explain", "busy", "--policy", str(file), "--rules", "memory").stdout
    assert max(map(len, text.splitlines())) <= 80
    flat = " ".join(text.split())
    assert "memory: blocked" in flat
    assert "line 6, override for name b* until 2999-01-01)" in flat
    assert "1500 MB were in use in the last" in flat
    assert "memory_used: 1,500 MB (sample of 60 REPORT records" in flat
    assert "--force busy:memory" in flat
    assert "target_mb 1500 instead of 1400: proposed" in flat
    assert "the end of the exception" in flat
    assert "timeout:" not in flat


def test_a_stacks_function_is_explained_within_its_stack(stack: Aws) -> None:
    rules = rules_of(stack.json("explain", "lambda-function-dev", "-e", "dev"))
    assert rules["dead-letter-queue"]["verdicts"][0]["after"].endswith(":lambda-dlq-dev")
    assert rules["memory"]["policy"][2] == {
        "option": "target_mb", "value": 1024, "origin": "preset reference", "override": None, "until": None,
    }  # fmt: skip


def test_what_was_not_read_is_told_with_the_permission_that_it_takes(aws: Aws, deploy: Deploy) -> None:
    deploy("busy", MemorySize=3008)
    history(aws, "busy", memory=3008, used=400)
    aws.emulator.control.fail(operation="logs:StartQuery", kind="access-denied", times=99)
    aws.emulator.control.fail(operation="logs:FilterLogEvents", kind="access-denied", times=99)
    memory = rules_of(aws.json("explain", "busy"))["memory"]
    assert memory["status"] == "kept"
    assert "the permission logs:FilterLogEvents, see 'lambda-tailor iam-policy'" in [
        each["what"] for each in memory["would_change"]
    ]


def test_a_function_that_is_not_there_is_one_sentence(aws: Aws, deploy: Deploy) -> None:
    assert "answers to nobody" in aws.run("explain", "nobody", exit_code=1).stderr
    deploy("other")
    assert "There is no nobody among all functions" in aws.run("explain", "nobody", "--all", exit_code=1).stderr

"""A plan as SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lambda_tailor import __version__
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.tables import Row, rows
from lambda_tailor.report.texts import clean, value, worth
from lambda_tailor.rules.rule import AnyRule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "note", Risk.NONE: "note"}


def render(plan: Plan, rules: Mapping[str, AnyRule], *, file: str = "lib/tap_stack.py") -> str:
    """The plan's changes as results.

    Code scanning shows a result at a place in the repository; a deployed function has none, so that
    every result names ``file``, the program that deploys them, and the function as logical location.
    """
    found = rows(plan)
    used = sorted({row.change.rule for row in found})
    driver = {
        "name": "lambda-tailor",
        "version": __version__,
        "rules": [_rule(rule_id, rules.get(rule_id)) for rule_id in used],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"lambda-tailor/{plan.policy}"},
        "results": [_result(row, used.index(row.change.rule), file) for row in found],
        "invocations": [{"executionSuccessful": not plan.problems}],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule_id: str, rule: AnyRule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    return {
        "id": rule_id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "helpUri": rule.source,
    }


def _result(row: Row, index: int, file: str) -> dict[str, Any]:
    function, change = row.function, row.change
    identity = f"{function.arn} {change.rule} {change.setting}"
    return {
        "ruleId": change.rule,
        "ruleIndex": index,
        "level": _LEVEL[change.risk],
        "kind": "fail",
        "message": {"text": message(row)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": 1}},
                "logicalLocations": [{"name": clean(function.name), "fullyQualifiedName": clean(function.arn)}],
            }
        ],
        # The same change of the same function is the same alert tomorrow.
        "partialFingerprints": {"lambdaTailor/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def message(row: Row) -> str:
    """One sentence for one change."""
    function, change = row.function, row.change
    if row.status == "finding":
        return clean(f"{function.name}: {change.reason}")
    step = f"{value(change.setting, change.before)} -> {value(change.setting, change.after)}"
    why = f"blocked: {change.blocked}" if change.blocked is not None else change.reason
    money = worth(change.monthly_usd) if change.pending else ""
    told = "; ".join(filter(None, (why, f"risk {change.risk.value}", f"{money} a month" if money else "")))
    return clean(f"{function.name}: {change.setting} {step} ({told})")

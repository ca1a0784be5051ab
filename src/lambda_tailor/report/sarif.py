"""A plan as SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lambda_tailor import __version__
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.sentences import step_of
from lambda_tailor.report.tables import Row
from lambda_tailor.report.texts import brief_worth, clean
from lambda_tailor.report.view import ordered_rows
from lambda_tailor.rules.rule import AnyRule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "note", Risk.NONE: "note"}


# What a repository's policy is called where nobody said: it is there that a change is asked for or refused.
POLICY_FILE = "lambda-tailor.yaml"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file of the repository; the path has slashes and begins at the repository's root."""

    file: str
    line: int = 1


Places = Callable[[Row], Place | None]


def in_the_policy(file: str, lines: Mapping[str, int]) -> Places:
    """Each change at the line of its rule in a policy file, or at the file's beginning."""
    return lambda row: Place(file, lines.get(row.change.rule, 1))


def in_the_source(places: Mapping[tuple[str, str], Place], otherwise: Places) -> Places:
    """Each change where its function's setting is written, by (function, setting), or else elsewhere.

    An empty setting stands for whatever else there is about the function.
    """

    def place(row: Row) -> Place | None:
        name = row.function.name
        return places.get((name, row.change.setting)) or places.get((name, "")) or otherwise(row)

    return place


def render(plan: Plan, rules: Mapping[str, AnyRule], *, places: Places | None = None) -> str:
    """The plan's changes as results, most money first.

    Code scanning shows a result at a place in the repository: where the function's setting is written, if the source
    is known, and else in the policy; the function is the logical location.
    """
    places = places or in_the_policy(POLICY_FILE, {})
    found = ordered_rows(plan)
    used = sorted({row.change.rule for row in found})
    driver = {
        "name": "lambda-tailor",
        "version": __version__,
        "rules": [_rule(rule_id, rules.get(rule_id)) for rule_id in used],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"lambda-tailor/{plan.policy}"},
        "results": [_result(row, used.index(row.change.rule), places(row)) for row in found],
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


def _result(row: Row, index: int, place: Place | None) -> dict[str, Any]:
    function, change = row.function, row.change
    identity = f"{function.arn} {change.rule} {change.setting}"
    location: dict[str, Any] = {
        "logicalLocations": [{"name": clean(function.name), "fullyQualifiedName": clean(function.arn)}]
    }
    if place is not None:
        at = {"artifactLocation": {"uri": quote(place.file)}, "region": {"startLine": max(place.line, 1)}}
        location["physicalLocation"] = at
    return {
        "ruleId": change.rule,
        "ruleIndex": index,
        "level": _LEVEL[change.risk],
        "kind": "fail",
        "message": {"text": message(row)},
        "locations": [location],
        # The same change of the same function is the same alert tomorrow.
        "partialFingerprints": {"lambdaTailor/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def message(row: Row) -> str:
    """One sentence for one change."""
    function, change = row.function, row.change
    if row.status == "finding":
        return clean(f"{function.name}: {change.reason}")
    step = step_of(change)
    why = f"blocked: {change.blocked}" if change.blocked is not None else change.reason
    money = brief_worth(change.monthly_usd) if change.pending else ""
    told = "; ".join(filter(None, (why, f"risk {change.risk.value}", f"{money} a month" if money else "")))
    return clean(f"{function.name}: {change.setting} {step} ({told})")

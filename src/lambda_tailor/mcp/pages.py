"""A plan as pages that a model's context takes in: a summary first, then functions, the most money first. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor import documents
from lambda_tailor.model.plan import Plan

Document = dict[str, Any]
# The longest answer in bytes of JSON: some five thousand tokens.
MOST_BYTES = 20_000
# What a summary names by itself, and the longest list of problems in it.
NAMED = 10


def document(value: Any) -> Document:
    """Any document of the program as JSON values."""
    found: Document = documents.adapter(type(value)).dump_python(value, mode="json")
    return found


def size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(json.dumps(value).encode())


def summary(plan: Plan) -> Document:
    """What, how much, how safe: the first thing that a reader needs."""
    whole = document(plan)
    changes = [change for function in whole["functions"] for change in function["changes"]]
    return {
        "plan_id": plan.plan_id,
        "policy": whole["policy"],
        "summary": whole["summary"],
        "changes_by_rule": dict(Counter(change["rule"] for change in changes if not change["blocked"])),
        "changes_by_risk": dict(Counter(change["risk"] for change in changes if not change["blocked"])),
        "notes": whole.get("notes", [])[:NAMED],
        "problems": whole["problems"][:NAMED],
        "problems_not_shown": max(0, len(whole["problems"]) - NAMED),
    }


def functions(plan: Plan) -> list[Document]:
    """The functions for which there is something to say, those with changes and the most money first."""
    told = [function for function in document(plan)["functions"] if function["changes"] or function["notes"]]
    for function in told:
        function.pop("kept", None)
        function.pop("series", None)
    return sorted(told, key=lambda function: (not function["changes"], -_money(function)))


def _money(function: Mapping[str, Any]) -> float:
    made = [change for change in function["changes"] if change["blocked"] is None]
    return sum(float((change["monthly_usd"] or {}).get("high") or 0) for change in made)


def paged(told: Sequence[Document], most_bytes: int = MOST_BYTES) -> list[list[Document]]:
    """The functions on as few pages as the size allows; one that is larger than a page is cut to what it changes."""
    pages: list[list[Document]] = [[]]
    room = most_bytes
    for each in told:
        shown = each if size(each) <= most_bytes else _cut(each)
        needed = size(shown) + 2
        if needed > room and pages[-1]:
            pages.append([])
            room = most_bytes
        pages[-1].append(shown)
        room -= needed
    return pages


def _cut(function: Document) -> Document:
    keys = ("rule", "setting", "before", "after", "reason", "risk", "blocked", "monthly_usd")
    changes = [{key: change.get(key) for key in keys} for change in function["changes"]]
    return {**{k: function[k] for k in ("account_id", "region", "name")}, "changes": changes, "cut": True}

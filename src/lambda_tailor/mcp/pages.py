"""A plan as pages that a model's context takes in: a summary first, then functions, the most money first. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambda_tailor import documents
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan

Document = dict[str, Any]
# The longest answer in bytes of JSON: some five thousand tokens.
MOST_BYTES = 20_000
# What stands around a page's functions: plan_id, page, pages and counts.
_AROUND_BYTES = 200
# What is told first of a run's outcomes where not all fit.
_URGENT = {"failed": 0, "blocked": 1, "applied": 2, "rolled-back": 2, "unchanged": 3}
# What a summary names by itself, and the longest list of problems in it.
NAMED = 10


def document(value: Any) -> Document:
    """Any document of the program as JSON values."""
    found: Document = documents.adapter(type(value)).dump_python(value, mode="json")
    return found


def text(value: Any) -> str:
    """A value as the JSON that is sent: without white space, which would be half of it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(text(value).encode())


def bounded(answer: Document, most_bytes: int = MOST_BYTES) -> Document:
    """The answer without the ends of its longest lists, where it is too large; how much is missing is told."""
    if size(answer) <= most_bytes:
        return answer
    shown: Document = json.loads(text(answer))
    if isinstance(outcomes := shown.get("outcomes"), list):
        outcomes.sort(key=lambda outcome: _URGENT.get(outcome["outcome"], 0))
    shown["not_shown"] = missing = Counter[str]()
    while (excess := size(shown) - most_bytes) > 0 and (longest := max(_lists(shown), key=_weight, default=None)):
        name, items = longest
        while items and excess > 0:
            excess -= size(items.pop()) + 1
            missing[name] += 1
    return shown


def _lists(value: Any, name: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every list with something in it, by its name."""
    if isinstance(value, list) and value:
        yield name, value
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _lists(each, name if isinstance(key, int) else key)


def _weight(found: tuple[str, list[Any]]) -> tuple[int, int]:
    return len(found[1]), size(found[1])


def explained(explanation: Explanation) -> Document:
    """Why a plan is what it is, without the options that nobody set, the rules that are off, and what is not there."""
    told: Document = document(explanation)
    for function in told["functions"]:
        function["off"] = [rule["rule"] for rule in function["rules"] if rule["status"] == "off"]
        function["rules"] = [_rule(rule) for rule in function["rules"] if rule["status"] != "off"]
    return told


def _rule(rule: Document) -> Document:
    chosen = [option for option in rule["policy"] if option["origin"] != "default"]
    shown: Document = _said({**rule, "policy": chosen})
    return shown


def _said(value: Any) -> Any:
    """A value without the members that say nothing; of a setting's value, nothing is something."""
    if isinstance(value, list):
        return [_said(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {"before", "after", "value"}
    return {name: _said(each) for name, each in value.items() if name in kept or each not in ("", None, [])}


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


def paged(told: Sequence[Document], before: int = 0, most_bytes: int = MOST_BYTES) -> list[list[Document]]:
    """The functions on as few pages as the size allows; one that is larger than a page is cut to what it changes.

    ``before`` are the bytes of what is told with the first page.
    """
    pages: list[list[Document]] = [[]]
    whole = most_bytes - _AROUND_BYTES
    room = whole - before
    for each in told:
        shown = each if size(each) < (whole if pages[-1] else room) else _cut(each)
        needed = size(shown) + 1
        if needed > room and pages[-1]:
            pages.append([])
            room = whole
        pages[-1].append(shown)
        room -= needed
    return pages


def _cut(function: Document) -> Document:
    keys = ("rule", "setting", "before", "after", "reason", "risk", "blocked", "monthly_usd")
    changes = [{key: change.get(key) for key in keys} for change in function["changes"]]
    return {**{k: function[k] for k in ("account_id", "region", "name")}, "changes": changes, "cut": True}

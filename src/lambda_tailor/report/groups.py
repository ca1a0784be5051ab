"""What is in a plan, grouped: by rule for the money, by reason for what somebody has to decide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.figures import RISKY, money, positive
from lambda_tailor.report.tables import GRAVE, Row, rows
from lambda_tailor.report.texts import sentence

# What rules are called where their changes are listed.
_TITLES: Mapping[str, str] = {
    "tracing": "X-Ray tracing",
    "environment": "Environment variables",
    "sqs-visibility": "Queue visibility timeout",
    "async-retries": "Asynchronous retries",
    "deployment-bucket-versioning": "Bucket versioning",
    "unbounded-recursion": "Recursive loops",
    "runtime-end-of-life": "Runtime",
    "idle-function": "Idle functions",
}

# What a reason is called, by its code, where the changes of a group differ in their figures.
REASONS: Mapping[str, str] = {
    "memory-in-use": "More memory was in use than the target gives",
    "longer-run-seen": "A longer run was seen than the timeout would allow",
    "more-ran-at-once": "More ran at once than the reservation allows",
    "role-may-not-send": "The role may not send to the dead-letter queue",
    "tmp-in-use": "More of /tmp was in use than the target gives",
    "made-for-x86": "Something in the code is made for x86",
    "other-value": "The variable has another value than its source",
    "role-may-not-trace": "The role may not send traces",
}  # fmt: skip
# What of the same code is told apart by rule: what cannot be put back is another thing each time.
_BY_RULE: Mapping[tuple[str, str], str] = {
    ("cannot-be-put-back", "log-retention"): "Older logs are deleted and cannot be put back",
    ("cannot-be-put-back", "old-versions"): "Deleted versions cannot be put back",
    ("no-run-seen", "timeout"): "Timeout: no run was seen, and a longer one would be cut off",
}
_OF_ANY: Mapping[str, str] = {
    "no-run-seen": "no run was seen",
    "few-runs-seen": "few runs were seen",
    "may-be-slower": "runs may take longer",
}
_AT_RISK: Mapping[str, str] = {
    "memory": "Its need of CPU is not known: it may become slower",
    "timeout": "No run was measured: a longer one would be cut off",
    "log-retention": "Older logs are deleted and cannot be put back",
    "architecture": "Code fetched at run time may be made for x86",
    "reserved-concurrency": "A cap on concurrency can throttle",
    "provisioned-concurrency": "A burst may meet cold starts",
    "shared-layer": "A layer changes what the code loads",
    "environment": "A variable gets another value",
    "old-versions": "Deleted versions cannot be put back",
    "log-format": "Who reads the logs by pattern has to follow",
    "async-retries": "Failed events are tried less often or longer",
    "ephemeral-storage": "Its use of /tmp is not known",
}
_FIGURES = re.compile(r"\d[\d,.]*")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Reason:
    """Changes that are blocked or risky for one reason. ``usd`` is what is not saved, or at stake."""

    text: str
    rule: str
    risk: Risk
    rows: tuple[Row, ...]
    usd: MonthlyUsd

    @property
    def functions(self) -> int:
        """How many functions it is about."""
        return len({row.function.arn for row in self.rows})


@dataclass(frozen=True, slots=True)
class OfRule:
    """A rule's changes of a plan, and what they save net."""

    rule: str
    rows: tuple[Row, ...]
    usd: MonthlyUsd

    @property
    def title(self) -> str:
        """What people call it."""
        return rule_title(self.rule)

    @property
    def functions(self) -> int:
        """How many functions it changes."""
        return len({row.function.arn for row in self.rows})


def rule_title(rule: str) -> str:
    """What people call a rule's subject: ``Log retention``."""
    return _TITLES.get(rule) or rule.replace("-", " ").capitalize()


def by_rule(plan: Plan) -> list[OfRule]:
    """The pending changes by rule: savings first, the greatest first, then what costs."""
    pending = [row for row in rows(plan) if row.status == "pending"]
    found = [
        OfRule(rule, tuple(group), money(row for row in group if row.change.counted))
        for rule, group in _grouped(pending, lambda row: row.change.rule)
    ]
    return sorted(found, key=lambda g: (g.usd.high <= 0, -g.usd.high if g.usd.high > 0 else g.usd.low, g.rule))


def blocked(plan: Plan) -> list[Reason]:
    """What is blocked, by reason, most money first."""
    return _reasons((row for row in rows(plan) if row.status == "blocked"), {})


def at_risk(plan: Plan) -> list[Reason]:
    """Pending changes of medium or high risk by reason, the gravest first, then the most money."""
    return _reasons((r for r in rows(plan) if r.status == "pending" and r.change.risk in RISKY), _AT_RISK)


def findings(plan: Plan) -> list[Reason]:
    """What is to be known and is not changed."""
    return _reasons((row for row in rows(plan) if row.status == "finding"), {})


def common(reasons: Iterable[Reason], functions: int) -> list[Reason]:
    """The reasons that hold for most functions, which are said once instead of beside each."""
    return [reason for reason in reasons if reason.functions > 3 and reason.functions * 2 > functions]


def notes(plan: Plan) -> list[tuple[str, int]]:
    """The notes on functions with how many functions have them, those of most functions first."""
    counted = Counter(note for function in plan.functions for note in function.notes)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def said(row: Row) -> str:
    """What is said of a change: why it is blocked, or why it is made."""
    return row.change.blocked if row.change.blocked is not None else row.change.reason


def _reasons(found: Iterable[Row], titles: Mapping[str, str]) -> list[Reason]:
    made = []
    for (rule, risk, _), group in _grouped(found, _key):
        usd = positive(row for row in group if row.change.counted)
        ordered = sorted(group, key=lambda row: (-row.change.monthly_usd.high, row.function.name))
        made.append(Reason(_title(group, titles), rule, risk, tuple(ordered), usd))
    return sorted(made, key=lambda r: (GRAVE[r.risk], -r.usd.high, -len(r.rows), r.text))


def _key(row: Row) -> tuple[str, Risk, str]:
    change = row.change
    return change.rule, change.risk, change.reason_code or _skeleton(row)


def _skeleton(row: Row) -> str:
    """A reason without what is only this function's: its name, its figures and where they come from."""
    if row.status == "pending":
        return row.change.rule
    text = said(row).replace(row.function.name, "it") if row.function.name else said(row)
    return _FIGURES.sub("#", text.partition(" (")[0])


def _title(group: list[Row], titles: Mapping[str, str]) -> str:
    change = group[0].change
    texts = {said(row) for row in group}
    if (seen := _OF_ANY.get(change.reason_code)) and (change.reason_code, change.rule) not in _BY_RULE:
        return f"{rule_title(change.rule)}: {seen}"
    if (named := _BY_RULE.get((change.reason_code, change.rule)) or REASONS.get(change.reason_code)) is not None:
        return named
    if len(texts) == 1 and (change.reason_code or change.rule not in titles):
        return sentence(texts.pop())
    return titles.get(change.rule) or sentence(_skeleton(group[0]).replace("#", "…"))


def _grouped(found: Iterable[Row], key: Callable[[Row], K]) -> Iterable[tuple[K, list[Row]]]:
    groups: dict[K, list[Row]] = {}
    for row in found:
        groups.setdefault(key(row), []).append(row)
    return groups.items()

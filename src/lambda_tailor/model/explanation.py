"""Why a function's plan is what it is: the document that ``explain --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.verdict import Risk

Status = Literal["proposed", "blocked", "finding", "kept", "silent", "off"]


VerdictKind = Literal["proposed", "blocked", "finding", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedOption:
    """One option of a rule as it holds for the function.

    ``origin`` is where it was said: a preset, a file and line, or ``default``. ``override`` is the
    condition of the override that said it, and ``until`` its last day.
    """

    option: str
    value: JsonValue
    origin: str
    override: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedReading:
    """One reading that the rule asks for: a value with its source, window and samples, or why there is none."""

    name: str
    value: JsonValue = None
    unit: str = ""
    source: str = ""
    window_days: float | None = None
    samples: int | None = None
    absent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVerdict:
    """What the rule says of one setting, and why."""

    kind: VerdictKind
    setting: str
    before: JsonValue
    after: JsonValue
    because: str
    risk: Risk | None = None
    risk_because: tuple[str, ...] = ()
    monthly_usd: MonthlyUsd = field(default_factory=MonthlyUsd)


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldChange:
    """Something that would make the rule say something else: ``what``, and ``then`` where that can be told.

    ``then`` is told by asking the rule again; no money is worked out for it.
    """

    what: str
    then: tuple[ExplainedVerdict, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRule:
    """One rule's way from policy and evidence to its verdicts.

    ``status`` is the gravest of its verdicts; ``silent`` where it has none, and ``off`` where it is
    not asked, ``because`` telling why. ``would_change`` tells what would make it say something else.
    """

    rule: str
    title: str
    status: Status
    because: str = ""
    policy: tuple[ExplainedOption, ...] = ()
    evidence: tuple[ExplainedReading, ...] = ()
    verdicts: tuple[ExplainedVerdict, ...] = ()
    would_change: tuple[WouldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedFunction:
    """One function, rule by rule in the catalogue's order. ``notes`` are the plan's."""

    account_id: str
    region: str
    name: str
    arn: str
    owner: str | None
    notes: tuple[str, ...]
    rules: tuple[ExplainedRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The function of that name in every region where there is one."""

    schema_version: Literal["1"] = "1"
    policy: str
    functions: tuple[ExplainedFunction, ...]
    api_calls: Mapping[str, int] = field(default_factory=dict)

"""What a rule answers: outcomes are types, so that none is forgotten.

A rule gives one verdict for each setting that it looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from lambda_tailor.model.evidence import Quote
from lambda_tailor.model.usage import ZERO, Usage


class Risk(StrEnum):
    """How much can go wrong when the change is applied."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Key:
    """An AWS resource that an operation acts on: a kind of setting and the resource's name."""

    kind: str
    resource: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One field of one resource, from what is there to what shall be there.

    ``requires`` names the resources whose transition must have succeeded first, or this field is
    not written; ``follows`` those whose transition must only be over.
    """

    key: Key
    field: str
    before: JsonValue
    after: JsonValue
    requires: tuple[Key, ...] = ()
    follows: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change worth making. ``adds`` is what it adds to a month's billable quantities.

    ``derived`` tells that it follows from evidence and was not stated; None is by the rule's options.
    ``slowdown`` is the range of factors by which a run's duration changes, where that is known.
    ``checked`` says what the change was held against, such as the worst case.
    """

    setting: str
    before: JsonValue
    after: JsonValue
    reason: str
    transitions: tuple[Transition, ...]
    risk: Risk = Risk.LOW
    evidence: tuple[Quote, ...] = ()
    adds: Usage = ZERO
    derived: bool | None = None
    slowdown: tuple[float, float] | None = None
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A change that the evidence or an AWS limit forbids.

    With ``transitions`` the user may force it by name; without, nothing can. ``code`` names the reason for programs.
    """

    setting: str
    before: JsonValue
    after: JsonValue
    because: str
    transitions: tuple[Transition, ...] = ()
    evidence: tuple[Quote, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The setting is as it should be; ``value`` is what is deployed."""

    setting: str
    value: JsonValue
    because: str
    evidence: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know that this program does not change."""

    setting: str
    value: JsonValue
    note: str
    risk: Risk = Risk.LOW
    evidence: tuple[Quote, ...] = ()


Verdict = Proposed | Blocked | Kept | Finding

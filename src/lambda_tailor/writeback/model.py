"""What is to be written back, and what became of it: data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One setting of one function, as the source shall say it.

    Settings and their units are those of a plan: ``memory_mb``, ``timeout_s``, ``retention_days``.
    ``stack`` and ``logical_id`` are CloudFormation's, where it deployed the function. ``log_group`` is the group
    that the function writes to; ``group_exists`` tells whether AWS has it already, None where nobody knows.
    ``makes`` is the name of the queue that applying the plan makes for the setting.
    """

    arn: str
    account_id: str
    region: str
    function: str
    rule: str
    setting: str
    before: JsonValue
    after: JsonValue
    owner: str | None = None
    log_group: str = ""
    group_exists: bool | None = None
    stack: str | None = None
    logical_id: str | None = None
    makes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A value written in the source. ``also_changes`` names what else follows from the same place."""

    file: str
    line: int
    function: str
    setting: str
    before: JsonValue
    after: JsonValue
    also_changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEdited:
    """A setting that was not written back: why, and what to put where.

    ``file`` and ``line`` are None where no place in the source is known.
    """

    function: str
    setting: str
    file: str | None
    line: int | None
    because: str
    wanted: JsonValue


def by_cause(left: Sequence[NotEdited]) -> list[list[NotEdited]]:
    """What was not written, in groups that are told together: those without a place that have one reason."""
    groups: dict[tuple[int, str], list[NotEdited]] = {}
    for number, each in enumerate(left):
        groups.setdefault((number if each.file else -1, each.because), []).append(each)
    return list(groups.values())


def functions_of(those: Sequence[NotEdited], most: int) -> str:
    """The functions of a group, each once: so many by name, and how many more."""
    names = list(dict.fromkeys(each.function for each in those))
    more = f", ... {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOwn:
    """Something that applying the plan makes in AWS and that the source should own: the block to write."""

    function: str
    resource: str
    block: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the deployment's own tool says of the source: ``left`` is what it would still change or complains about."""

    tool: str
    folder: str
    clean: bool
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """The document that ``write-back --json`` prints."""

    schema_version: Literal["1"] = "1"
    edits: tuple[Edit, ...] = ()
    not_edited: tuple[NotEdited, ...] = ()
    to_own: tuple[ToOwn, ...] = ()
    already: tuple[Edit, ...] = ()
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

"""Log format: JSON logs can be searched by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "log_format"


class LogFormatOptions(Options):
    """The format of the records that Lambda and the runtime write."""

    format: Literal["JSON", "Text"] = Field(default="JSON", description="The format wanted.")
    application_level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] = Field(
        default="INFO", description="The lowest level of the code's own records that JSON keeps; AWS begins with INFO."
    )


def judge(function: Function, _evidence: Evidence, options: LogFormatOptions) -> Sequence[Verdict]:
    """Propose the format; whoever reads the logs by pattern has to follow."""
    current, wanted = function.log_format, options.format
    if current == wanted:
        return (Kept(SETTING, current, "as wanted"),)
    key = Key("function-configuration", function.name)
    step = Transition(key, SETTING, current, wanted)
    if wanted == "Text":
        reason = "the policy wants plain text; parsers of JSON must follow"
        lost = [_level(key, field, level, None, "text holds no levels") for field, level in _levels(function).items()]
        return (Proposed(SETTING, current, wanted, reason, (step,), Risk.MEDIUM), *lost)
    reason = "fields can be searched and filtered by level; metric filters and parsers of the old format must follow"
    least = options.application_level
    dropped = f"{least} is the lowest level of the code's own records that is kept from then on"
    kept = _level(key, "application_log_level", function.application_log_level, least, dropped)
    return (Proposed(SETTING, current, wanted, reason, (step,), Risk.MEDIUM), kept)


def _levels(function: Function) -> dict[str, str]:
    levels = {"application_log_level": function.application_log_level, "system_log_level": function.system_log_level}
    return {field: level for field, level in levels.items() if level is not None}


def _level(key: Key, field: str, before: str | None, after: str | None, reason: str) -> Proposed:
    """A level of its own, so that an undo brings it back."""
    return Proposed(field, before, after, reason, (Transition(key, field, before, after),), Risk.LOW)


RULE = Rule(
    id="log-format",
    title="Logs in JSON",
    why="Structured records can be searched by field, and filtered by level before they are paid for.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html",
    options=LogFormatOptions,
    judge=judge,
    writes=always("function-configuration"),
    surprise="JSON starts at INFO and drops the code's DEBUG records; text can hold no levels, so that going "
    "back loses them. At system level WARN only failing runs write a REPORT record, so that nobody knows "
    "what memory the successful ones use.",
    order=150,
)

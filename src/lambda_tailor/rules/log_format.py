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


def judge(function: Function, _evidence: Evidence, options: LogFormatOptions) -> Sequence[Verdict]:
    """Propose the format; whoever reads the logs by pattern has to follow."""
    current, wanted = function.log_format, options.format
    if current == wanted:
        return (Kept(SETTING, current, "as wanted"),)
    step = Transition(Key("function-configuration", function.name), SETTING, current, wanted)
    reason = "fields can be searched and filtered by level; metric filters and parsers of the old format must follow"
    if wanted == "Text":
        reason = "the policy wants plain text; parsers of JSON must follow"
    return (Proposed(SETTING, current, wanted, reason, (step,), Risk.MEDIUM),)


RULE = Rule(
    id="log-format",
    title="Logs in JSON",
    why="Structured records can be searched by field, and filtered by level before they are paid for.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html",
    options=LogFormatOptions,
    judge=judge,
    writes=always("function-configuration"),
    order=150,
)

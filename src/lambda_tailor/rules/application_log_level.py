"""Application log level: what is logged below a level is taken in, and paid for, before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup
from lambda_tailor.model.usage import DAYS_A_MONTH, Usage
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "application_log_level"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_BYTES_A_GB = Decimal(1024**3)


class ApplicationLogLevelOptions(Options):
    """The lowest level that is worth keeping."""

    least: Literal["DEBUG", "INFO", "WARN", "ERROR"] = Field(
        default="INFO", description="The lowest level of the code's own records that is kept."
    )
    min_gb_per_month: float = Field(default=1, ge=0, description="GB a month below it from which a change is proposed.")


def lookups(function: Function, _options: ApplicationLogLevelOptions) -> Iterable[Lookup]:
    """How many bytes each level has: a query over the newest day of the group, which AWS charges for by the GB."""
    return (Lookup("log-levels", function.log_group),) if function.log_format == "JSON" else ()


def judge(function: Function, evidence: Evidence, options: ApplicationLogLevelOptions) -> Sequence[Verdict]:
    """Propose the level where what lies below it is much."""
    current = function.application_log_level or "INFO"
    if function.log_format != "JSON":
        note = "its records are plain text, which Lambda cannot filter by level: log-format: {format: JSON} comes first"
        return (Finding(SETTING, None, note, Risk.LOW),)
    if LEVELS.index(current) >= LEVELS.index(options.least):
        return (Kept(SETTING, current, f"nothing below {current} is taken in"),)
    written, quotes = evidence.log_bytes, evidence.quote("log_bytes")
    found = function.resource("log-levels", function.log_group)
    counts = found.state.get("bytes") if isinstance(found, Found) else None
    if not isinstance(written, Measured) or not isinstance(counts, Mapping):
        because = (
            written.because if not isinstance(written, Measured) else getattr(found, "because", "no record has one")
        )
        return (Kept(SETTING, current, f"how much each level takes is not known: {because}", quotes),)
    sizes = {str(level).upper(): float(count) for level, count in counts.items() if isinstance(count, int | float)}
    below = sum(count for level, count in sizes.items() if level in LEVELS[: LEVELS.index(options.least)])
    share = below / (sum(sizes.values()) or 1.0)
    gb = Decimal(str(written.value * share / written.window_days)) * DAYS_A_MONTH / _BYTES_A_GB
    said = f"{gb:.1f} GB a month ({100 * share:.0f} %) of its records are below {options.least}"
    if gb < Decimal(str(options.min_gb_per_month)):
        return (Kept(SETTING, current, said, quotes),)
    step = Transition(Key("function-configuration", function.name), SETTING, current, options.least)
    reason = f"{said}; they are dropped before they are taken in, and are not there when something is looked for"
    return (
        Proposed(SETTING, current, options.least, reason, (step,), Risk.MEDIUM, quotes, Usage(log_gb_ingested=-gb)),
    )


RULE = Rule(
    id="application-log-level",
    title="Records that are worth taking in",
    why="Taking logs in often costs more than the compute that writes them.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html",
    options=ApplicationLogLevelOptions,
    judge=judge,
    writes=always("function-configuration"),
    lookups=lookups,
    evidence=("log_bytes",),
    surprise="Levels work for JSON only, and only for records of the runtime's own logger or with a level and a "
    "timestamp in them: what a library prints goes through. The level is the function's, for all of its versions "
    "that are published after the change.",
    order=152,
)

"""Runtime end of life: runtimes that AWS no longer patches, or soon will not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "runtime"


class RuntimeEndOfLifeOptions(Options):
    """How early to be told."""

    warn_days: int = Field(
        default=180, ge=0, description="Days before a runtime's end, counted from the date of the built-in table."
    )


@cache
def _table() -> Mapping[str, Any]:
    text = (files("lambda_tailor.rules.data") / "runtimes.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def judge(function: Function, _evidence: Evidence, options: RuntimeEndOfLifeOptions) -> Sequence[Verdict]:
    """Report a runtime whose end is past or near as of the table's date: a rule knows no clock."""
    if function.runtime is None or function.package_type == "Image":
        return ()
    known = _table()["runtimes"].get(function.runtime)
    as_of = date.fromisoformat(_table()["as_of"])
    if known is None:
        return (Kept(SETTING, function.runtime, f"no end of it was announced as of {as_of}"),)
    ends = date.fromisoformat(known["deprecated"])
    if ends > as_of + timedelta(days=options.warn_days):
        return (Kept(SETTING, function.runtime, f"it is supported until {ends}"),)
    then = f"; {known['successor']} follows it" if "successor" in known else ""
    over = ends <= as_of
    told = "has had no security patches since" if over else "gets no security patches after"
    note = f"{function.runtime} {told} {ends} (table of {as_of}){then}"
    return (Finding(SETTING, function.runtime, note, Risk.HIGH if over else Risk.MEDIUM),)


RULE = Rule(
    id="runtime-end-of-life",
    title="Runtimes past their end",
    why="A deprecated runtime gets no security patches, and later its functions cannot even be updated.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    options=RuntimeEndOfLifeOptions,
    judge=judge,
    surprise="A deprecated runtime keeps running. First no function can be made with it, then none can be updated, and "
    "a rollback of code is an update too.",
    order=210,
)

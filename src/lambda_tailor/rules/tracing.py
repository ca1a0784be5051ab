"""Tracing: X-Ray switched on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "tracing"


class TracingOptions(Options):
    """Active traces sampled requests; PassThrough only follows what the caller decided."""

    mode: Literal["Active", "PassThrough"] = Field(default="Active", description="The tracing mode wanted.")


def judge(function: Function, _evidence: Evidence, options: TracingOptions) -> Sequence[Verdict]:
    """Propose the mode."""
    if function.tracing == options.mode:
        return (Kept(SETTING, function.tracing, "as wanted"),)
    step = Transition(Key("function-configuration", function.name), SETTING, function.tracing, options.mode)
    reason = "shows where the time goes" if options.mode == "Active" else "the policy wants no traces of its own"
    return (Proposed(SETTING, function.tracing, options.mode, reason, (step,), Risk.LOW),)


RULE = Rule(
    id="tracing",
    title="X-Ray tracing",
    why="Without traces nobody sees whether a slow function computes or waits.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    options=TracingOptions,
    judge=judge,
    writes=always("function-configuration"),
    order=60,
)

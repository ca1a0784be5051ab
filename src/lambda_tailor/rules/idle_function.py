"""Idle function: nobody invoked it for a long time. Reported, never deleted."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "invocations"


class IdleFunctionOptions(Options):
    """When a function counts as idle."""

    days: int = Field(default=100, ge=1, le=455, description="Days without an invocation, and without a deployment.")


def judge(function: Function, evidence: Evidence, options: IdleFunctionOptions) -> Sequence[Verdict]:
    """Report a function that has been idle so long; one of which nobody knows is left be."""
    if function.edge_master:
        return (Kept(SETTING, None, "it runs at the edge, and its invocations are counted in other regions"),)
    runs, idle = evidence.invocations, evidence.idle_days
    if isinstance(runs, Measured) and runs.value > 0:
        return (Kept(SETTING, int(runs.value), f"it was invoked in the last {runs.window_days:.0f} days"),)
    if not isinstance(idle, Measured):
        return (Kept(SETTING, None, f"whether it is idle is not known: {idle.because}"),)
    quotes = evidence.quote("idle_days")
    if idle.value < options.days:
        return (Kept(SETTING, 0, f"invoked or deployed {idle.value:.0f} days ago", quotes),)
    note = (
        f"nobody invoked it in the last {idle.value:.0f} days: if nobody misses it, delete it where it is deployed from"
    )
    return (Finding(SETTING, 0, note, Risk.LOW, quotes),)


RULE = Rule(
    id="idle-function",
    title="Functions that nobody invokes",
    why="An idle function costs little and is a risk all the same: nobody patches its code or watches its role.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    options=IdleFunctionOptions,
    judge=judge,
    evidence=("invocations", "idle_days"),
    surprise="CloudWatch forgets a metric after 455 days, and lists only what had a value in the last two weeks. What "
    "runs once a quarter looks idle for 92 days; the master of a Lambda@Edge function looks idle at home for ever.",
    order=200,
)

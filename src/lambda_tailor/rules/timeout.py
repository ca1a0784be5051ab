"""Timeout: to a fixed target, never under the longest run seen."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rule import Options, Rule

SETTING = "timeout_s"


class TimeoutOptions(Options):
    """Timeout in seconds; Lambda takes 1 to 900."""

    target_s: int | None = Field(default=None, ge=1, le=900, description="The timeout wanted, in seconds.")


def judge(function: Function, evidence: Evidence, options: TimeoutOptions) -> Sequence[Verdict]:
    """Propose the target, or block it where a longer run was measured."""
    target = options.target_s
    if target is None:
        return ()
    current = function.timeout_s
    quotes = evidence.quote("duration_max", "duration_p99")
    if current == target:
        return (Kept(SETTING, current, f"it is {target} s", quotes),)
    step = Transition(Key("function-configuration", function.name), SETTING, current, target)
    longest = evidence.duration_max
    if isinstance(longest, Measured) and longest.value >= target * 1000:
        seen = f"a run of {longest.value / 1000:.1f} s was seen in the last {longest.window_days:.0f} days"
        return (Blocked(SETTING, current, target, f"{seen} ({longest.source})", (step,), quotes),)
    if isinstance(longest, Measured):
        reason = f"the longest run took {longest.value / 1000:.1f} s"
        return (Proposed(SETTING, current, target, reason, (step,), Risk.LOW, quotes),)
    reason = "the policy's target; no run was measured"
    return (Proposed(SETTING, current, target, reason, (step,), Risk.MEDIUM, quotes),)


RULE = Rule(
    id="timeout",
    title="A timeout near the longest run",
    why="A hanging dependency is billed until the timeout; a short one also frees concurrency sooner.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
    options=TimeoutOptions,
    judge=judge,
    evidence=("duration_max", "duration_p99"),
    order=20,
)

"""Memory: to a fixed target, never under what was used."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rule import Options, Rule

SETTING = "memory_mb"


class MemoryOptions(Options):
    """Memory in MB; Lambda takes 128 to 10240 in steps of 1."""

    target_mb: int | None = Field(default=None, ge=128, le=10240, description="The size wanted, in MB.")


def judge(function: Function, evidence: Evidence, options: MemoryOptions) -> Sequence[Verdict]:
    """Propose the target, or block it where more than that was measured in use."""
    target = options.target_mb
    if target is None:
        return ()
    current = function.memory_mb
    quotes = evidence.quote("memory_used")
    if current == target:
        return (Kept(SETTING, current, f"it has {target} MB", quotes),)
    used = evidence.memory_used
    step = Transition(Key("function-configuration", function.name), SETTING, current, target)
    if isinstance(used, Measured) and used.value > target:
        because = f"{used.value:.0f} MB were in use in the last {used.window_days:.0f} days ({used.source})"
        return (Blocked(SETTING, current, target, because, (step,), quotes),)
    known = isinstance(used, Measured)
    reason = f"at most {used.value:.0f} MB were in use" if isinstance(used, Measured) else "the policy's target"
    risk = Risk.LOW if known or target > current else Risk.MEDIUM
    return (Proposed(SETTING, current, target, reason, (step,), risk, quotes),)


RULE = Rule(
    id="memory",
    title="Memory that fits",
    why="Memory is what compute is billed by; CPU grows with it, to one vCPU at 1769 MB.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html",
    options=MemoryOptions,
    judge=judge,
    evidence=("memory_used", "duration_avg", "invocations"),
    order=10,
)

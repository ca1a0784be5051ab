"""Timeout: to a fixed target or near the longest run, never under the longest run seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from lambda_tailor.evidence.memory_curve import worst_slowdown
from lambda_tailor.evidence.percentiles import TooFew, enough
from lambda_tailor.model.evidence import Evidence, Measured, Quote
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "timeout_s"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
MOST_S = 900
# A run that takes this share of the timeout is as good as ended by it, and one of that share comes near it.
_AT_THE_TIMEOUT, _NEAR_THE_TIMEOUT = 0.98, 0.8
_QUOTED = ("duration_max", "duration_p99", "timeouts")


class TimeoutOptions(Options):
    """Timeout in seconds; Lambda takes 1 to 900."""

    target_s: int | None = Field(default=None, ge=1, le=MOST_S, description="The timeout wanted, in seconds.")
    from_evidence: bool = Field(default=False, description="Without a target: derive it from the runs seen.")
    basis: Literal["max", "p99"] = Field(default="max", description="The longest run, or the 99th percentile.")
    factor: float = Field(default=3, ge=1, le=100, description="How many times the basis the timeout shall be.")
    minimum_s: int = Field(default=3, ge=1, le=MOST_S, description="No proposal is under this.")
    min_change_percent: float = Field(default=20, ge=0, le=90, description="Smaller reductions are left be.")
    min_samples: int = Field(default=50, ge=1, description="Invocations measured before a timeout is lowered.")

    def derives(self) -> bool:
        """A target is stated; all else follows from evidence."""
        return self.target_s is None and self.from_evidence


def judge(function: Function, evidence: Evidence, options: TimeoutOptions) -> Sequence[Verdict]:
    """Propose the target, or what the runs call for; block a target under the longest run."""
    if options.target_s is not None:
        return (_to_target(function, evidence, options.target_s),)
    return (_fitted(function, evidence, options),) if options.from_evidence else ()


def _step(function: Function, to_s: int) -> tuple[Transition, ...]:
    return (Transition(Key("function-configuration", function.name), SETTING, function.timeout_s, to_s),)


def _to_target(function: Function, evidence: Evidence, target: int) -> Verdict:
    current, quotes = function.timeout_s, evidence.quote("duration_max", "duration_p99")
    if current == target:
        return Kept(SETTING, current, f"it is {target} s", quotes)
    step, longest = _step(function, target), evidence.duration_max
    if isinstance(longest, Measured) and longest.value >= target * 1000:
        seen = f"a run of {longest.value / 1000:.1f} s was seen in the last {longest.window_days:.0f} days"
        return Blocked(SETTING, current, target, f"{seen} ({longest.source})", step, quotes, "longer-run-seen")
    if target > max(current, (shown_again := _visibility(evidence))):
        reason = (
            f"the policy's target; but a queue shows a message again after {shown_again} s, and Lambda then refuses "
            "the next change of its event source"
        )
        return Proposed(SETTING, current, target, reason, step, Risk.HIGH, quotes)
    if isinstance(longest, Measured):
        reason = f"the longest run took {longest.value / 1000:.1f} s"
        worst = longest.value / 1000 * _slowdown(function, evidence)
        if worst >= target:
            memory = function.after("memory_mb", function.memory_mb)
            reason += f"; but bound by CPU it would take {worst:.1f} s at {memory} MB"
            return Proposed(SETTING, current, target, reason, step, Risk.HIGH, quotes)
        return Proposed(SETTING, current, target, reason, step, Risk.LOW, quotes)
    reason = "the policy's target; no run was measured"
    return Proposed(SETTING, current, target, reason, step, Risk.MEDIUM, quotes)


def _fitted(function: Function, evidence: Evidence, options: TimeoutOptions) -> Verdict:
    current, longest, quotes = function.timeout_s, evidence.duration_max, evidence.quote(*_QUOTED)
    if function.durable:
        return Kept(SETTING, current, "it is a durable function: its replays look like short runs", quotes)
    if not isinstance(longest, Measured):
        return Kept(SETTING, current, f"it is not derived: {longest.because}")
    limit_s, source = _limit(evidence)
    if _runs_end_at(current, evidence, longest):
        return _raised(function, evidence, f"runs end at the timeout of {current} s", quotes)
    if longest.value >= current * 1000 * _NEAR_THE_TIMEOUT:
        near = f"the longest run took {longest.value / 1000:.1f} s of the {current} s that it may"
        return _raised(function, evidence, near, quotes)
    few = enough(longest.samples, options.min_samples, "invocations")
    if isinstance(few, TooFew):
        return Kept(SETTING, current, f"it is not derived: {few.because}", quotes)
    wanted, reason = _wanted(function, evidence, options, longest)
    least = math.floor(longest.value / 1000) + 1
    if wanted > limit_s >= least:
        wanted, reason = math.floor(limit_s), f"{reason}; {source} gives up after {limit_s:g} s"
    if wanted >= current * (1 - options.min_change_percent / 100):
        little = "nothing to lower" if wanted >= current else f"{wanted} s would be little less"
        return Kept(SETTING, current, f"{reason}: {little}", quotes)
    return Proposed(SETTING, current, wanted, reason, _step(function, wanted), Risk.LOW, quotes)


def _limit(evidence: Evidence) -> tuple[float, str]:
    """The longest wait of any trigger that has one, in seconds, and that trigger.

    Where another trigger waits for ever the function may take longer, so no limit holds.
    """
    if not isinstance(evidence.triggers, tuple) or not evidence.triggers:
        return math.inf, ""
    if any(trigger.limit_s is None for trigger in evidence.triggers):
        return math.inf, ""
    slowest = max(evidence.triggers, key=lambda trigger: trigger.limit_s or 0)
    assumed = " (assumed: that limit can be raised)" if slowest.limit_assumed else ""
    return slowest.limit_s or math.inf, slowest.resource + assumed


def _visibility(evidence: Evidence) -> float:
    """The shortest visibility timeout in seconds of the queues that invoke it: Lambda takes no longer timeout."""
    triggers = evidence.triggers if isinstance(evidence.triggers, tuple) else ()
    return min((t.visibility_timeout_s for t in triggers if t.visibility_timeout_s), default=math.inf)


def _runs_end_at(current: int, evidence: Evidence, longest: Measured) -> bool:
    ended = evidence.timeouts
    return (isinstance(ended, Measured) and ended.value > 0) or longest.value >= current * 1000 * _AT_THE_TIMEOUT


def _raised(function: Function, evidence: Evidence, reason: str, quotes: tuple[Quote, ...]) -> Verdict:
    current, longest = function.timeout_s, evidence.duration_max
    assert isinstance(longest, Measured)
    limit_s, source = _limit(evidence)
    if limit_s <= current:
        because = f"{reason}, and {source} gives up after {limit_s:g} s: more time helps nobody"
        return Kept(SETTING, current, because, quotes)
    least = math.floor(longest.value / 1000) + 1
    wanted = min(max(int(min(2 * current, limit_s)), least), MOST_S)
    shown_again = _visibility(evidence)
    if wanted > shown_again:
        because = f"{reason}, and a queue shows a message again after {shown_again} s: raise that first"
        return Kept(SETTING, current, because, quotes)
    if wanted <= current:
        return Kept(SETTING, current, f"{reason}, and Lambda gives no more than {MOST_S} s", quotes)
    return Proposed(SETTING, current, wanted, reason, _step(function, wanted), Risk.LOW, quotes)


def _wanted(function: Function, evidence: Evidence, options: TimeoutOptions, longest: Measured) -> tuple[int, str]:
    basis, p99 = longest, evidence.duration_p99
    named = "the longest run"
    if options.basis == "p99" and isinstance(p99, Measured):
        basis, named = p99, "the 99th percentile"
    factor = max(options.factor, _slowdown(function, evidence))
    # Nothing is gained by a timeout that the slowest run would reach with less CPU.
    seconds = math.ceil(basis.value * factor / 1000)
    rule = f"{factor:.2g} times that" if seconds >= options.minimum_s else f"{options.minimum_s} s is the least given"
    reason = f"{named} took {basis.value / 1000:.1f} s, {rule}"
    seconds = max(seconds, options.minimum_s)
    return min(max(seconds, math.floor(longest.value / 1000) + 1), MOST_S), reason


def _slowdown(function: Function, evidence: Evidence) -> float:
    """How many times longer a CPU-bound run takes at the memory that this plan gives it, at the worst.

    The runs that were seen may have had more memory than the function has now.
    """
    most = max([function.memory_mb, *(size.memory_mb for size in evidence.at_memory)])
    return worst_slowdown(most, function.after("memory_mb", function.memory_mb))


RULE = Rule(
    id="timeout",
    title="A timeout near the longest run",
    why="A hanging dependency is billed until the timeout; a short one also frees concurrency sooner.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
    options=TimeoutOptions,
    judge=judge,
    writes=always("function-configuration"),
    evidence=("duration_max", "duration_p99", "timeouts", "triggers", "at_memory"),
    surprise="A timeout changes nothing on the bill until something hangs. API Gateway and other callers give up "
    "sooner, and the run goes on and is paid for.",
    order=20,
)

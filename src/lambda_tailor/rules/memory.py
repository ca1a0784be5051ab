"""Memory: to a fixed target or to what was used, never under what was used."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.evidence.percentiles import TooFew, enough
from lambda_tailor.model.evidence import Absent, AtMemory, Evidence, Measured, Quote, Recommendation
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "memory_mb"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MOST_MB = 10_240
_QUOTED = ("memory_used", "duration_avg", "invocations")


class MemoryOptions(Options):
    """Memory in MB; Lambda takes 128 to 10240 in steps of 1."""

    target_mb: int | None = Field(default=None, ge=128, le=MOST_MB, description="The size wanted, in MB.")
    from_evidence: bool = Field(default=False, description="Without a target: fit it to what was used.")
    headroom_percent: float = Field(default=30, ge=0, le=400, description="Room above the most that was used.")
    minimum_mb: int = Field(default=128, ge=128, le=MOST_MB, description="No proposal is under this.")
    round_to_mb: int = Field(default=64, ge=1, le=1024, description="Proposals are rounded up to this.")
    full_percent: float = Field(default=90, gt=0, le=100, description="Above this share in use, more is proposed.")
    min_change_percent: float = Field(default=10, ge=0, le=90, description="Smaller savings of memory are left be.")
    min_samples: int = Field(default=50, ge=1, description="Invocations measured before a size is derived.")
    max_slowdown_percent: float = Field(
        default=25, ge=0, description="How much slower a size that was measured may be than the present one."
    )


def judge(function: Function, evidence: Evidence, options: MemoryOptions) -> Sequence[Verdict]:
    """Propose the target, or what the evidence fits; block a target under what was used."""
    if options.target_mb is not None:
        return (_to_target(function, evidence, options.target_mb),)
    return (_fitted(function, evidence, options),) if options.from_evidence else ()


def _step(function: Function, to_mb: int) -> tuple[Transition, ...]:
    return (Transition(Key("function-configuration", function.name), SETTING, function.memory_mb, to_mb),)


def _to_target(function: Function, evidence: Evidence, target: int) -> Verdict:
    current, used = function.memory_mb, evidence.memory_used
    quotes = (*evidence.quote("memory_used"), *evidence.quote_sizes())
    if current == target:
        return Kept(SETTING, current, f"it has {target} MB", quotes)
    step = _step(function, target)
    if isinstance(used, Measured) and used.value > target:
        because = f"{used.value:.0f} MB were in use in the last {used.window_days:.0f} days ({used.source})"
        return Blocked(SETTING, current, target, because, step, quotes)
    known = isinstance(used, Measured)
    reason = f"at most {used.value:.0f} MB were in use" if isinstance(used, Measured) else "the policy's target"
    risk = Risk.LOW if known or target > current else Risk.MEDIUM
    return Proposed(SETTING, current, target, reason, step, risk, quotes)


def _fitted(function: Function, evidence: Evidence, options: MemoryOptions) -> Verdict:
    current, used = function.memory_mb, evidence.memory_used
    quotes = (*evidence.quote(*_QUOTED), *evidence.quote_sizes())
    if isinstance(used, Absent):
        return _as_recommended(function, evidence, options, used)
    share = 100 * used.value / current
    floor = _with_headroom(used, options)
    # Running out of memory is no matter of statistics: one such run is enough.
    if share > options.full_percent and floor > current:
        reason = f"{used.value:.0f} of {current} MB were in use ({share:.0f} %): it may run out of memory"
        return Proposed(SETTING, current, floor, reason, _step(function, floor), Risk.LOW, quotes)
    few = enough(used.samples, options.min_samples, "invocations")
    if isinstance(few, TooFew):
        return Kept(SETTING, current, f"its size is not derived: {few.because}", quotes)
    sizes = [size for size in evidence.at_memory if size.invocations >= options.min_samples]
    if len({size.memory_mb for size in sizes}) > 1:
        return _as_measured(function, floor, sizes, options, quotes)
    if floor > current * (1 - options.min_change_percent / 100):
        return Kept(SETTING, current, f"{used.value:.0f} MB were in use, and {floor} MB would fit", quotes)
    reason = (
        f"at most {used.value:.0f} MB were in use, {options.headroom_percent:g} % of headroom on top; "
        "its need of CPU cannot be told, so the saving is a range"
    )
    return Proposed(SETTING, current, floor, reason, _step(function, floor), Risk.MEDIUM, quotes)


def _with_headroom(used: Measured, options: MemoryOptions) -> int:
    wanted = max(math.ceil(used.value * (1 + options.headroom_percent / 100)), options.minimum_mb)
    rounded = math.ceil(wanted / options.round_to_mb) * options.round_to_mb
    # What was used is never undercut, where even the largest size leaves no headroom.
    return max(min(rounded, MOST_MB), math.ceil(used.value))


def _as_measured(
    function: Function, floor: int, sizes: Sequence[AtMemory], options: MemoryOptions, quotes: tuple[Quote, ...]
) -> Verdict:
    """The cheapest of the sizes at which it ran and that has room, unless that one is too slow."""
    current = function.memory_mb
    shown = ", ".join(f"{s.duration_ms:.0f} ms at {s.memory_mb} MB" for s in sorted(sizes, key=lambda s: s.memory_mb))
    now = next((size for size in sizes if size.memory_mb == current), None)
    slowest = now.duration_ms * (1 + options.max_slowdown_percent / 100) if now else math.inf
    fitting = [size for size in sizes if size.memory_mb >= floor and size.duration_ms <= slowest]
    if not fitting:
        return Kept(SETTING, current, f"no size that was measured is cheaper and fast enough: {shown}", quotes)
    best = min(fitting, key=lambda size: (size.memory_mb * size.billed_ms, size.memory_mb))
    if best.memory_mb == current:
        return Kept(SETTING, current, f"the cheapest size that was measured: {shown}", quotes)
    reason = f"the cheapest size that was measured: {shown}"
    return Proposed(SETTING, current, best.memory_mb, reason, _step(function, best.memory_mb), Risk.LOW, quotes)


def _as_recommended(function: Function, evidence: Evidence, options: MemoryOptions, unknown: Absent) -> Verdict:
    current, advice = function.memory_mb, evidence.recommendation
    if not isinstance(advice, Recommendation):
        return Kept(SETTING, current, f"its memory use is not known: {unknown.because}")
    wanted = max(advice.memory_mb, options.minimum_mb)
    if wanted == current:
        return Kept(SETTING, current, f"as {advice.source} recommends ({advice.finding})")
    reason = f"{advice.source} recommends it ({advice.finding}); its memory use was not measured here"
    return Proposed(SETTING, current, wanted, reason, _step(function, wanted), Risk.MEDIUM, evidence.quote(*_QUOTED))


RULE = Rule(
    id="memory",
    title="Memory that fits",
    why="Memory is what compute is billed by; CPU grows with it, to one vCPU at 1769 MB.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html",
    options=MemoryOptions,
    judge=judge,
    writes=always("function-configuration"),
    evidence=("memory_used", "duration_avg", "invocations", "at_memory", "recommendation"),
    order=10,
)

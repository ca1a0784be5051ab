"""Memory: to a fixed target, or by what is known of the need of CPU; never under what was used."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.evidence.limits import DURATION_ALARMS, ITERATOR_AGE, has_stream, hindrances
from lambda_tailor.evidence.memory_curve import (
    GRAIN_MB,
    ONE_VCPU_MB,
    Curve,
    Factor,
    Size,
    fit,
    ladder,
    slowdown,
    worst_slowdown,
)
from lambda_tailor.evidence.percentiles import TooFew, enough
from lambda_tailor.model.evidence import Absent, Evidence, Measured, Quote, Recommendation, Tuned
from lambda_tailor.model.function import Function, Lookup
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "memory_mb"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MOST_MB = 10_240
# How CloudWatch's answer begins where it knows of no invocation: then there is no size to judge.
_NO_RUNS = "CloudWatch has no Invocations"
# Records are a sample: CloudWatch may count many more invocations.
_READ = "were read"
# From 3008 MB to one vCPU a run of many threads takes up to so many times as long.
_GENTLE = 2.0
# A saving below this share is within the error of a curve.
_WITHIN_ERROR = 0.05
_QUOTED = ("memory_used", "duration_avg", "duration_max", "invocations")


class MemoryOptions(Options):
    """Memory in MB; Lambda takes 128 to 10240 in steps of 1."""

    target_mb: int | None = Field(default=None, ge=128, le=MOST_MB, description="The size wanted, in MB.")
    from_evidence: bool = Field(default=False, description="Without a target: fit it to what was used.")
    headroom_percent: float = Field(default=30, ge=0, le=400, description="Room above the most that was used.")
    minimum_mb: int = Field(default=128, ge=128, le=MOST_MB, description="No proposal is under this.")
    round_to_mb: int = Field(default=64, ge=1, le=1024, description="Proposals are rounded up to this.")
    full_percent: float = Field(default=90, gt=0, le=100, description="Above this share in use, more is proposed.")
    min_change_percent: float = Field(default=10, ge=0, le=90, description="Smaller savings of memory are left be.")
    min_samples: int = Field(default=50, ge=1, description="REPORT records read before a size is derived.")
    max_slowdown_percent: float = Field(
        default=25, ge=0, description="How much slower than now a size may be that two measured sizes speak for."
    )

    def derives(self) -> bool:
        """A target is stated; all else follows from evidence."""
        return self.target_mb is None and self.from_evidence


def judge(function: Function, evidence: Evidence, options: MemoryOptions) -> Sequence[Verdict]:
    """Propose the target, or what the evidence fits; block a target under what was used."""
    if options.target_mb is not None:
        return (_to_target(function, evidence, options.target_mb),)
    return (_fitted(function, evidence, options),) if options.from_evidence else ()


def more_lookups(function: Function, evidence: Evidence, options: MemoryOptions) -> Iterable[Lookup]:
    """The alarms on its duration and how far it is behind its streams, where a derived size may make it slower."""
    if not options.derives() or not isinstance(evidence.memory_used, Measured):
        return ()
    if _with_headroom(evidence.memory_used, options) >= function.memory_mb:
        return ()
    behind = [Lookup(ITERATOR_AGE, function.name)] if has_stream(evidence) else []
    return (Lookup(DURATION_ALARMS, function.name), *behind)


def _step(function: Function, to_mb: int) -> tuple[Transition, ...]:
    return (Transition(Key("function-configuration", function.name), SETTING, function.memory_mb, to_mb),)


def _to_target(function: Function, evidence: Evidence, target: int) -> Verdict:
    current, used = function.memory_mb, evidence.memory_used
    quotes = (*evidence.quote("memory_used"), *evidence.quote_sizes())
    if current == target:
        return Kept(SETTING, current, f"it has {target} MB", quotes)
    step = _step(function, target)
    if isinstance(used, Measured) and used.value > target:
        window = f"{used.window_days:.0f} days" if used.window_days >= 2 else "day"
        because = f"{used.value:.0f} MB were in use in the last {window} ({used.source})"
        return Blocked(SETTING, current, target, because, step, quotes, "memory-in-use")
    known = isinstance(used, Measured)
    reason = f"at most {used.value:.0f} MB were in use" if isinstance(used, Measured) else "the policy's target"
    risk = Risk.LOW if known or target > current else Risk.MEDIUM
    objections = hindrances(function, evidence, target)
    if objections:
        reason, risk = f"{reason}; but {objections[0]}", Risk.HIGH
    return Proposed(SETTING, current, target, reason, step, risk, quotes)


def _fitted(function: Function, evidence: Evidence, options: MemoryOptions) -> Verdict:
    current, used = function.memory_mb, evidence.memory_used
    quotes = (*evidence.quote(*_QUOTED), *evidence.quote_sizes())
    if function.managed_instances:
        because = "on managed instances it decides how many environments an instance holds, and no GB-second is billed"
        return Kept(SETTING, current, because, quotes)
    if isinstance(evidence.tuned, Tuned):
        return _as_tuned(function, evidence, evidence.tuned, options, quotes)
    if isinstance(used, Absent):
        return _as_recommended(function, evidence, options, used)
    share = 100 * used.value / current
    floor = _with_headroom(used, options)
    # Running out of memory is no matter of statistics: one such run is enough.
    if share > options.full_percent and floor > current:
        reason = f"{used.value:.0f} of {current} MB were in use ({share:.0f} %): it may run out of memory"
        return _proposed(function, floor, reason, Risk.LOW, quotes)
    few = enough(used.samples, options.min_samples, "REPORT records", _READ)
    if isinstance(few, TooFew):
        return Kept(SETTING, current, f"its size is not judged: {few.because}", quotes)
    if floor > current * (1 - options.min_change_percent / 100):
        return Kept(SETTING, current, f"{used.value:.0f} MB were in use, and {floor} MB would fit", quotes)
    sizes = [Size(s.memory_mb, s.duration_ms, s.invocations) for s in evidence.at_memory if s.duration_ms > 0]
    curve = fit(size for size in sizes if size.runs >= options.min_samples)
    if isinstance(curve, Curve):
        return _by_curve(function, evidence, floor, curve, options, quotes)
    here = sum(size.runs for size in sizes if size.memory_mb == current)
    of = f"REPORT records at {current} MB"
    if sizes and isinstance(few := enough(here, options.min_samples, of, _READ), TooFew):
        return Kept(SETTING, current, f"no next step before this one is measured: {few.because}", quotes)
    return _by_rung(function, evidence, floor, options, quotes)


def _proposed(
    function: Function, to_mb: int, reason: str, risk: Risk, quotes: tuple[Quote, ...], factor: Factor | None = None
) -> Proposed:
    factor = factor or slowdown(function.memory_mb, to_mb)
    return Proposed(
        SETTING, function.memory_mb, to_mb, reason, _step(function, to_mb), risk, quotes,
        slowdown=(factor.low, factor.high), checked=_checked(function.memory_mb, to_mb),
    )  # fmt: skip


def _checked(from_mb: int, to_mb: int) -> tuple[str, ...]:
    worst = worst_slowdown(from_mb, to_mb)
    return (f"bound by CPU, a run takes up to {worst:.2g} times as long",) if worst > 1 else ()


def _with_headroom(used: Measured, options: MemoryOptions) -> int:
    wanted = max(math.ceil(used.value * (1 + options.headroom_percent / 100)), options.minimum_mb)
    rounded = math.ceil(wanted / options.round_to_mb) * options.round_to_mb
    # What was used is never undercut, where even the largest size leaves no headroom.
    return max(min(rounded, MOST_MB), math.ceil(used.value))


def _by_rung(
    function: Function, evidence: Evidence, floor: int, options: MemoryOptions, quotes: tuple[Quote, ...]
) -> Verdict:
    """One step of unknown need of CPU: to one vCPU, or towards the half as far as the worst case allows."""
    current = function.memory_mb
    # A step of a few percent to exactly one vCPU is none: what is near it has one vCPU.
    start = min(current, ONE_VCPU_MB) if current * (1 - options.min_change_percent / 100) < ONE_VCPU_MB else current
    rungs = ladder(start, floor)
    least = current * (1 - options.min_change_percent / 100)
    sizes = [size for size in _between(rungs[0], start) if size <= least] if rungs else []
    hindered = hindrances(function, evidence, rungs[0]) if rungs else []
    allowed = [size for size in sizes if not hindrances(function, evidence, size)]
    if not allowed:
        because = hindered[0] if hindered else f"{floor} MB would fit"
        return Kept(SETTING, current, because, quotes)
    wanted = allowed[0]
    more = [f"{rung}" for rung in ladder(wanted, floor)]
    shown = f", then by what is measured there (as far as {more[-1]})" if more else ""
    used = evidence.memory_used
    most = f"at most {used.value:.0f} MB were in use; " if isinstance(used, Measured) else ""
    stopped = f"; not further, since {hindered[0]}" if wanted != rungs[0] else ""
    reason = f"{most}its need of CPU is not known, so one step: {current} -> {wanted} now{shown}{stopped}"
    # Of several vCPUs at once so many may go that threads would feel it far more than a halving.
    gentle = wanted >= ONE_VCPU_MB and worst_slowdown(current, wanted) <= _GENTLE
    return _proposed(function, wanted, reason, Risk.LOW if gentle else Risk.MEDIUM, quotes)


def _between(least_mb: int, most_mb: int) -> list[int]:
    """Sizes from the least to below the most, smallest first."""
    first = math.ceil((least_mb + 1) / GRAIN_MB) * GRAIN_MB
    return [least_mb, *range(first, most_mb, GRAIN_MB)] if least_mb < most_mb else []


def _by_curve(
    function: Function,
    evidence: Evidence,
    floor: int,
    curve: Curve,
    options: MemoryOptions,
    quotes: tuple[Quote, ...],
) -> Verdict:
    """The cheapest size that the curve of the measured ones speaks for, unless that one is too slow."""
    current = function.memory_mb
    measured = sorted({s.memory_mb: s for s in evidence.at_memory}.values(), key=lambda size: size.memory_mb)
    shown = ", ".join(f"{s.duration_ms:.0f} ms at {s.memory_mb} MB" for s in measured)
    now = curve.duration_ms(current)
    slowest = now * (1 + options.max_slowdown_percent / 100)
    candidates = {current, ONE_VCPU_MB, *(s.memory_mb for s in measured), *range(GRAIN_MB * 2, MOST_MB + 1, GRAIN_MB)}
    fitting = [
        size
        for size in sorted(candidates)
        if size >= floor and isinstance(curve.range_ms(size), Factor) and curve.duration_ms(size) <= slowest
        and not (size < current and hindrances(function, evidence, size, curve))
    ]  # fmt: skip
    best = min(fitting, key=lambda size: (size * curve.duration_ms(size), size), default=current)
    saving = 1 - best * curve.duration_ms(best) / (current * now)
    if best == current or saving < _WITHIN_ERROR:
        return Kept(SETTING, current, f"no size is cheaper and fast enough by what was measured: {shown}", quotes)
    reason = f"{shown}: by that about {curve.duration_ms(best):.0f} ms at {best} MB, the cheapest that is fast enough"
    told = curve.range_ms(best)
    assert isinstance(told, Factor)
    factor = told.times(1 / now)
    risk = Risk.LOW if best >= curve.least_mb else Risk.MEDIUM
    return _proposed(function, best, reason, risk, quotes, factor)


def _as_tuned(
    function: Function, evidence: Evidence, tuned: Tuned, options: MemoryOptions, quotes: tuple[Quote, ...]
) -> Verdict:
    """What tuning chose goes before every guess, but not under what was in use."""
    current, used = function.memory_mb, evidence.memory_used
    wanted = max(tuned.memory_mb, options.minimum_mb)
    if isinstance(used, Measured):
        wanted = max(wanted, math.ceil(used.value))
    if wanted == current:
        return Kept(SETTING, current, f"as tuned for {tuned.objective} ({tuned.source})", quotes)
    reason = f"tuned for {tuned.objective} ({tuned.source})"
    if not tuned.settled:
        reason += ", with too few runs to be sure"
    factor = Factor(*tuned.slowdown) if tuned.from_mb == current and wanted == tuned.memory_mb else None
    return _proposed(function, wanted, reason, Risk.LOW if tuned.settled else Risk.MEDIUM, quotes, factor)


def _as_recommended(function: Function, evidence: Evidence, options: MemoryOptions, unknown: Absent) -> Verdict:
    """Compute Optimizer's advice, where memory use was not measured; as far as one step and the worst case allow."""
    current, advice = function.memory_mb, evidence.recommendation
    if not isinstance(advice, Recommendation):
        runs = evidence.invocations
        if isinstance(runs, Absent) and runs.because.startswith(_NO_RUNS):
            return Kept(SETTING, current, f"nobody invoked it: {runs.because}")
        return Kept(SETTING, current, f"its size is not judged, since its memory use is not known: {unknown.because}")
    wanted = max(advice.memory_mb, options.minimum_mb)
    if wanted == current:
        return Kept(SETTING, current, f"as {advice.source} recommends ({advice.finding})")
    reason = f"{advice.source} recommends {wanted} MB ({advice.finding}); its memory use was not measured here"
    quotes = evidence.quote(*_QUOTED)
    if wanted < current:
        step = ladder(current, wanted)[0]
        if hindered := hindrances(function, evidence, step):
            return Kept(SETTING, current, hindered[0], quotes)
        if step != wanted:
            reason += f"; one step: {current} -> {step} now, then by what is measured there"
        wanted = step
    return _proposed(function, wanted, reason, Risk.MEDIUM, quotes)


RULE = Rule(
    id="memory",
    title="Memory that fits",
    why="Memory is what compute is billed by; CPU grows with it, to one vCPU at 1769 MB.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html",
    options=MemoryOptions,
    judge=judge,
    writes=always("function-configuration"),
    more_lookups=more_lookups,
    evidence=(
        "memory_used", "duration_avg", "duration_max", "invocations", "throttles", "concurrency_max", "timeouts",
        "triggers", "at_memory", "recommendation", "tuned",
    ),
    surprise="CPU grows with memory and stops helping a single thread at 1769 MB, one vCPU; below it a short run is a "
    "staircase of 20 ms. Some accounts are held to 3008 MB.",
    order=10,
)  # fmt: skip

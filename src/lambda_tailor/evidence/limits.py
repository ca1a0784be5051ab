"""What a slower run would break: timeout, callers, queues, alarms, streams, concurrency. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lambda_tailor.evidence.memory_curve import Curve, NoCurve, share_of_cpu, worst_slowdown
from lambda_tailor.model.evidence import Evidence, Measured, Trigger
from lambda_tailor.model.function import Found, Function

DURATION_ALARMS, ITERATOR_AGE = "duration-alarms", "iterator-age"
# A run that takes this share of the timeout is as good as ended by it.
_AT_THE_TIMEOUT = 0.98
# A stream's consumer that was so far behind has no time to lose, in ms.
_BEHIND_MS = 60_000
# Of more of its invocations than this a function is throttled as a rule, and not by an accident.
_THROTTLED = 0.0001


def hindrances(function: Function, evidence: Evidence, to_mb: int, curve: Curve | None = None) -> list[str]:
    """Why a size with less CPU must not be taken: each thing that the longest run would break, bound by CPU."""
    worst = worst_slowdown(function.memory_mb, to_mb)
    if curve is not None and not isinstance(told := curve.range_ms(to_mb), NoCurve):
        worst = min(worst, max(told.high / curve.duration_ms(function.memory_mb), 1.0))
    longest = evidence.duration_max
    if worst <= 1 or not isinstance(longest, Measured):
        return []
    found: list[str] = []
    if _ends_at_timeout(function, evidence, longest):
        found.append("runs end at its timeout: less CPU would end more of them")
    found += _waited_for(function, evidence)
    found += _crowded(function, evidence, worst)
    share = share_of_cpu(function.memory_mb, to_mb)
    took = f"bound by CPU the longest run of {_seconds(longest.value)} would take {_seconds(longest.value * worst)}"
    bound = f"at {to_mb} MB" if share > 1 else f"at {to_mb} MB, with threads"
    for limit in _limits(function, evidence):
        if longest.value <= limit.ms < longest.value * worst:
            found.append(f"{took} {bound}, and {limit.because}")
    return found


@dataclass(frozen=True, slots=True)
class _Limit:
    """What a run has to stay under, in ms."""

    ms: float
    because: str


def _limits(function: Function, evidence: Evidence) -> Iterable[_Limit]:
    timeout = max(function.timeout_s, function.after("timeout_s", function.timeout_s))
    yield _Limit(timeout * 1000.0, f"its timeout is {timeout} s")
    for trigger in evidence.triggers if isinstance(evidence.triggers, tuple) else ():
        yield from _limits_of(trigger)
    alarms = function.resource(DURATION_ALARMS, function.name)
    if isinstance(alarms, Found):
        # The lookup gives a mapping of names to milliseconds, which a state's type does not say.
        for name, threshold in sorted((alarms.state.get("thresholds_ms") or {}).items()):  # type: ignore[union-attr]
            yield _Limit(float(threshold), f"the alarm {name} is set at {threshold / 1000:g} s")


def _limits_of(trigger: Trigger) -> Iterable[_Limit]:
    if trigger.limit_s is not None:
        yield _Limit(trigger.limit_s * 1000, f"{trigger.resource} gives up after {trigger.limit_s:g} s")
    if trigger.visibility_timeout_s:
        seconds = trigger.visibility_timeout_s
        yield _Limit(seconds * 1000.0, f"{trigger.resource} shows a message again after {seconds} s")


def _ends_at_timeout(function: Function, evidence: Evidence, longest: Measured) -> bool:
    ended = evidence.timeouts
    by_log = isinstance(ended, Measured) and ended.value > 0
    return by_log or longest.value >= function.timeout_s * 1000 * _AT_THE_TIMEOUT


def has_stream(evidence: Evidence) -> bool:
    """Whether a stream waits for it."""
    triggers = evidence.triggers
    return isinstance(triggers, tuple) and any(trigger.kind == "stream" for trigger in triggers)


def _waited_for(function: Function, evidence: Evidence) -> Iterable[str]:
    """A stream that it throttles, or that it is behind."""
    throttles = evidence.throttles
    if has_stream(evidence) and isinstance(throttles, Measured) and throttles.value > 0:
        yield "it throttles behind a stream, which waits for it: less CPU makes that longer"
    found = function.resource(ITERATOR_AGE, function.name)
    behind = found.state.get("most_ms") if isinstance(found, Found) else None
    if isinstance(behind, int | float) and behind > _BEHIND_MS:
        yield f"it was up to {_seconds(behind)} behind its stream: less CPU would put it further behind"


def _crowded(function: Function, evidence: Evidence, worst: float) -> Iterable[str]:
    """Slower runs are more of them at once."""
    throttles, invocations, at_once = evidence.throttles, evidence.invocations, evidence.concurrency_max
    most = _THROTTLED * invocations.value if isinstance(invocations, Measured) else 0.0
    if isinstance(throttles, Measured) and throttles.value > most and not has_stream(evidence):
        yield f"it was throttled {throttles.value:,.0f} times, and slower runs need more concurrency"
    reserved = function.reserved_concurrency
    if reserved and isinstance(at_once, Measured) and at_once.value <= reserved < at_once.value * worst:
        many = f"{at_once.value:,.0f} ran at once, bound by CPU it would be {at_once.value * worst:,.0f}"
        yield f"{many}, and {reserved:,} are reserved"


def _seconds(ms: float) -> str:
    seconds = ms / 1000
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.3g} s"

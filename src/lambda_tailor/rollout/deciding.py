"""What follows from a look: stay, take the next step, promote, or go back. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lambda_tailor.model.rollout import Decision
from lambda_tailor.rollout.judge import Answer, Judgement, Limits
from lambda_tailor.rollout.state import State, Totals

# So much of its memory in use is as good as a kill.
FULL = 0.95
# Fewer invocations of the new version do not lead to a larger share of the traffic.
LEAST_FOR_NEXT = 20
# Fewer on either side of a week say nothing.
LEAST_TO_WATCH = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision and its reason."""

    decision: Decision
    because: str


def limits_of(state: State) -> Limits:
    """What is allowed, as the judge takes it."""
    return Limits(state.options.allowed_slowdown, state.options.allowed_errors)


def broken(state: State, alarms: Sequence[str]) -> str | None:
    """What stops a rollout without any statistics, or None."""
    old, new = state.seen
    for kind, before, since in (
        ("timeout", old.timeouts, new.timeouts),
        ("out-of-memory", old.out_of_memory, new.out_of_memory),
    ):
        if since and not before and kind not in state.known_kinds:
            what = "timed out" if kind == "timeout" else "ran out of memory"
            return f"{since} of its invocations {what}, which the old version's never did"
    if new.fullest >= FULL:
        return f"an invocation used {100 * new.fullest:.0f} % of its memory"
    rung = [name for name in alarms if name not in state.old_alarms]
    return f"the alarm {rung[0]} went off" if rung else None


def decide(state: State, judgement: Judgement, alarms: Sequence[str], now: float) -> Decided:
    """The decision at a look on the alias track."""
    stopped = broken(state, alarms)
    if stopped is not None:
        return Decided("rollback", stopped)
    if judgement.answer is Answer.WORSE:
        return Decided("rollback", judgement.because)
    last = state.step >= state.partial_steps - 1
    if state.proven or judgement.answer is Answer.BETTER_OR_EQUAL:
        because = "duration and errors are within what is allowed"
        return Decided("promote" if last else "next-step", because)
    in_time = now < state.begun + 60 * state.options.minutes
    if in_time and (last or now < state.step_begun + state.step_s):
        return Decided("stay", f"so far not worse; {judgement.because}")
    if in_time:
        lacking = _not_yet(state, judgement)
        return Decided("stay", lacking) if lacking else Decided("next-step", "so far not worse, and its time is over")
    return inconclusive(state, judgement.because)


def inconclusive(state: State, because: str) -> Decided:
    """What is done at the end of the time without an answer."""
    if state.options.on_inconclusive == "promote":
        return Decided("promote", f"at the end of the time {because}: promoted, as asked for")
    return Decided("inconclusive", f"at the end of the time {because}")


def _not_yet(state: State, judgement: Judgement) -> str | None:
    """Why the next step is not taken although it is time, or None."""
    runs = state.totals[1].invocations
    if runs < LEAST_FOR_NEXT:
        return f"only {runs} invocations of the new version, {LEAST_FOR_NEXT} are needed for a larger share"
    if judgement.slowdown.estimate > state.options.allowed_slowdown:
        return f"so far it seems {100 * judgement.slowdown.estimate:.0f} % slower: no larger share yet"
    old, new = judgement.error_rates
    if new - old > state.options.allowed_errors:
        return f"so far {100 * new:.1f} % of it fail instead of {100 * old:.1f} %: no larger share yet"
    return None


@dataclass(frozen=True, slots=True)
class Week:
    """What CloudWatch has of one span of time: counts, and the durations' percentiles in ms."""

    totals: Totals
    p50_ms: float | None = None
    p95_ms: float | None = None


def watched(state: State, before: Week, since: Week, alarms: Sequence[str], now: float) -> Decided:
    """The decision at a look on the watch track: plainly, against the same hours of the week before."""
    stopped = broken(state, alarms)
    if stopped is not None:
        return Decided("rollback", stopped)
    enough = min(before.totals.invocations, since.totals.invocations) >= LEAST_TO_WATCH
    got_worse = _worse(state, before, since) if enough else None
    if got_worse is not None:
        return Decided("rollback", got_worse)
    if now < state.begun + 60 * state.options.minutes:
        return Decided("stay", "not worse than a week ago" if enough else _few(before, since))
    if not enough:
        return inconclusive(state, _few(before, since))
    return Decided("promote", "not worse than in the same hours a week ago")


def _few(before: Week, since: Week) -> str:
    return (
        f"{since.totals.invocations} invocations since and {before.totals.invocations} a week before are too few: "
        f"{LEAST_TO_WATCH} of each are needed"
    )


def _worse(state: State, before: Week, since: Week) -> str | None:
    had, has = rate(before.totals), rate(since.totals)
    # One failure more is none too many, whatever share of few invocations it is.
    more = since.totals.errors - had * since.totals.invocations
    if has > had + state.options.allowed_errors and more > 1 + 2 * math.sqrt(had * since.totals.invocations):
        return f"errors went from {100 * had:.1f} % a week ago to {100 * has:.1f} %"
    allowed = 1 + state.options.allowed_slowdown
    if before.p50_ms and since.p50_ms and since.p50_ms > before.p50_ms * allowed:
        return f"the median duration went from {before.p50_ms:,.0f} ms a week ago to {since.p50_ms:,.0f} ms"
    return None


def rate(totals: Totals) -> float:
    """Errors an invocation."""
    return min(1.0, totals.errors / totals.invocations) if totals.invocations else 0.0

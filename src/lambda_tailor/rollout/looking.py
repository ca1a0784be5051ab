"""One look: what both sides did since the last one, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.model.rollout import Look, LookSide
from lambda_tailor.rollout import reading
from lambda_tailor.rollout.batches import Batch, Logs, Side
from lambda_tailor.rollout.deciding import Decided, Week, decide, limits_of, watched
from lambda_tailor.rollout.judge import Answer, Judgement
from lambda_tailor.rollout.reading import Records
from lambda_tailor.rollout.state import Seen, State, Totals, look_every_s, side_of

_NO_RECORDS = Records(Seen(), Logs(), Logs())
# Log events take some seconds until they are found: the last part of the time is left for the next look.
_LATE_S = 15.0
_LATE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Looked:
    """The rollout after a look, the look as it is shown, and the decision."""

    state: State
    look: Look
    decided: Decided


def look(gateway: Gateway, state: State, now: float) -> Looked:
    """Read both sides and decide.

    Raises what Gateway.call raises: what cannot be read is not decided about.
    """
    return _watch(gateway, state, now) if state.track == "watch" else _side_by_side(gateway, state, now)


def _side_by_side(gateway: Gateway, state: State, now: float) -> Looked:
    totals = reading.counted(gateway, state, now)
    since = (totals[0] - state.baseline[0], totals[1] - state.baseline[1])
    alarms = reading.alarms_on(gateway, state.name)
    found, until = _records(gateway, state, now)
    old = found.get(str(state.old_version), _NO_RECORDS)
    new = found.get(str(state.new_version), _NO_RECORDS)
    batch = Batch(_side(since[0] - state.totals[0], old), _side(since[1] - state.totals[1], new))
    state = replace(
        state,
        totals=since,
        looked=until,
        seen=(state.seen[0].plus(old.seen), state.seen[1].plus(new.seen)),
        comparison=state.comparison.plus(batch),
    )
    over = now >= state.begun + 60 * state.options.minutes
    judgement = state.comparison.judged(limits_of(state), last=over)
    decided = decide(state, judgement, alarms, now)
    state = replace(state, proven=state.proven or judgement.answer is Answer.BETTER_OR_EQUAL)
    shown = state.sides()
    sides = _lately(shown[0], old), _lately(shown[1], new)
    return Looked(state, _shown(state, *sides, decided, now, judgement), decided)


def _watch(gateway: Gateway, state: State, now: float) -> Looked:
    before, since = reading.weeks(gateway, state, now)
    alarms = reading.alarms_on(gateway, state.name)
    found, until = _records(gateway, state, now)
    new = found.get(state.new_version or "$LATEST", _NO_RECORDS)
    seen = (state.seen[0], state.seen[1].plus(new.seen))
    state = replace(state, totals=(before.totals, since.totals), looked=until, seen=seen)
    decided = watched(state, before, since, alarms, now)
    return Looked(state, _shown(state, _week(before), _lately(_week(since), new), decided, now, None), decided)


def _lately(side: LookSide, records: Records) -> LookSide:
    """With the slowest hundredth of the runs since the look before."""
    return replace(side, lately_p99_ms=records.seen.percentile(99))


def _records(gateway: Gateway, state: State, now: float) -> tuple[Mapping[str, Records], float]:
    """The records since the last look, and up to when."""
    until = max(state.looked, now - min(_LATE_S, _LATE_SHARE * look_every_s(state.options.minutes)))
    return (reading.records(gateway, state, state.looked, until) if until > state.looked else {}), until


def _side(totals: Totals, records: Records) -> Side:
    return Side(
        invocations=totals.invocations,
        errors=min(totals.errors, totals.invocations),
        timeouts=records.seen.timeouts,
        out_of_memory=records.seen.out_of_memory,
        throttles=totals.throttles,
        warm=records.warm,
        init=records.init,
    )


def _week(week: Week) -> LookSide:
    return replace(side_of(week.totals, Seen()), p50_ms=week.p50_ms, p95_ms=week.p95_ms)


def _shown(
    state: State, old: LookSide, new: LookSide, decided: Decided, now: float, judgement: Judgement | None
) -> Look:
    slowdown = None
    if judgement is not None and judgement.slowdown.high < 1e6:
        interval = judgement.slowdown
        slowdown = (round(interval.estimate, 4), round(interval.low, 4), round(interval.high, 4))
    return Look(
        at=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        share=state.share,
        old=old,
        new=new,
        decision=decided.decision,
        because=decided.because,
        slowdown=slowdown,
    )

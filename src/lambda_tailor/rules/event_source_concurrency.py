"""Event source concurrency: a queue's own limit, where a reservation would throttle its messages away."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Absent, EventSource, Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "max_concurrency"
LEAST, MOST = 2, 1000


class EventSourceConcurrencyOptions(Options):
    """The most executions at once that a queue may take."""

    target: int | None = Field(
        default=None, ge=LEAST, le=MOST, description="The limit of each queue; without one it follows the reservation."
    )


def judge(function: Function, evidence: Evidence, options: EventSourceConcurrencyOptions) -> Sequence[Verdict]:
    """Limit the queues to what is reserved, shared evenly; nothing where nothing is reserved and none is stated."""
    if isinstance(evidence.event_sources, Absent):
        return (Kept(SETTING, None, f"its event sources are not known: {evidence.event_sources.because}"),)
    queues = [source for source in evidence.queues if source.source.split(":")[2:3] == ["sqs"]]
    reserved = function.reserved_concurrency
    if not queues:
        return ()
    if options.target is None and not reserved:
        return [Kept(f"{SETTING}.{each.name}", each.max_concurrency, "nothing is reserved") for each in queues]
    wanted = options.target or min((reserved or 0) // len(queues), MOST)
    return [_judge_one(function, source, wanted, stated=options.target is not None) for source in queues]


def _judge_one(function: Function, source: EventSource, wanted: int, *, stated: bool) -> Verdict:
    setting, current = f"{SETTING}.{source.name}", source.max_concurrency
    if current == wanted or (current is not None and current < wanted and not stated):
        return Kept(setting, current, f"{source.name} takes {current} executions at once, at most")
    if source.provisioned:
        because = "its pollers are provisioned, and AWS takes no MaximumConcurrency beside them"
        return Blocked(setting, current, wanted, because)
    if wanted < LEAST:
        because = (
            f"{function.reserved_concurrency} reserved executions are too few: MaximumConcurrency is {LEAST} or more"
        )
        return Blocked(setting, current, wanted, because)
    step = Transition(Key("event-source", source.uuid), SETTING, current, wanted)
    reason = f"Lambda polls {source.name} no faster than the function may run, so that no message is throttled away"
    if function.reserved_concurrency and not stated:
        reason += f"; {function.reserved_concurrency} are reserved, which only this queue's limit makes safe"
    # Messages wait longer in the queue; none is lost.
    return Proposed(setting, current, wanted, reason, (step,), Risk.LOW, evidence=())


RULE = Rule(
    id="event-source-concurrency",
    title="A queue's own limit instead of a reservation",
    why="A throttled message is received again and again, and ends in the dead-letter queue without having failed.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
    options=EventSourceConcurrencyOptions,
    judge=judge,
    writes=always("event-source"),
    evidence=("event_sources",),
    surprise="Pollers do not look at a reservation: they receive up to a thousand messages at once and more, and what "
    "Lambda throttles has used up one of its receives. The least limit is two, and provisioned pollers exclude it.",
    order=171,
)

"""Event source batching: fewer, fuller calls, within the wait that messages may have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field

from lambda_tailor.model.evidence import Absent, EventSource, Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup
from lambda_tailor.model.usage import DAYS_A_MONTH, Usage
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING, SIZE = "batching_window_s", "batch_size"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MOST_WINDOW_S = 300
VISIBILITY_TIMES = 6
# Of a standard queue, with a window; without one, and of a FIFO queue, it is ten.
MOST_MESSAGES = 10_000
_SPARE = 1.2


class EventSourceBatchingOptions(Options):
    """How long a message may wait for others."""

    max_wait_s: int = Field(
        default=5, ge=1, le=MOST_WINDOW_S, description="Seconds that a message may wait for its batch to fill."
    )
    max_batch_size: int = Field(default=100, ge=1, le=MOST_MESSAGES, description="The most messages a call.")
    full_percent: float = Field(default=50, gt=0, le=100, description="Batches at least so full are left be.")
    min_invocations: int = Field(default=10_000, ge=1, description="Fewer calls in the window are not worth it.")


def lookups(_function: Function, _options: EventSourceBatchingOptions) -> Iterable[Lookup]:
    """Nothing before its queues are known."""
    return ()


def more_lookups(_function: Function, evidence: Evidence, _options: EventSourceBatchingOptions) -> Iterable[Lookup]:
    """How many messages its queue handed out."""
    return [Lookup("queue-messages", source.name) for source in evidence.queues if ":sqs:" in source.source]


def judge(function: Function, evidence: Evidence, options: EventSourceBatchingOptions) -> Sequence[Verdict]:
    """Propose window and size where calls would be fuller; only where one queue is all that invokes the function."""
    if isinstance(evidence.event_sources, Absent):
        return (Kept(SETTING, None, f"its event sources are not known: {evidence.event_sources.because}"),)
    queues = [source for source in evidence.queues if ":sqs:" in source.source]
    if len(queues) != 1 or len([s for s in evidence.event_sources if s.enabled]) != 1:
        because = "messages a call are known only where one queue is all that Lambda polls"
        return [Kept(f"{SETTING}.{each.name}", each.window_s, because) for each in queues]
    flow = _flow(function, evidence, queues[0], options)
    if isinstance(flow, str):
        return (Kept(f"{SETTING}.{queues[0].name}", queues[0].window_s, flow, evidence.quote("invocations")),)
    return _judge_flow(function, evidence, queues[0], flow, options)


@dataclass(frozen=True, slots=True)
class _Flow:
    """Calls a month and messages a call as they are, and messages that arrive in a second."""

    calls: Decimal
    a_call: float
    a_second: float


def _flow(
    function: Function, evidence: Evidence, source: EventSource, options: EventSourceBatchingOptions
) -> _Flow | str:
    """How messages come, or why that is not known or not worth asking."""
    known, calls = function.resource("queue-messages", source.name), evidence.invocations
    if source.source.endswith(".fifo"):
        return "a FIFO queue takes no batching window"
    if not isinstance(calls, Measured) or not isinstance(known, Found):
        return "messages a call are not known"
    messages, days = known.state["messages"], known.state["window_days"]
    if not isinstance(messages, int | float) or not isinstance(days, int | float):
        return "messages a call are not known"
    if calls.value < options.min_invocations:
        return f"{calls.value:.0f} calls are too few to be worth it"
    a_call = messages / days / (calls.value / calls.window_days)
    a_month = Decimal(str(calls.value / calls.window_days)) * DAYS_A_MONTH
    return _Flow(a_month, a_call, messages / days / 86_400)


def _judge_flow(
    function: Function, evidence: Evidence, source: EventSource, flow: _Flow, options: EventSourceBatchingOptions
) -> Sequence[Verdict]:
    now, quotes = source.window_s, evidence.quote("invocations", "duration_avg", "duration_max")
    window = max(now, options.max_wait_s)
    comes = max(flow.a_call, flow.a_second * window)
    size = _size(function, evidence, source, flow, comes, options)
    full = flow.a_call >= source.batch_size * options.full_percent / 100
    if size == source.batch_size and (full or now >= options.max_wait_s):
        told = f"{flow.a_call:.1f} of {source.batch_size} messages a call"
        return (Kept(f"{SETTING}.{source.name}", now, told, quotes),)
    # What the window alone would fill, and what only a larger batch takes.
    fuller = max(flow.a_call, min(float(source.batch_size), comes))
    fewer = flow.calls * Decimal(str(1 - flow.a_call / fuller))
    fewer_still = flow.calls * Decimal(str(1 - flow.a_call / max(fuller, min(float(size), comes)))) - fewer
    key, hidden = Key("event-source", source.uuid), source.visibility_timeout_s
    needed = VISIBILITY_TIMES * function.timeout_s + window
    because = f"{source.name} hides a message for {hidden} s, and with a window of {window} s it takes {needed} s"
    # Without partial answers one bad message sends its whole batch, now a larger one, round again.
    repeats = "" if source.partial else "; the code reports no single failures, so a bad message repeats its batch"
    calm = Risk.LOW if source.partial else Risk.MEDIUM
    verdicts: list[Verdict] = []
    changes = (
        (SETTING, now, window, f"waiting {window} s fills batches to {fuller:.1f} or so", fewer, calm),
        (
            SIZE, source.batch_size, size, f"up to {size} come within {window} s, and take more memory at once",
            fewer_still, Risk.MEDIUM,
        ),
    )  # fmt: skip
    for name, before, after, what, saved, risk in changes:
        if before == after:
            continue
        setting, step = f"{name}.{source.name}", (Transition(key, name, before, after),)
        if hidden is not None and hidden < needed:
            verdicts.append(Blocked(setting, before, after, because, step, quotes))
            continue
        reason = f"{flow.a_call:.1f} of {source.batch_size} messages a call; {what}, {saved:,.0f} calls a month fewer"
        adds = Usage(requests=-saved)
        verdicts.append(Proposed(setting, before, after, reason + repeats, step, risk, quotes, adds))
    return verdicts


def _size(
    function: Function,
    evidence: Evidence,
    source: EventSource,
    flow: _Flow,
    comes: float,
    options: EventSourceBatchingOptions,
) -> int:
    """The batch size for so many messages, as far as runs may grow with them: by the timeout, and by the wait."""
    average, longest = evidence.duration_avg, evidence.duration_max
    if comes <= source.batch_size or not isinstance(average, Measured) or not isinstance(longest, Measured):
        return source.batch_size
    # At worst a run takes as many times longer as its batch has more messages.
    by_timeout = flow.a_call * function.timeout_s * 1000 / (_SPARE * max(longest.value, 1.0))
    by_wait = flow.a_call * (1 + options.max_wait_s * 1000 / max(average.value, 1.0))
    return max(source.batch_size, math.floor(min(math.ceil(comes), options.max_batch_size, by_timeout, by_wait)))


RULE = Rule(
    id="event-source-batching",
    title="Batches that fill",
    why="Each call is paid for, with its start and its connections, whether it carries one message or ten.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    options=EventSourceBatchingOptions,
    judge=judge,
    writes=always("event-source"),
    lookups=lookups,
    more_lookups=more_lookups,
    evidence=("event_sources", "triggers", "invocations", "duration_avg", "duration_max"),
    surprise="A batch size above ten takes a window of at least a second. At low traffic Lambda waits longer than the "
    "window, up to twenty seconds. The window counts towards the queue's visibility timeout; a batch ends at 6 MB, "
    "however many messages it may have; and one failing message "
    "repeats all of its batch unless the code reports which ones failed.",
    order=172,
)

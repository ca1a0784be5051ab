"""Event source batching: fewer, fuller calls, within the wait that messages may have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pydantic import Field

from lambda_tailor.model.evidence import Absent, EventSource, Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup
from lambda_tailor.model.usage import DAYS_A_MONTH, Usage
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "batching_window_s"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MOST_WINDOW_S = 300
VISIBILITY_TIMES = 6


class EventSourceBatchingOptions(Options):
    """How long a message may wait for others."""

    max_wait_s: int = Field(
        default=5, ge=1, le=MOST_WINDOW_S, description="Seconds that a message may wait for its batch to fill."
    )
    full_percent: float = Field(default=50, gt=0, le=100, description="Batches at least so full are left be.")
    min_invocations: int = Field(default=10_000, ge=1, description="Fewer calls in the window are not worth it.")


def lookups(_function: Function, _options: EventSourceBatchingOptions) -> Iterable[Lookup]:
    """Nothing before its queues are known."""
    return ()


def more_lookups(_function: Function, evidence: Evidence, _options: EventSourceBatchingOptions) -> Iterable[Lookup]:
    """How many messages its queue handed out."""
    return [Lookup("queue-messages", source.name) for source in evidence.queues if ":sqs:" in source.source]


def judge(function: Function, evidence: Evidence, options: EventSourceBatchingOptions) -> Sequence[Verdict]:
    """Propose a window where batches go out nearly empty; only where one queue is all that invokes the function."""
    if isinstance(evidence.event_sources, Absent):
        return (Kept(SETTING, None, f"its event sources are not known: {evidence.event_sources.because}"),)
    queues = [source for source in evidence.queues if ":sqs:" in source.source]
    if len(queues) != 1 or len([s for s in evidence.event_sources if s.enabled]) != 1:
        because = "messages a call are known only where one queue is all that Lambda polls"
        return [Kept(f"{SETTING}.{each.name}", each.window_s, because) for each in queues]
    return (_judge_one(function, evidence, queues[0], options),)


def _judge_one(
    function: Function, evidence: Evidence, source: EventSource, options: EventSourceBatchingOptions
) -> Verdict:
    setting, now, calls = f"{SETTING}.{source.name}", source.window_s, evidence.invocations
    quotes = evidence.quote("invocations")
    known = function.resource("queue-messages", source.name)
    if source.source.endswith(".fifo"):
        return Kept(setting, now, "a FIFO queue takes no batching window")
    if not isinstance(calls, Measured) or not isinstance(known, Found):
        return Kept(setting, now, "messages a call are not known", quotes)
    messages, days = known.state["messages"], known.state["window_days"]
    if (
        not isinstance(messages, int | float)
        or not isinstance(days, int | float)
        or calls.value < options.min_invocations
    ):
        return Kept(setting, now, f"{calls.value:.0f} calls are too few to be worth it", quotes)
    a_call = messages / days / (calls.value / calls.window_days)
    if a_call >= source.batch_size * options.full_percent / 100 or now >= options.max_wait_s:
        return Kept(setting, now, f"{a_call:.1f} of {source.batch_size} messages a call", quotes)
    window = options.max_wait_s
    needed = VISIBILITY_TIMES * function.timeout_s + window
    hidden = source.visibility_timeout_s
    fuller = min(float(source.batch_size), max(a_call, messages / days / 86_400 * window))
    fewer = Decimal(str(calls.value * (1 - a_call / fuller) / calls.window_days)) * DAYS_A_MONTH
    step = Transition(Key("event-source", source.uuid), SETTING, now, window)
    if hidden is not None and hidden < needed:
        because = f"{source.name} hides a message for {hidden} s, and with a window of {window} s it takes {needed} s"
        return Blocked(setting, now, window, because, (step,), quotes)
    reason = (
        f"{a_call:.1f} of {source.batch_size} messages a call; waiting {window} s fills batches to {fuller:.1f} or so, "
        f"{fewer:,.0f} calls a month fewer"
    )
    # Without partial answers one bad message sends its whole batch, now a larger one, round again.
    reason += "" if source.partial else "; the code reports no single failures, so a bad message repeats its batch"
    risk = Risk.LOW if source.partial else Risk.MEDIUM
    return Proposed(setting, now, window, reason, (step,), risk, quotes, Usage(requests=-fewer))


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
    evidence=("event_sources", "triggers", "invocations"),
    surprise="A batch size above ten takes a window of at least a second. At low traffic Lambda waits longer than the "
    "window, up to twenty seconds. The window counts towards the queue's visibility timeout, and one failing message "
    "repeats all of its batch unless the code reports which ones failed.",
    order=172,
)

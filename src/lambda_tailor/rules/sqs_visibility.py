"""SQS visibility: a queue hides a message for six times as long as the function may take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Absent, EventSource, Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "visibility_timeout_s"


class SqsVisibilityOptions(Options):
    """What a queue that feeds a function should hide messages for."""

    times: int = Field(default=6, ge=1, le=48, description="How many times the function's timeout.")
    fix: bool = Field(default=False, description="Change the queue; else it is only reported.")


def writes(options: SqsVisibilityOptions) -> Iterable[str]:
    """Queues, where they are to be changed."""
    return ("queue-visibility",) if options.fix else ()


def judge(function: Function, evidence: Evidence, options: SqsVisibilityOptions) -> Sequence[Verdict]:
    """Report every queue that shows its messages again too soon, or propose to change it."""
    if isinstance(evidence.event_sources, Absent):
        return (Kept(SETTING, None, f"its event sources are not known: {evidence.event_sources.because}"),)
    sources = [source for source in evidence.queues if source.visibility_timeout_s is not None]
    return [_judge_one(function, source, options) for source in sources]


def _judge_one(function: Function, source: EventSource, options: SqsVisibilityOptions) -> Verdict:
    hidden, name = source.visibility_timeout_s, source.name
    assert hidden is not None
    setting, wanted = f"{SETTING}.{name}", options.times * function.timeout_s + source.window_s
    window = f" and a batching window of {source.window_s} s" if source.window_s else ""
    if hidden >= wanted:
        return Kept(setting, hidden, f"at least {options.times} times the timeout{window}")
    told = f"{name} hides a message for {hidden} s, and the function may take {function.timeout_s} s"
    if hidden < function.timeout_s:
        told += ": AWS refuses the next change of the event source"
    note = f"{told}: AWS recommends {options.times} times that{window}, {wanted} s"
    if not options.fix or function.account_id not in source.source.split(":"):
        return Finding(setting, hidden, note, Risk.HIGH if hidden < function.timeout_s else Risk.MEDIUM)
    step = Transition(Key("queue-visibility", name), SETTING, hidden, wanted)
    return Proposed(setting, hidden, wanted, note, (step,), Risk.LOW)


RULE = Rule(
    id="sqs-visibility",
    title="Queues that wait long enough",
    why="A message that shows up again while its batch still runs is processed, and paid for, twice.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    options=SqsVisibilityOptions,
    judge=judge,
    writes=writes,
    evidence=("triggers", "event_sources"),
    surprise="The batching window counts on top of six times the timeout. Where a timeout is above the queue's "
    "visibility, Lambda refuses the next change of the event source, and nobody knows why then.",
    order=170,
)

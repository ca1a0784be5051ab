"""SQS visibility: a queue hides a message for six times as long as the function may take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Absent, Evidence
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
    if isinstance(evidence.triggers, Absent):
        return (Kept(SETTING, None, f"its triggers are not known: {evidence.triggers.because}"),)
    verdicts: list[Verdict] = []
    for trigger in evidence.triggers:
        hidden = trigger.visibility_timeout_s
        if hidden is None:
            continue
        name = trigger.resource.rpartition(":")[2]
        setting, wanted = f"{SETTING}.{name}", options.times * function.timeout_s
        if hidden >= wanted:
            verdicts.append(Kept(setting, hidden, f"at least {options.times} times the timeout"))
            continue
        told = f"{name} hides a message for {hidden} s, and the function may take {function.timeout_s} s"
        if not options.fix or function.account_id not in trigger.resource.split(":"):
            note = f"{told}: AWS recommends {options.times} times that, {wanted} s"
            verdicts.append(Finding(setting, hidden, note, Risk.MEDIUM))
            continue
        step = Transition(Key("queue-visibility", name), SETTING, hidden, wanted)
        verdicts.append(Proposed(setting, hidden, wanted, told, (step,), Risk.LOW))
    return verdicts


RULE = Rule(
    id="sqs-visibility",
    title="Queues that wait long enough",
    why="A message that shows up again while its batch still runs is processed, and paid for, twice.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    options=SqsVisibilityOptions,
    judge=judge,
    writes=writes,
    evidence=("triggers",),
    order=170,
)

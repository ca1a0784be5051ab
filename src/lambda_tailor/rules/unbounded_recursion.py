"""Unbounded recursion: Lambda's own detection of endless loops is switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "recursive_loop"


class UnboundedRecursionOptions(Options):
    """What to do about it."""

    terminate: bool = Field(default=False, description="Switch the detection on; else it is only reported.")


def lookups(function: Function, _options: UnboundedRecursionOptions) -> Iterable[Lookup]:
    """Its recursion configuration."""
    return (Lookup("recursion", function.name),)


def writes(options: UnboundedRecursionOptions) -> Iterable[str]:
    """The detection, where it is to be switched on."""
    return ("recursive-loop",) if options.terminate else ()


def judge(function: Function, _evidence: Evidence, options: UnboundedRecursionOptions) -> Sequence[Verdict]:
    """Report a function that may call itself for ever, or propose to stop that."""
    match function.resource("recursion", function.name):
        case Unreadable(because):
            return (Kept(SETTING, None, f"it is not known: {because}"),)
        case Missing():
            return ()
        case Found(state):
            current = state["recursive_loop"]
    if current != "Allow":
        return (Kept(SETTING, "Terminate", "endless loops are ended"),)
    told = "endless loops between the function and SQS, SNS or S3 are not ended"
    if not options.terminate:
        return (Finding(SETTING, "Allow", told, Risk.HIGH),)
    step = Transition(Key("recursive-loop", function.name), SETTING, "Allow", "Terminate")
    return (Proposed(SETTING, "Allow", "Terminate", told, (step,), Risk.MEDIUM),)


RULE = Rule(
    id="unbounded-recursion",
    title="Endless loops are ended",
    why="A function that invokes itself through a queue or bucket runs, and bills, without end.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
    options=UnboundedRecursionOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    surprise="Lambda sees loops through SQS, SNS, S3 and Lambda itself, after some sixteen rounds; one through "
    "DynamoDB or another account goes unseen.",
    order=180,
)

"""Dead-letter queue: failed asynchronous events are kept instead of dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule
from lambda_tailor.settings.role_policy import MAY_SEND, may_send

SETTING = "dead_letter_arn"


class DeadLetterQueueOptions(Options):
    """Where failed events go."""

    queue: str | None = Field(default=None, description="The SQS queue's name; {suffix} is filled in.")
    add_permission: bool = Field(
        default=False, description="Let the function's role send to the queue where it may not (an inline policy)."
    )
    only_asynchronous: bool = Field(
        default=False, description="Only where something is seen to invoke the function asynchronously."
    )


def _queue_arn(function: Function, options: DeadLetterQueueOptions) -> str:
    name = function.expand(options.queue or "")
    return f"arn:{function.partition}:sqs:{function.region}:{function.account_id}:{name}"


def lookups(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The queue, and whether the function's role may send to it."""
    return () if options.only_asynchronous else _needs(function, options)


def more_lookups(function: Function, evidence: Evidence, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The same for asynchronous functions only, since each takes a call of its own."""
    return _needs(function, options) if options.only_asynchronous and evidence.asynchronous else ()


def _needs(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    if options.queue is None or function.dead_letter_arn:
        return ()
    arn = _queue_arn(function, options)
    return (
        Lookup("queue", function.expand(options.queue)),
        Lookup("role-may", f"{function.role_arn} sqs:SendMessage {arn}"),
    )


def writes(options: DeadLetterQueueOptions) -> Iterable[str]:
    """Queue and function; the role only where the policy lets permissions be added."""
    return ("queue", "function-configuration", *(("role-policy",) if options.add_permission else ()))


def judge(function: Function, evidence: Evidence, options: DeadLetterQueueOptions) -> Sequence[Verdict]:
    """Propose the queue; one of the user's own is kept, whatever its name."""
    if options.queue is None:
        return ()
    arn = _queue_arn(function, options)
    if function.dead_letter_arn:
        whose = "as wanted" if function.dead_letter_arn == arn else "the user's own is kept"
        return (Kept(SETTING, function.dead_letter_arn, whose),)
    if options.only_asynchronous and not evidence.asynchronous:
        return (Kept(SETTING, None, "no asynchronous event was seen, and a dead-letter queue takes no others"),)
    queue = function.resource("queue", function.expand(options.queue))
    if isinstance(queue, Unreadable):
        return (Blocked(SETTING, None, arn, queue.because),)
    steps: list[Transition] = []
    if isinstance(queue, Missing):
        steps.append(Transition(Key("queue", function.expand(options.queue)), "exists", False, True))
    match function.resource("role-may", f"{function.role_arn} sqs:SendMessage {arn}"):
        case Found(state) if state["allowed"]:
            pass
        case Found() if options.add_permission:
            steps.append(_permission(function, arn))
        case Found():
            because = f"the role may not send to it; it lacks {_statement(arn)}"
            return (Blocked(SETTING, None, arn, because, code="role-may-not-send"),)
        case Missing():
            return (Blocked(SETTING, None, arn, f"its role {function.role_arn} does not exist"),)
        case Unreadable(because):
            return (Blocked(SETTING, None, arn, because),)
    requires = tuple(step.key for step in steps)
    attach = Transition(Key("function-configuration", function.name), SETTING, None, arn, requires)
    made = "a new queue" if isinstance(queue, Missing) else "the existing queue"
    reason = f"failed asynchronous events go to {made}"
    return (Proposed(SETTING, None, arn, reason, (*steps, attach), Risk.LOW),)


def _statement(arn: str) -> str:
    return f'{{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "{arn}"}}'


def _permission(function: Function, arn: str) -> Transition:
    role = function.role_arn.rpartition("/")[2]
    return Transition(Key("role-policy", f"{role}/{MAY_SEND}"), "document", None, may_send(arn))


RULE = Rule(
    id="dead-letter-queue",
    title="A dead-letter queue",
    why="An asynchronous event that fails three times is dropped without a trace unless a queue takes it.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    options=DeadLetterQueueOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    more_lookups=more_lookups,
    evidence=("async_events",),
    order=70,
)

"""Dead-letter queue: failed asynchronous events are kept instead of dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field, field_validator

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule
from lambda_tailor.settings.role_policy import MAY_SEND, may_send

SETTING = "dead_letter_arn"

KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


class DeadLetterQueueOptions(Options):
    """Where failed events go."""

    queue: str | None = Field(default=None, description="The SQS queue's name; {suffix} is filled in.")
    add_permission: bool = Field(
        default=False, description="Let the function's role send to the queue where it may not (an inline policy)."
    )
    only_asynchronous: bool = Field(
        default=False, description="Only where something is seen to invoke the function asynchronously."
    )

    @field_validator("queue")
    @classmethod
    def _standard(cls, queue: str | None) -> str | None:
        if queue is not None and queue.endswith(".fifo"):
            raise ValueError("Lambda sends failed events to standard queues only, and .fifo names another kind")
        return queue


def _queue_arn(function: Function, options: DeadLetterQueueOptions) -> str:
    name = function.expand(options.queue or "")
    return f"arn:{function.partition}:sqs:{function.region}:{function.account_id}:{name}"


def lookups(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The queue, and whether the function's role may send to it."""
    return () if options.only_asynchronous else _needs(function, options)


def more_lookups(function: Function, evidence: Evidence, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The same for asynchronous functions only, since each takes a call of its own; and the queue's own key."""
    needed = _needs(function, options) if options.only_asynchronous and evidence.asynchronous else ()
    return (*needed, *_key_permissions(function, options))


def _key_permissions(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """What a queue that is encrypted under a customer's key takes besides: Lambda checks the sending only.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    queue = function.resource("queue", function.expand(options.queue or ""))
    key = queue.state.get("kms_key") if isinstance(queue, Found) else None
    if options.queue is None or function.dead_letter_arn or not isinstance(key, str) or key.startswith("alias/"):
        return ()
    arn = key if key.startswith("arn:") else _key_arn(function, key)
    return [Lookup("role-may", f"{function.role_arn} {action} {arn}") for action in KEY_ACTIONS]


def _key_arn(function: Function, key: str) -> str:
    return f"arn:{function.partition}:kms:{function.region}:{function.account_id}:key/{key}"


def _needs(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    if options.queue is None or function.dead_letter_arn:
        return ()
    arn = _queue_arn(function, options)
    may_send = Lookup("role-may", f"{function.role_arn} sqs:SendMessage {arn}")
    destinations = Lookup("event-invoke-config", function.name)
    return (Lookup("queue", function.expand(options.queue)), may_send, destinations)


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
    if (onward := _destination(function)) is not None:
        return (Kept(SETTING, None, f"failed events go to {onward} already, with more of what happened to them"),)
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
    for permission in _key_permissions(function, options):
        known = function.resource(permission.kind, permission.name)
        if isinstance(known, Found) and not known.state["allowed"]:
            lacks = permission.name.split(" ", 1)[1]
            return (Blocked(SETTING, None, arn, f"the queue is encrypted, and the role lacks {lacks}"),)
    requires = tuple(step.key for step in steps)
    attach = Transition(Key("function-configuration", function.name), SETTING, None, arn, requires)
    made = "a new queue" if isinstance(queue, Missing) else "the existing queue"
    reason = f"failed asynchronous events go to {made}"
    return (Proposed(SETTING, None, arn, reason, (*steps, attach), Risk.LOW),)


def _destination(function: Function) -> str | None:
    """The on-failure destination that the function has."""
    match function.resource("event-invoke-config", function.name):
        case Found(state) if isinstance(destinations := state.get("destinations"), Mapping):
            failed = destinations.get("OnFailure")
            return str(failed.get("Destination")) if isinstance(failed, Mapping) else None
    return None


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
    surprise="A queue takes the events of asynchronous invocations only, and never tells why they failed; an "
    "on-failure destination does. A FIFO queue is no target, a customer's key needs kms:GenerateDataKey, and a queue "
    "cannot be made anew within a minute of its deletion.",
    evidence=("async_events",),
    order=70,
)

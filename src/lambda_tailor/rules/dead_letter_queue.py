"""Dead-letter queue, or an on-failure destination: failed asynchronous events are kept instead of dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from lambda_tailor import arns
from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule
from lambda_tailor.settings.event_invoke_config import DESTINATIONS, with_failures
from lambda_tailor.settings.role_policy import DELIVERS, MAY_SEND, may_deliver

SETTING = "dead_letter_arn"
DESTINATION = "on_failure_destination"

KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


class DeadLetterQueueOptions(Options):
    """Where failed events go."""

    queue: str | None = Field(default=None, description="The SQS queue's name; {suffix} is filled in.")
    kind: Literal["queue", "destination"] = Field(
        default="queue",
        description="A dead-letter queue, which gets the event; or an on-failure destination, which is told the "
        "function's answer and error besides.",
    )
    destination: str | None = Field(
        default=None,
        description="With kind: destination, the ARN of what is there already and takes them instead of the queue: an "
        "SQS queue, SNS topic, S3 bucket or EventBridge bus.",
    )
    add_permission: bool = Field(
        default=False, description="Let the function's role send to the queue where it may not (an inline policy)."
    )
    only_asynchronous: bool = Field(
        default=False, description="Only where something is seen to invoke the function asynchronously."
    )

    @field_validator("queue")
    @classmethod
    def _standard(cls, queue: str | None) -> str | None:
        # For destinations: https://github.com/aws/aws-cdk/issues/13793; of dead-letter queues no page says it.
        if queue is not None and queue.endswith(".fifo"):
            raise ValueError("Lambda sends failed events to standard queues only, and .fifo names another kind")
        return queue

    @field_validator("destination")
    @classmethod
    def _taken(cls, destination: str | None) -> str | None:
        if destination is None:
            return None
        service = arns.part(destination, 2) if destination.startswith("arn:") else None
        if service not in DELIVERS:
            raise ValueError("give the ARN of an SQS queue, an SNS topic, an S3 bucket or an EventBridge bus")
        if destination.endswith(".fifo"):
            raise ValueError("Lambda sends failed events to standard queues and topics only, and .fifo names others")
        return destination

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.destination is not None and self.kind == "queue":
            raise ValueError("destination goes with kind: destination; a dead-letter queue is named by queue")
        return self

    @property
    def setting(self) -> str:
        """The setting that is looked at."""
        return SETTING if self.kind == "queue" else DESTINATION

    @property
    def wanted(self) -> bool:
        """Whether any place is named."""
        return self.queue is not None or self.destination is not None

    @property
    def makes_queue(self) -> bool:
        """Whether it is a queue by name, which is made where there is none."""
        return self.queue is not None and self.destination is None


def _target_arn(function: Function, options: DeadLetterQueueOptions) -> str:
    if options.destination is not None:
        return options.destination
    name = function.expand(options.queue or "")
    return f"arn:{function.partition}:sqs:{function.region}:{function.account_id}:{name}"


def _queue_name(function: Function, arn: str) -> str | None:
    """The queue that it is, in the function's own account and region, where it can be looked at; None if another."""
    service, region, account, name = (arns.part(arn, number) for number in (2, 3, 4, 5))
    return name if (service, region, account) == ("sqs", function.region, function.account_id) else None


def _permissions(function: Function, arn: str) -> list[Lookup]:
    """What the function's role has to be allowed, so that Lambda can deliver there in its name."""
    actions = DELIVERS[arns.part(arn, 2) or "sqs"]
    return [Lookup("role-may", f"{function.role_arn} {action} {arn}{tail}") for action, tail in actions.items()]


def lookups(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The queue, and whether the function's role may send to it."""
    return () if options.only_asynchronous else _needs(function, options)


def more_lookups(function: Function, evidence: Evidence, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """The same for asynchronous functions only, since each takes a call of its own; and the queue's own key."""
    needed = _needs(function, options) if options.only_asynchronous and evidence.asynchronous else ()
    return (*needed, *_key_permissions(function, options))


def _key_permissions(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    """What a queue that is encrypted under a customer's key takes besides: Lambda checks the sending only.

    Who sends needs both actions, by SQS's page; that Lambda sends as the function's role is not confirmed there.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    name = _queue_name(function, _target_arn(function, options)) if options.wanted else None
    queue = function.resource("queue", name or "")
    key = queue.state.get("kms_key") if isinstance(queue, Found) else None
    if function.dead_letter_arn or not isinstance(key, str) or key.startswith("alias/"):
        return ()
    arn = key if key.startswith("arn:") else _key_arn(function, key)
    return [Lookup("role-may", f"{function.role_arn} {action} {arn}") for action in KEY_ACTIONS]


def _key_arn(function: Function, key: str) -> str:
    return f"arn:{function.partition}:kms:{function.region}:{function.account_id}:key/{key}"


def _needs(function: Function, options: DeadLetterQueueOptions) -> Iterable[Lookup]:
    if not options.wanted or function.dead_letter_arn:
        return ()
    arn = _target_arn(function, options)
    destinations = Lookup("event-invoke-config", function.name)
    queue = _queue_name(function, arn)
    return (*([Lookup("queue", queue)] if queue else []), *_permissions(function, arn), destinations)


def writes(options: DeadLetterQueueOptions) -> Iterable[str]:
    """Queue and function, or what is told of its events; the role only where permissions may be added."""
    return (
        *(("queue",) if options.destination is None else ()),
        "function-configuration" if options.kind == "queue" else "event-invoke-config",
        *(("role-policy",) if options.add_permission else ()),
    )


def judge(function: Function, evidence: Evidence, options: DeadLetterQueueOptions) -> Sequence[Verdict]:
    """Propose the place; one of the user's own is kept, whatever its name."""
    if not options.wanted:
        return ()
    setting, arn = options.setting, _target_arn(function, options)
    if (kept := _has_one(function, options, arn)) is not None:
        return (kept,)
    if options.only_asynchronous and not evidence.asynchronous:
        where = "a dead-letter queue" if options.kind == "queue" else "a destination"
        return (Kept(setting, None, f"no asynchronous event was seen, and {where} takes no others"),)
    prepared = _prepare(function, options, arn)
    if isinstance(prepared, Blocked):
        return (prepared,)
    requires = tuple(step.key for step in prepared)
    attach = _attach(function, options, arn, requires)
    if isinstance(attach, Blocked):
        return (attach,)
    made = any(step.key.kind == "queue" for step in prepared)
    where = "a new queue" if made else "the existing queue" if arns.part(arn, 2) == "sqs" else arn
    more = ", with the error and the function's answer" if options.kind == "destination" else ""
    reason = f"failed asynchronous events go to {where}{more}"
    if options.kind == "destination" and (others := [t.qualifier for t in function.traffic if not t.reached]):
        reason = f"{reason}; events through {', '.join(others)} have a configuration of their own, which stays"
    return (Proposed(setting, None, arn, reason, (*prepared, attach), Risk.LOW),)


def _has_one(function: Function, options: DeadLetterQueueOptions, arn: str) -> Kept | None:
    """What the function has already, whosesoever it is."""
    setting, onward = options.setting, _destination(function)
    if function.dead_letter_arn and options.kind == "queue":
        whose = "as wanted" if function.dead_letter_arn == arn else "the user's own is kept"
        return Kept(setting, function.dead_letter_arn, whose)
    if onward is not None and options.kind == "destination":
        return Kept(setting, onward, "as wanted" if onward == arn else "the user's own is kept")
    if function.dead_letter_arn:
        return Kept(setting, None, f"failed events go to {function.dead_letter_arn} already, its dead-letter queue")
    if onward is not None:
        return Kept(setting, None, f"failed events go to {onward} already, with more of what happened to them")
    return None


def _prepare(function: Function, options: DeadLetterQueueOptions, arn: str) -> list[Transition] | Blocked:
    """What has to be made before events can be sent there, or why they cannot."""
    steps: list[Transition] = []
    if name := _queue_name(function, arn):
        queue = function.resource("queue", name)
        if isinstance(queue, Unreadable):
            return Blocked(options.setting, None, arn, queue.because)
        if isinstance(queue, Missing) and not options.makes_queue:
            return Blocked(
                options.setting, None, arn, f"there is no queue {name}: make it first, or give queue: {name}"
            )
        if isinstance(queue, Missing):
            steps.append(Transition(Key("queue", name), "exists", False, True))
    lacking: list[str] = []
    for permission in _permissions(function, arn):
        match function.resource(permission.kind, permission.name):
            case Found(state) if not state["allowed"]:
                lacking.append(permission.name.split(" ", 1)[1])
            case Missing():
                return Blocked(options.setting, None, arn, f"its role {function.role_arn} does not exist")
            case Unreadable(because):
                return Blocked(options.setting, None, arn, because)
    if lacking and not options.add_permission:
        lacks = ", ".join(_statement(*each.split(" ", 1)) for each in lacking)
        because = f"the role may not send to it; it lacks {lacks}"
        return Blocked(options.setting, None, arn, because, code="role-may-not-send")
    if lacking:
        steps.append(_permission(function, arn))
    for permission in _key_permissions(function, options):
        known = function.resource(permission.kind, permission.name)
        if isinstance(known, Found) and not known.state["allowed"]:
            lacks = permission.name.split(" ", 1)[1]
            return Blocked(options.setting, None, arn, f"the queue is encrypted, and the role lacks {lacks}")
    return steps


def _attach(
    function: Function, options: DeadLetterQueueOptions, arn: str, requires: tuple[Key, ...]
) -> Transition | Blocked:
    if options.kind == "queue":
        return Transition(Key("function-configuration", function.name), SETTING, None, arn, requires)
    configuration = function.resource("event-invoke-config", function.name)
    if isinstance(configuration, Unreadable):
        because = f"whether it has a destination already is not known: {configuration.because} (--deep asks)"
        return Blocked(DESTINATION, None, arn, because)
    there = configuration.state.get("destinations") if isinstance(configuration, Found) else None
    before: JsonValue = dict(there) if isinstance(there, Mapping) else None
    key = Key("event-invoke-config", function.name)
    return Transition(key, DESTINATIONS, before, with_failures(before, arn), requires)


def _destination(function: Function) -> str | None:
    """The on-failure destination that the function has."""
    match function.resource("event-invoke-config", function.name):
        case Found(state) if isinstance(destinations := state.get("destinations"), Mapping):
            failed = destinations.get("OnFailure")
            onward = failed.get("Destination") if isinstance(failed, Mapping) else None
            return onward if isinstance(onward, str) else None
    return None


def _statement(action: str, arn: str) -> str:
    return f'{{"Effect": "Allow", "Action": "{action}", "Resource": "{arn}"}}'


def _permission(function: Function, arn: str) -> Transition:
    role = function.role_arn.rpartition("/")[2]
    return Transition(Key("role-policy", f"{role}/{MAY_SEND}"), "document", None, may_deliver(arn))


RULE = Rule(
    id="dead-letter-queue",
    title="A dead-letter queue or an on-failure destination",
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

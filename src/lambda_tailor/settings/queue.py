"""An SQS queue's existence: the dead-letter queue, made with 14 days' retention and encryption.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from lambda_tailor import arns
from lambda_tailor.iam.permission import ANY_FUNCTION, QUEUE, Action
from lambda_tailor.settings.setting import Answer, Call, Marked, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown

KIND = "queue"
# The run that made the queue: by it a rollback knows its own from one that another hand made in the same moment.
RUN_TAG = "lambda-tailor:run"
FOURTEEN_DAYS_S = 14 * 24 * 3600
_MADE_WITH = {"MessageRetentionPeriod": str(FOURTEEN_DAYS_S), "SqsManagedSseEnabled": "true"}
_BY_SQS = frozenset({"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})
# A message had 256 KiB at most before 2025, and 1 MiB since.
_AS_MADE: Mapping[str, tuple[str, ...]] = {
    **{name: (value,) for name, value in _MADE_WITH.items()},
    "VisibilityTimeout": ("30",), "DelaySeconds": ("0",), "ReceiveMessageWaitTimeSeconds": ("0",),
    "MaximumMessageSize": ("262144", "1048576"),
}  # fmt: skip


def url(address: ResourceAddress) -> str:
    """The queue's URL, which follows from account, region and name."""
    domain = "amazonaws.com.cn" if address.partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{address.region}.{domain}/{address.account_id}/{address.resource}"


def arn(partition: str, region: str, account_id: str, name: str) -> str:
    """The queue's ARN."""
    return f"arn:{partition}:sqs:{region}:{account_id}:{name}"


def read(address: ResourceAddress) -> Call:
    """Its attributes: whether it is there, and how much it holds."""
    return Call("sqs", "GetQueueAttributes", {"QueueUrl": url(address), "AttributeNames": ["All"]})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``exists``, how many messages it holds in any state, and the key of KMS that it is encrypted under."""
    attributes = (answer or {}).get("Attributes") or {}
    counted = ("", "NotVisible", "Delayed")
    messages = sum(int(attributes.get(f"ApproximateNumberOfMessages{kind}", 0)) for kind in counted)
    made = {name: value for name, value in sorted(attributes.items()) if not name.startswith("Approximate")}
    key = attributes.get("KmsMasterKeyId")
    return {"exists": answer is not None, "messages": messages, "kms_key": key, "attributes": made}


def identity(state: State) -> Mapping[str, JsonValue] | None:
    """All its attributes, when it was made and when it was last changed."""
    attributes = state.get("attributes")
    return attributes if isinstance(attributes, Mapping) and attributes else None


def untouched(state: State) -> bool:
    """Whether it has what CreateQueue was given here, SQS's defaults, and nothing else; and was not changed since.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    """
    found = state.get("attributes")
    if not isinstance(found, Mapping):
        return False
    changed, created = (str(found.get(f"{when}Timestamp", "")) for when in ("LastModified", "Created"))
    # They are in whole seconds, and may lie on both sides of one.
    late = changed.isdigit() and created.isdigit() and int(changed) - int(created) > 1
    rest = {name: value for name, value in found.items() if name not in _BY_SQS}
    return not late and all(value in _AS_MADE.get(name, ()) for name, value in rest.items())


def removes(wanted: State) -> bool:
    """Whether it is to be deleted."""
    return wanted.get("exists") is False


def mark(call: Call, word: str) -> Call:
    """A tag, which needs sqs:TagQueue."""
    if call.action != "CreateQueue":
        return call
    return replace(call, parameters={**call.parameters, "tags": {RUN_TAG: word}})


MARKED = Marked(
    read=lambda address: Call("sqs", "ListQueueTags", {"QueueUrl": url(address)}),
    word=lambda answer: (answer.get("Tags") or {}).get(RUN_TAG),
)


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Create it with SSE-SQS and 14 days' retention, or delete it."""
    if not wanted["exists"]:
        return Call("sqs", "DeleteQueue", {"QueueUrl": url(address)})
    return Call("sqs", "CreateQueue", {"QueueName": address.resource, "Attributes": dict(_MADE_WITH)})


def refuse(observed: State, wanted: State) -> str | None:
    """A queue that holds messages is never deleted."""
    messages = observed.get("messages")
    attributes = observed.get("attributes")
    if wanted["exists"] is False and isinstance(attributes, Mapping) and attributes.get("Policy"):
        return "somebody gave the queue a policy: it is kept"
    if wanted["exists"] is False and messages:
        return (
            f"the queue holds {messages} message{'s' if messages != 1 else ''}: it is kept; read them, then delete it"
        )
    return None


def follows(shown: Shown) -> bool:
    """Made is the queue whose ARN the change shows, in the function's own account and region."""
    function, change = shown.function, shown.change
    own = arn(arns.part(function.arn, 1), function.region, function.account_id, shown.resource)
    sent = change.setting in ("dead_letter_arn", "on_failure_destination")
    return shown.made and sent and change.before is None and change.after == own


SETTING = Setting(
    kind=KIND,
    title="queue",
    source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
    read=read,
    observe=observe,
    write=write,
    identity=identity,
    untouched=untouched,
    removes=removes,
    mark=mark,
    marked=MARKED,
    follows=follows,
    prepares=True,
    eventual=True,
    absent_codes=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
    refuse=refuse,
    read_actions=(Action("sqs:GetQueueAttributes", QUEUE),),
    undo_actions=(
        Action("sqs:TagQueue", QUEUE),
        Action("sqs:ListQueueTags", QUEUE),
        Action("sqs:ListDeadLetterSourceQueues", QUEUE),
        Action("sqs:ReceiveMessage", QUEUE),
        Action("lambda:ListFunctions"),
        Action("lambda:ListEventSourceMappings"),
        Action("lambda:ListFunctionEventInvokeConfigs", ANY_FUNCTION),
    ),
    write_actions=(Action("sqs:CreateQueue", QUEUE), Action("sqs:DeleteQueue", QUEUE)),
)

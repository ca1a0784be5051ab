"""How long a queue hides a message that somebody has received, in seconds.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import ANY_QUEUE, Action
from lambda_tailor.settings.queue import url
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, whole

KIND = "queue-visibility"
FIELD = "visibility_timeout_s"


def read(address: ResourceAddress) -> Call:
    """GetQueueAttributes, of this attribute only."""
    return Call("sqs", "GetQueueAttributes", {"QueueUrl": url(address), "AttributeNames": ["VisibilityTimeout"]})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """The timeout; None where there is no queue."""
    value = ((answer or {}).get("Attributes") or {}).get("VisibilityTimeout")
    return {FIELD: None if value is None else int(value)}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """SetQueueAttributes leaves all other attributes as they are."""
    attributes = {"VisibilityTimeout": str(wanted[FIELD])}
    return Call("sqs", "SetQueueAttributes", {"QueueUrl": url(address), "Attributes": attributes})


def refuse(observed: State, _wanted: State) -> str | None:
    """A queue that was deleted since has no timeout to set."""
    return "the queue is no longer there" if observed[FIELD] is None else None


def follows(shown: Shown) -> bool:
    """The timeout of the queue that the setting is named after."""
    named = shown.field == FIELD and shown.change.setting == f"{FIELD}.{shown.resource}"
    return named and shown.valued(whole)


SETTING = Setting(
    kind=KIND,
    title="queue visibility timeout",
    source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    refuse=refuse,
    absent_codes=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
    read_actions=(Action("sqs:GetQueueAttributes", ANY_QUEUE),),
    write_actions=(Action("sqs:SetQueueAttributes", ANY_QUEUE),),
)

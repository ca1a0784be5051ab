"""How long a queue hides a message that somebody has received, in seconds.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import ANY_QUEUE, Action
from lambda_tailor.settings.setting import Answer, Call, Place, Setting, State

KIND = "queue-visibility"
FIELD = "visibility_timeout_s"


def url(place: Place) -> str:
    """The queue's URL, which follows from account, region and name."""
    domain = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{place.region}.{domain}/{place.account_id}/{place.resource}"


def read(place: Place) -> Call:
    """GetQueueAttributes, of this attribute only."""
    return Call("sqs", "GetQueueAttributes", {"QueueUrl": url(place), "AttributeNames": ["VisibilityTimeout"]})


def observe(_place: Place, answer: Answer | None) -> State:
    """The timeout; None where there is no queue."""
    value = ((answer or {}).get("Attributes") or {}).get("VisibilityTimeout")
    return {FIELD: None if value is None else int(value)}


def write(place: Place, _observed: State, wanted: State) -> Call:
    """SetQueueAttributes leaves all other attributes as they are."""
    attributes = {"VisibilityTimeout": str(wanted[FIELD])}
    return Call("sqs", "SetQueueAttributes", {"QueueUrl": url(place), "Attributes": attributes})


def refuse(observed: State, _wanted: State) -> str | None:
    """A queue that was deleted since has no timeout to set."""
    return "the queue is no longer there" if observed[FIELD] is None else None


SETTING = Setting(
    kind=KIND,
    title="queue visibility timeout",
    source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
    read=read,
    observe=observe,
    write=write,
    refuse=refuse,
    absent_codes=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
    read_actions=(Action("sqs:GetQueueAttributes", ANY_QUEUE),),
    write_actions=(Action("sqs:SetQueueAttributes", ANY_QUEUE),),
)

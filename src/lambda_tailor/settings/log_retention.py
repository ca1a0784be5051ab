"""How many days a log group keeps its events; None is for ever.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import LOG_GROUP, Action
from lambda_tailor.settings.log_group import find, read, read_together
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, maybe, whole

KIND = "log-retention"


def observe(address: ResourceAddress, answer: Answer | None) -> State:
    """``retention_days`` of the group's own policy."""
    return {"retention_days": (find(address, answer) or {}).get("retentionInDays")}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the policy, or delete it for ever."""
    group = {"logGroupName": address.resource}
    if wanted["retention_days"] is None:
        return Call("logs", "DeleteRetentionPolicy", group)
    return Call("logs", "PutRetentionPolicy", {**group, "retentionInDays": wanted["retention_days"]})


def inexact_undo(was: State, wrote: State) -> str | None:
    """What CloudWatch deleted under the shorter retention is gone."""
    before, after = was.get("retention_days"), wrote.get("retention_days")
    if isinstance(after, int) and (before is None or (isinstance(before, int) and before > after)):
        return f"the retention goes back; events older than {after} days that were deleted meanwhile do not come back"
    return None


def follows(shown: Shown) -> bool:
    """The retention of the log group that the change names."""
    return (
        shown.of_the_resource
        and shown.resource in (shown.function.log_group or shown.resource,)
        and shown.field == shown.change.setting == "retention_days"
        and shown.valued(maybe(whole))
    )


SETTING = Setting(
    kind=KIND,
    title="log retention",
    source="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
    read=read,
    read_together=read_together,
    observe=observe,
    write=write,
    inexact_undo=inexact_undo,
    follows=follows,
    read_actions=(Action("logs:DescribeLogGroups"),),
    write_actions=(Action("logs:PutRetentionPolicy", LOG_GROUP), Action("logs:DeleteRetentionPolicy", LOG_GROUP)),
)

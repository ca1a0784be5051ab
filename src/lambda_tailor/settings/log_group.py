"""A log group's existence: made before a function has logged, so that its retention can be set.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from lambda_tailor.iam.permission import LOG_GROUP, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown

KIND = "log-group"
_MADE = ("creationTime", "kmsKeyId", "logGroupClass", "dataProtectionStatus")


def read(address: ResourceAddress) -> Call:
    """One page of one: the group whose name is the whole prefix sorts first."""
    return Call("logs", "DescribeLogGroups", {"logGroupNamePrefix": address.resource, "limit": 1})


def read_together(addresses: Sequence[ResourceAddress]) -> Call:
    """The groups of those names, fifty at most."""
    return Call("logs", "DescribeLogGroups", {"logGroupIdentifiers": [address.resource for address in addresses]})


def find(address: ResourceAddress, answer: Answer | None) -> dict[str, Any] | None:
    """The group of exactly that name in a DescribeLogGroups answer."""
    groups = (answer or {}).get("logGroups") or ()
    return next((dict(group) for group in groups if group["logGroupName"] == address.resource), None)


def observe(address: ResourceAddress, answer: Answer | None) -> State:
    """``exists``, and how many bytes it holds."""
    group = find(address, answer)
    made = {name: (group or {}).get(name) for name in _MADE if (group or {}).get(name) is not None}
    return {"exists": group is not None, "stored_bytes": (group or {}).get("storedBytes", 0), "attributes": made}


def identity(state: State) -> Mapping[str, JsonValue] | None:
    """When it was made, under which key, of which class."""
    attributes = state.get("attributes")
    return attributes if isinstance(attributes, Mapping) and attributes else None


def removes(wanted: State) -> bool:
    """Whether it is to be deleted."""
    return wanted.get("exists") is False


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Create the group, or delete it."""
    group = {"logGroupName": address.resource}
    return Call("logs", "CreateLogGroup", group) if wanted["exists"] else Call("logs", "DeleteLogGroup", group)


def refuse(observed: State, wanted: State) -> str | None:
    """A group that has received logs is never deleted."""
    stored = observed.get("stored_bytes")
    if wanted["exists"] is False and stored:
        return f"the log group has received logs since ({stored} bytes): it is kept"
    return None


def follows(shown: Shown) -> bool:
    """Made for the retention that is shown."""
    return (
        shown.made
        and shown.of_the_resource
        and shown.resource in (shown.function.log_group or shown.resource,)
        and shown.change.setting == "retention_days"
    )


SETTING = Setting(
    kind=KIND,
    title="log group",
    source="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    read=read,
    read_together=read_together,
    observe=observe,
    write=write,
    identity=identity,
    removes=removes,
    follows=follows,
    prepares=True,
    refuse=refuse,
    read_actions=(Action("logs:DescribeLogGroups"),),
    undo_actions=(
        Action("logs:DescribeSubscriptionFilters", LOG_GROUP),
        Action("logs:DescribeMetricFilters", LOG_GROUP),
        Action("logs:DescribeLogStreams", LOG_GROUP),
        Action("lambda:ListFunctions"),
    ),
    write_actions=(Action("logs:CreateLogGroup", LOG_GROUP), Action("logs:DeleteLogGroup", LOG_GROUP)),
)

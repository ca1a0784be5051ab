"""Everything that AWS shows of what this program may change, to be compared before and after."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import botocore.exceptions

# What AWS itself changes without being asked.
_MOVING = frozenset(
    {
        "LastModified", "RevisionId", "ResponseMetadata", "storedBytes", "creationTime", "StateUpdatedTimestamp",
        "StateReason", "StateReasonData", "StateValue", "StateTransitionedTimestamp", "Code", "LastUpdateStatus",
        "AlarmConfigurationUpdatedTimestamp", "CreationTime", "StateTransitionReason", "LastProcessingResult",
    }
)  # fmt: skip


def snapshot(session: boto3.Session | None = None) -> Mapping[str, Any]:
    """Every kind of setting that this program may change, in the region: functions whole, and what is around them.

    Values of environment variables appear as hashes only.
    """
    aws = session or boto3.Session()
    functions = aws.client("lambda")
    listed = [
        f["FunctionName"] for page in functions.get_paginator("list_functions").paginate() for f in page["Functions"]
    ]
    buckets = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    return {
        "functions": {name: _function(functions, name) for name in listed},
        "log_groups": _log_groups(aws.client("logs")),
        "queues": _queues(aws.client("sqs")),
        "alarms": _alarms(aws.client("cloudwatch")),
        "buckets": {name: aws.client("s3").get_bucket_versioning(Bucket=name).get("Status") for name in buckets},
        "lifecycles": {name: _lifecycle(aws.client("s3"), name) for name in buckets},
        "role_policies": _role_policies(aws.client("iam")),
        "event_sources": _event_sources(functions),
        "scaling": _scaling(aws.client("application-autoscaling")),
    }


def _lifecycle(client: Any, bucket: str) -> Any:
    try:
        return client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return None


def _event_sources(client: Any) -> Any:
    pages = client.get_paginator("list_event_source_mappings").paginate()
    return {each["UUID"]: _still({**each, "State": None}) for page in pages for each in page["EventSourceMappings"]}


def _scaling(client: Any) -> Any:
    targets = client.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
    actions = client.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"]
    return {
        "targets": {each["ResourceId"]: _still(each) for each in targets},
        "actions": {f"{each['ResourceId']}/{each['ScheduledActionName']}": _still(each) for each in actions},
    }


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two snapshots differ, as dotted paths."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found: list[str] = []
        for key in sorted({*before, *after}):
            found += differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
        return found
    return [] if before == after else [path]


def _still(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _still(item) for key, item in value.items() if key not in _MOVING}
    return [_still(item) for item in value] if isinstance(value, list) else value


def _settled(client: Any, name: str) -> Any:
    """The function once AWS is done with an update, or as it is after ten seconds."""
    for _ in range(200):
        found = client.get_function(FunctionName=name)
        if found["Configuration"].get("State") != "Pending":
            break
        time.sleep(0.05)
    return found


def _function(client: Any, name: str) -> Any:
    found = _still(_settled(client, name))
    variables = found["Configuration"].get("Environment", {}).get("Variables", {})
    found["Configuration"]["Environment"] = {k: hashlib.sha256(v.encode()).hexdigest() for k, v in variables.items()}
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    aliases = client.list_aliases(FunctionName=name).get("Aliases") or ()
    around = {
        "recursion": lambda: client.get_function_recursion_config(FunctionName=name).get("RecursiveLoop"),
        "asynchronous": lambda: _still(client.list_function_event_invoke_configs(FunctionName=name)).get(
            "FunctionEventInvokeConfigs"
        ),
        "provisioned": lambda: _provisioned(client, name),
    }
    return {
        **found,
        "Versions": [version["Version"] for version in versions],
        "Aliases": [_still(alias) for alias in aliases],
        **{key: _or_nothing(asked) for key, asked in around.items()},
    }


def _provisioned(client: Any, name: str) -> Any:
    listed = client.list_provisioned_concurrency_configs(FunctionName=name).get("ProvisionedConcurrencyConfigs") or ()
    return {each["FunctionArn"]: each["RequestedProvisionedConcurrentExecutions"] for each in listed}


def _or_nothing(asked: Callable[[], Any]) -> Any:
    """The answer; None where there is none, which some services say with an error."""
    try:
        return asked() or None
    except botocore.exceptions.ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise
        return None


def _log_groups(client: Any) -> Any:
    pages = client.get_paginator("describe_log_groups").paginate()
    return {group["logGroupName"]: _still(group) for page in pages for group in page["logGroups"]}


def _queues(client: Any) -> Any:
    urls = client.list_queues().get("QueueUrls") or ()
    found: dict[str, Any] = {}
    for url in urls:
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes") or {}
        found[url.rpartition("/")[2]] = {name: v for name, v in attributes.items() if not name.endswith("Timestamp")}
    return found


def _alarms(client: Any) -> Any:
    pages = client.get_paginator("describe_alarms").paginate()
    return {alarm["AlarmName"]: _still(alarm) for page in pages for alarm in page["MetricAlarms"]}


def _role_policies(client: Any) -> Any:
    roles = [role["RoleName"] for page in client.get_paginator("list_roles").paginate() for role in page["Roles"]]
    return {
        f"{role}/{name}": client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for role in roles
        for name in client.list_role_policies(RoleName=role)["PolicyNames"]
    }

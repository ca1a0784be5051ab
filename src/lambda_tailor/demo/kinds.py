"""How each kind of Pulumi resource is made and removed through boto3: one pair of functions a kind.

A maker gets the inputs that the program registered, under Pulumi's names, and answers with the
resource's id and outputs. It must read every input: ``Registered`` knows which ones were not, so
that nothing the program says is dropped in silence.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError, WaiterError

Outputs = tuple[str, dict[str, Any]]
_ABSENT = frozenset(
    {
        "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException", "ResourceNotFound",
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "404",
    }
)  # fmt: skip


class Aws(Protocol):
    """boto3 clients of one account and region."""

    @property
    def region(self) -> str:
        """The region's name."""

    def client(self, service: str) -> Any:
        """The client of a service; safe to use from several threads."""


class AlreadyThere(Exception):
    """A resource of that name exists, and AWS would have changed it instead of refusing."""


class Registered(Mapping[str, Any]):
    """A resource's inputs, and which of them were read."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = inputs
        self._read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return self._inputs[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def ignored(self) -> list[str]:
        """The inputs that nobody has read."""
        return sorted(set(self._inputs) - self._read)


def _nothing(_aws: Aws, _identifier: str, _given: Mapping[str, Any]) -> None:
    """It goes with the resource that it belongs to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How to make and remove a kind of resource; ``on_removal`` are inputs that only removal looks at."""

    make: Callable[[Aws, Mapping[str, Any]], Outputs]
    remove: Callable[[Aws, str, Mapping[str, Any]], None] = _nothing
    on_removal: frozenset[str] = frozenset()


@contextmanager
def unless_absent() -> Iterator[None]:
    """What is to be removed may be gone already."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise


def tag_list(given: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (given.get("tags") or {}).items()]


def packed_archive(archive: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, asset in archive.assets.items():
            # A fixed date makes the same code the same package.
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), asset.text)
    return buffer.getvalue()


def _make_role(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    asked = {"RoleName": given["name"], "AssumeRolePolicyDocument": given["assumeRolePolicy"], "Tags": tag_list(given)}
    role = aws.client("iam").create_role(**asked)["Role"]
    return given["name"], {"arn": role["Arn"]}


def _remove_role(aws: Aws, identifier: str, _given: Mapping[str, Any]) -> None:
    # An applied plan may have added a permission: a role with policies cannot be deleted.
    iam = aws.client("iam")
    for name in iam.list_role_policies(RoleName=identifier)["PolicyNames"]:
        iam.delete_role_policy(RoleName=identifier, PolicyName=name)
    iam.delete_role(RoleName=identifier)


def _make_attachment(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    aws.client("iam").attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])
    return f"{given['role']}/{given['policyArn']}", {}


def _remove_attachment(aws: Aws, _identifier: str, given: Mapping[str, Any]) -> None:
    aws.client("iam").detach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])


def _make_role_policy(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    asked = {"RoleName": given["role"], "PolicyName": given["name"], "PolicyDocument": given["policy"]}
    aws.client("iam").put_role_policy(**asked)
    return f"{given['role']}:{given['name']}", {}


def _remove_role_policy(aws: Aws, _identifier: str, given: Mapping[str, Any]) -> None:
    aws.client("iam").delete_role_policy(RoleName=given["role"], PolicyName=given["name"])


def _make_secret(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    secret = aws.client("secretsmanager").create_secret(Name=given["name"], Tags=tag_list(given))
    return secret["ARN"], {"arn": secret["ARN"]}


def _remove_secret(aws: Aws, identifier: str, given: Mapping[str, Any]) -> None:
    days = int(given["recoveryWindowInDays"])
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    aws.client("secretsmanager").delete_secret(SecretId=identifier, **how)


def _make_secret_version(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    asked = {"SecretId": given["secretId"], "SecretString": given["secretString"]}
    version = aws.client("secretsmanager").put_secret_value(**asked)["VersionId"]
    return f"{given['secretId']}|{version}", {"arn": given["secretId"], "versionId": version}


def _make_layer(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    content = {"ZipFile": packed_archive(given["code"])}
    asked = {"LayerName": given["layerName"], "CompatibleRuntimes": given["compatibleRuntimes"]}
    published = aws.client("lambda").publish_layer_version(**asked, Content=content)
    arn = published["LayerVersionArn"]
    return arn, {"arn": arn, "layerArn": published["LayerArn"], "version": str(published["Version"])}


def _remove_layer(aws: Aws, identifier: str, given: Mapping[str, Any]) -> None:
    version = int(identifier.rpartition(":")[2])
    aws.client("lambda").delete_layer_version(LayerName=given["layerName"], VersionNumber=version)


def _make_log_group(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    logs, name = aws.client("logs"), given["name"]
    logs.create_log_group(logGroupName=name, tags=given.get("tags") or {})
    if given.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(given["retentionInDays"]))
    return name, {}


def _remove_log_group(aws: Aws, identifier: str, _given: Mapping[str, Any]) -> None:
    aws.client("logs").delete_log_group(logGroupName=identifier)


def _make_queue(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    sqs, name = aws.client("sqs"), given["name"]
    if any(url.endswith(f"/{name}") for url in sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", ())):
        raise AlreadyThere(name)
    attributes = {
        "MessageRetentionPeriod": str(int(given["messageRetentionSeconds"])),
        "SqsManagedSseEnabled": str(given["sqsManagedSseEnabled"]).lower(),
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=given.get("tags") or {})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, {"arn": arn, "url": url}


def _remove_queue(aws: Aws, identifier: str, _given: Mapping[str, Any]) -> None:
    aws.client("sqs").delete_queue(QueueUrl=identifier)


def _function_request(given: Mapping[str, Any]) -> dict[str, Any]:
    """CreateFunction's request. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    code = {"S3Bucket": given["s3Bucket"], "S3Key": given["s3Key"]}
    if given.get("s3ObjectVersion"):
        code["S3ObjectVersion"] = given["s3ObjectVersion"]
    asked: dict[str, Any] = {
        "FunctionName": given["name"],
        "Runtime": given["runtime"],
        "Handler": given["handler"],
        "Role": given["role"],
        "Code": code,
        "MemorySize": int(given["memorySize"]),
        "Timeout": int(given["timeout"]),
        "Layers": given["layers"],
        "Environment": {"Variables": given["environment"]["variables"]},
        "TracingConfig": {"Mode": given["tracingConfig"]["mode"]},
        "Tags": given.get("tags") or {},
    }
    if given.get("deadLetterConfig"):
        asked["DeadLetterConfig"] = {"TargetArn": given["deadLetterConfig"]["targetArn"]}
    return asked


def _make_function(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    functions, name = aws.client("lambda"), given["name"]
    reserved = given.get("reservedConcurrentExecutions")
    made = functions.create_function(**_function_request(given))
    try:
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        if reserved is not None:
            functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    except (ClientError, WaiterError):
        # Nobody learns of a function that is half made, so nobody else would remove it.
        functions.delete_function(FunctionName=name)
        raise
    return name, {"arn": made["FunctionArn"]}


def _remove_function(aws: Aws, identifier: str, _given: Mapping[str, Any]) -> None:
    aws.client("lambda").delete_function(FunctionName=identifier)


def _dimensions(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def _metric_query(query: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {"Id": query["id"], "ReturnData": bool(query["returnData"])}
    if query.get("expression"):
        return {**asked, "Expression": query["expression"], "Label": query["label"]}
    metric = query["metric"]
    named = {"Namespace": metric["namespace"], "MetricName": metric["metricName"]}
    measured = {**named, "Dimensions": _dimensions(metric["dimensions"])}
    return {**asked, "MetricStat": {"Metric": measured, "Period": int(metric["period"]), "Stat": metric["stat"]}}


def _make_alarm(aws: Aws, given: Mapping[str, Any]) -> Outputs:
    cloudwatch, name = aws.client("cloudwatch"), given["name"]
    if cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
        raise AlreadyThere(name)
    asked: dict[str, Any] = {
        "AlarmName": name,
        "AlarmDescription": given["alarmDescription"],
        "EvaluationPeriods": int(given["evaluationPeriods"]),
        "ComparisonOperator": given["comparisonOperator"],
        "Threshold": float(given["threshold"]),
        "TreatMissingData": given["treatMissingData"],
    }
    if given.get("metricQueries"):
        asked["Metrics"] = [_metric_query(query) for query in given["metricQueries"]]
    else:
        asked |= {
            "Namespace": given["namespace"],
            "MetricName": given["metricName"],
            "Statistic": given["statistic"],
            "Period": int(given["period"]),
            "Dimensions": _dimensions(given["dimensions"]),
        }
    cloudwatch.put_metric_alarm(**asked)
    return name, {}


def _remove_alarm(aws: Aws, identifier: str, _given: Mapping[str, Any]) -> None:
    aws.client("cloudwatch").delete_alarms(AlarmNames=[identifier])


KINDS: Mapping[str, Kind] = {
    "aws:cloudwatch/logGroup:LogGroup": Kind(_make_log_group, _remove_log_group),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(_make_alarm, _remove_alarm),
    "aws:iam/role:Role": Kind(_make_role, _remove_role),
    "aws:iam/rolePolicy:RolePolicy": Kind(_make_role_policy, _remove_role_policy),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(_make_attachment, _remove_attachment),
    "aws:lambda/function:Function": Kind(_make_function, _remove_function),
    "aws:lambda/layerVersion:LayerVersion": Kind(_make_layer, _remove_layer),
    "aws:secretsmanager/secret:Secret": Kind(_make_secret, _remove_secret, frozenset({"recoveryWindowInDays"})),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(_make_secret_version),
    "aws:sqs/queue:Queue": Kind(_make_queue, _remove_queue),
}

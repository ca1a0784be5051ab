"""Deploys a Pulumi program without Pulumi's command: a mock monitor whose ``new_resource`` makes the real thing.

Exactly what the program registers is created through boto3, and what AWS answers goes back into the
program, so that the stack that is tested is the stack that is deployed.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pulumi
from pulumi.runtime import mocks

from lambda_tailor.errors import TailorError

Outputs = tuple[str, dict[str, Any]]


class RealizeError(TailorError):
    """The program registers something that cannot be made here."""


@dataclass(frozen=True, slots=True)
class Realized:
    """What was created, in order, as (resource type, name, inputs, id)."""

    resources: list[tuple[str, str, Mapping[str, Any], str]]


@dataclass(slots=True)
class Realizer(mocks.Mocks):
    """Pulumi's mock monitor over boto3 clients."""

    session: boto3.Session
    created: list[tuple[str, str, Mapping[str, Any], str]] = field(default_factory=list)
    error: Exception | None = None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Create one resource; its id and outputs."""
        if not args.custom:
            return args.name, dict(args.inputs)
        make = _MAKERS.get(args.typ)
        try:
            if make is None:
                raise RealizeError(f"The program registers a {args.typ}, which cannot be made on the embedded AWS.")
            identifier, outputs = make(self, args.inputs)
        except Exception as error:
            # Pulumi's runtime reports a failed resource by its own words only: the cause is kept here.
            self.error = self.error or error
            raise
        self.created.append((args.typ, args.name, dict(args.inputs), identifier))
        return identifier, {**args.inputs, **outputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer the program's look-ups."""
        who = self.session.client("sts").get_caller_identity()
        match args.token:
            case "aws:index/getCallerIdentity:getCallerIdentity":
                return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}
            case "aws:index/getRegion:getRegion":
                region = self.session.region_name
                return {"region": region, "name": region, "id": region}
            case "aws:index/getPartition:getPartition":
                return {"partition": who["Arn"].split(":")[1], "id": "aws", "dnsSuffix": "amazonaws.com"}
        raise RealizeError(f"The program asks for {args.token}, which nobody answers here.")

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.session.client(service)


def _tags(inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (inputs.get("tags") or {}).items()]


def _plain(value: Any) -> Any:
    """An input without Pulumi's marking of secrets."""
    if isinstance(value, dict) and "4dabf18193072939515e22adb298388d" in value:
        return _plain(value["value"]) if "value" in value else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _archive(archive: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, asset in archive.assets.items():
            # A fixed date makes the same code the same package.
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), asset.text)
    return buffer.getvalue()


def _role(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    asked = {"RoleName": given["name"], "AssumeRolePolicyDocument": given["assumeRolePolicy"], "Tags": _tags(given)}
    role = to.client("iam").create_role(**asked)["Role"]
    return given["name"], {"arn": role["Arn"], "name": given["name"]}


def _attachment(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    to.client("iam").attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])
    return f"{given['role']}/{given['policyArn']}", {}


def _role_policy(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    to.client("iam").put_role_policy(RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"])
    return f"{given['role']}:{given['name']}", {}


def _secret(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    secret = to.client("secretsmanager").create_secret(Name=given["name"], Tags=_tags(given))
    return secret["ARN"], {"arn": secret["ARN"]}


def _secret_value(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    value = {"SecretId": given["secretId"], "SecretString": _plain(given["secretString"])}
    version = to.client("secretsmanager").put_secret_value(**value)
    return f"{given['secretId']}|{version['VersionId']}", {"arn": given["secretId"], "versionId": version["VersionId"]}


def _bucket(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    s3, name = to.client("s3"), given["bucket"]
    where = {} if to.session.region_name == "us-east-1" else {"LocationConstraint": to.session.region_name}
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
    if given.get("tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tags(given)})
    return name, {"arn": f"arn:aws:s3:::{name}", "bucket": name}


def _bucket_versioning(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    status = given["versioningConfiguration"]["status"]
    to.client("s3").put_bucket_versioning(Bucket=given["bucket"], VersioningConfiguration={"Status": status})
    return given["bucket"], {}


def _public_access(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    blocked = {
        "BlockPublicAcls": given["blockPublicAcls"],
        "BlockPublicPolicy": given["blockPublicPolicy"],
        "IgnorePublicAcls": given["ignorePublicAcls"],
        "RestrictPublicBuckets": given["restrictPublicBuckets"],
    }
    to.client("s3").put_public_access_block(Bucket=given["bucket"], PublicAccessBlockConfiguration=blocked)
    return given["bucket"], {}


def _object(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    stored = to.client("s3").put_object(Bucket=given["bucket"], Key=given["key"], Body=_archive(given["source"]))
    return given["key"], {"versionId": stored.get("VersionId", ""), "etag": stored["ETag"].strip('"')}


def _layer(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    content = {"ZipFile": _archive(given["code"])}
    runtimes = given.get("compatibleRuntimes") or []
    published = to.client("lambda").publish_layer_version(
        LayerName=given["layerName"], Content=content, CompatibleRuntimes=runtimes
    )
    arn = published["LayerVersionArn"]
    return arn, {"arn": arn, "layerArn": published["LayerArn"], "version": str(published["Version"])}


def _log_group(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    logs, name = to.client("logs"), given["name"]
    logs.create_log_group(logGroupName=name, tags=given.get("tags") or {})
    if given.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(given["retentionInDays"]))
    return name, {"name": name}


def _queue(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    attributes = {
        "MessageRetentionPeriod": str(int(given["messageRetentionSeconds"])),
        "SqsManagedSseEnabled": str(given["sqsManagedSseEnabled"]).lower(),
    }
    sqs = to.client("sqs")
    url = sqs.create_queue(QueueName=given["name"], Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, {"arn": arn, "url": url}


def _function(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    given = _plain(dict(given))
    asked: dict[str, Any] = {
        "FunctionName": given["name"],
        "Runtime": given["runtime"],
        "Handler": given["handler"],
        "Role": given["role"],
        "Code": {"S3Bucket": given["s3Bucket"], "S3Key": given["s3Key"]},
        "MemorySize": int(given["memorySize"]),
        "Timeout": int(given["timeout"]),
        "Layers": list(given.get("layers") or ()),
        "Environment": {"Variables": given["environment"]["variables"]},
        "TracingConfig": {"Mode": given["tracingConfig"]["mode"]},
        "Tags": given.get("tags") or {},
    }
    if given.get("deadLetterConfig"):
        asked["DeadLetterConfig"] = {"TargetArn": given["deadLetterConfig"]["targetArn"]}
    client = to.client("lambda")
    made = client.create_function(**asked)
    client.get_waiter("function_active_v2").wait(FunctionName=given["name"])
    if given.get("reservedConcurrentExecutions") is not None:
        reserved = int(given["reservedConcurrentExecutions"])
        client.put_function_concurrency(FunctionName=given["name"], ReservedConcurrentExecutions=reserved)
    return given["name"], {"arn": made["FunctionArn"], "name": given["name"]}


def _metric_query(query: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {"Id": query["id"], "ReturnData": bool(query["returnData"])}
    if query.get("expression"):
        return {**asked, "Expression": query["expression"], "Label": query["label"]}
    metric = query["metric"]
    dimensions = [{"Name": name, "Value": value} for name, value in metric["dimensions"].items()]
    named = {"Namespace": metric["namespace"], "MetricName": metric["metricName"], "Dimensions": dimensions}
    return {**asked, "MetricStat": {"Metric": named, "Period": int(metric["period"]), "Stat": metric["stat"]}}


def _alarm(to: Realizer, given: Mapping[str, Any]) -> Outputs:
    asked: dict[str, Any] = {
        "AlarmName": given["name"],
        "AlarmDescription": given["alarmDescription"],
        "EvaluationPeriods": int(given["evaluationPeriods"]),
        "ComparisonOperator": given["comparisonOperator"],
        "Threshold": float(given["threshold"]),
        "TreatMissingData": given["treatMissingData"],
    }
    if given.get("metricQueries"):
        asked["Metrics"] = [_metric_query(query) for query in given["metricQueries"]]
    else:
        dimensions = [{"Name": name, "Value": value} for name, value in given["dimensions"].items()]
        asked |= {
            "Namespace": given["namespace"],
            "MetricName": given["metricName"],
            "Statistic": given["statistic"],
            "Period": int(given["period"]),
            "Dimensions": dimensions,
        }
    to.client("cloudwatch").put_metric_alarm(**asked)
    return given["name"], {"name": given["name"]}


_MAKERS: Mapping[str, Callable[[Realizer, Mapping[str, Any]], Outputs]] = {
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:secretsmanager/secretVersion:SecretVersion": _secret_value,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_versioning,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:lambda/layerVersion:LayerVersion": _layer,
    "aws:lambda/function:Function": _function,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:sqs/queue:Queue": _queue,
}


def load_program() -> Callable[[], None]:
    """The reference stack's ``deploy``: from the installed package, else from the checkout's ``lib/``."""
    here = Path(__file__).parent
    candidates = (here / "tap_stack.py", here.parents[2] / "lib" / "tap_stack.py")
    for file in candidates:
        if file.exists():
            spec = importlib.util.spec_from_file_location("tap_stack", file)
            assert spec is not None and spec.loader is not None, file
            module = importlib.util.module_from_spec(spec)
            sys.modules["tap_stack"] = module
            spec.loader.exec_module(module)
            program: Callable[[], None] = module.deploy
            return program
    raise RealizeError("The reference stack is not here: install the wheel, or run from the checkout.")


def realize(suffix: str = "dev", config: Mapping[str, str] | None = None) -> Realized:
    """Deploy the reference stack to where the standard AWS settings lead.

    ``config`` holds the program's Pulumi config keys. Raises RealizeError, or what boto3 raised.
    """
    return realize_program(load_program(), {"environmentSuffix": suffix, **(config or {})})


def realize_program(program: Callable[[], None], config: Mapping[str, str]) -> Realized:
    """Deploy what a Pulumi program registers."""
    realizer = Realizer(boto3.Session(region_name=os.environ.get("AWS_REGION")))
    pulumi.runtime.set_mocks(realizer, project="project", stack="demo", preview=False)
    pulumi.runtime.set_all_config({f"project:{key}": value for key, value in config.items()})
    try:
        # The runtime waits for every resource that the program registered.
        run: Any = pulumi.runtime.test
        run(program)()
    except Exception as error:
        raise realizer.error or error from error
    if realizer.error is not None:
        raise realizer.error
    return Realized(realizer.created)

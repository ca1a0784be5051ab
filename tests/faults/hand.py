"""Another hand: what it does to each kind of setting of a function, and what it sees of it."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambda_tailor.settings.role_policy import MAY_TRACE
from lambda_tailor.settings.scheduled_action import UP, action
from tests.integration.conftest import Aws

REGION = "us-east-1"
_DIMENSION = "lambda:function:ProvisionedConcurrency"
SCHEDULE = {"up": "cron(0 8 ? * MON-FRI *)", "down": "cron(0 18 ? * MON-FRI *)", "executions": 3}
ALARM: dict[str, Any] = {
    "Namespace": "AWS/Lambda", "MetricName": "Duration", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 20_000.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmDescription": "slow",
}  # fmt: skip


@functools.cache
def package(text: str = "one") -> bytes:
    """A package that says so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(
            zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), f"# {text}\ndef handler(e, c):\n    return e\n"
        )
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Hand:
    """AWS's clients as another hand uses them, on the function of one kind."""

    aws: Aws
    kind: str

    @property
    def name(self) -> str:
        # The embedded AWS takes some names for parts of a path.
        return f"f_{self.kind.replace('-', '_')}"

    @property
    def role(self) -> str:
        return f"r-{self.kind}"

    @property
    def group(self) -> str:
        return f"/aws/lambda/{self.name}"

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{self.aws.account}:function:{self.name}"

    @property
    def bucket(self) -> str:
        return f"{self.kind}-{self.aws.account}"

    @property
    def queue(self) -> str:
        return f"q-{self.kind}"

    @property
    def queue_arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{self.aws.account}:{self.queue}"

    @property
    def queue_url(self) -> str:
        return f"{self.aws.emulator.endpoint_url}/{self.aws.account}/{self.queue}"

    @property
    def scaled(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "lambda", "ResourceId": f"function:{self.name}:live", "ScalableDimension": _DIMENSION,
        }  # fmt: skip

    def client(self, service: str) -> Any:
        return _client(self.aws.account, service)

    def functions(self) -> Any:
        """The client of Lambda, once AWS is done with the function."""
        client = self.client("lambda")
        client.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 0.05})
        return client

    def configuration(self) -> Any:
        """As GetFunction shows it."""
        return self.functions().get_function(FunctionName=self.name)


@functools.cache
def _client(_account: str, service: str) -> Any:
    import boto3

    return boto3.client(service)


def absent(ask: Callable[[], Any]) -> Any:
    """The answer, or None where AWS refuses since there is none."""
    try:
        return ask()
    except ClientError:
        return None


def configure(hand: Hand) -> object:
    return hand.functions().update_function_configuration(FunctionName=hand.name, MemorySize=777)


def deploy_code(hand: Hand) -> object:
    return hand.functions().update_function_code(FunctionName=hand.name, ZipFile=package("theirs"))


def code(hand: Hand) -> Any:
    found = hand.configuration()["Configuration"]
    return found["CodeSha256"], found["Architectures"]


def reserved(hand: Hand) -> Any:
    return (hand.configuration().get("Concurrency") or {}).get("ReservedConcurrentExecutions")


def publish(hand: Hand) -> None:
    for text in ("one", "two"):
        hand.functions().update_function_code(FunctionName=hand.name, ZipFile=package(text))
        hand.functions().publish_version(FunctionName=hand.name)


def alias(hand: Hand, version: str = "1") -> object:
    return hand.functions().create_alias(FunctionName=hand.name, Name="theirs", FunctionVersion=version)


def versions(hand: Hand) -> Any:
    client = hand.client("lambda")
    versions = client.list_versions_by_function(FunctionName=hand.name)["Versions"]
    aliases = client.list_aliases(FunctionName=hand.name)["Aliases"]
    return sorted(each["Version"] for each in versions), [(a["Name"], a["FunctionVersion"]) for a in aliases]


def group(hand: Hand) -> Any:
    groups = hand.client("logs").describe_log_groups(logGroupNamePrefix=hand.group)["logGroups"]
    if not groups:
        return None
    filters = hand.client("logs").describe_metric_filters(logGroupName=hand.group)["metricFilters"]
    return groups[0]["creationTime"], [each["filterName"] for each in filters]


def make_group(hand: Hand) -> object:
    return hand.client("logs").create_log_group(logGroupName=hand.group)


def filter(hand: Hand) -> object:
    told = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
    return hand.client("logs").put_metric_filter(
        logGroupName=hand.group, filterName="theirs", filterPattern="ERROR", metricTransformations=told
    )


def retention(hand: Hand) -> Any:
    return hand.client("logs").describe_log_groups(logGroupNamePrefix=hand.group)["logGroups"][0].get("retentionInDays")


def attributes(hand: Hand) -> Any:
    asked = {"QueueUrl": hand.queue_url, "AttributeNames": ["All"]}
    found = absent(lambda: hand.client("sqs").get_queue_attributes(**asked)["Attributes"])
    # When it was made and changed is told in whole seconds, and how much it holds late.
    return found and {name: value for name, value in found.items() if "Timestamp" not in name and "Approx" not in name}


def make_queue(hand: Hand, **attributes: str) -> object:
    return hand.client("sqs").create_queue(QueueName=hand.queue, Attributes=attributes)


def visible(hand: Hand, seconds: int) -> object:
    return hand.client("sqs").set_queue_attributes(
        QueueUrl=hand.queue_url, Attributes={"VisibilityTimeout": str(seconds)}
    )


def policy(hand: Hand) -> Any:
    return absent(
        lambda: hand.client("iam").get_role_policy(RoleName=hand.role, PolicyName=MAY_TRACE)["PolicyDocument"]
    )


def allow(hand: Hand, policy: str, action: str) -> object:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return hand.client("iam").put_role_policy(RoleName=hand.role, PolicyName=policy, PolicyDocument=document)


def alarm(hand: Hand) -> Any:
    found = hand.client("cloudwatch").describe_alarms(AlarmNames=[hand.name])["MetricAlarms"]
    return [(each["Threshold"], each.get("AlarmActions")) for each in found]


def page(hand: Hand) -> object:
    pager = f"arn:aws:sns:{REGION}:{hand.aws.account}:pager"
    dimensions = [{"Name": "FunctionName", "Value": hand.name}]
    return hand.client("cloudwatch").put_metric_alarm(
        AlarmName=hand.name, Dimensions=dimensions, AlarmActions=[pager], **ALARM
    )


def bucket(hand: Hand) -> object:
    return hand.client("s3").create_bucket(Bucket=hand.bucket)


def versioned(hand: Hand, status: str) -> object:
    return hand.client("s3").put_bucket_versioning(Bucket=hand.bucket, VersioningConfiguration={"Status": status})


def versioning(hand: Hand) -> Any:
    return hand.client("s3").get_bucket_versioning(Bucket=hand.bucket).get("Status")


def rules(hand: Hand) -> Any:
    asked = hand.client("s3").get_bucket_lifecycle_configuration
    return absent(lambda: asked(Bucket=hand.bucket)["Rules"])


def our_rule(hand: Hand) -> object:
    rule = {
        "ID": "lambda-tailor-noncurrent-versions", "Filter": {"Prefix": "kept/"}, "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 33},
    }  # fmt: skip
    return hand.client("s3").put_bucket_lifecycle_configuration(
        Bucket=hand.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


def retries(hand: Hand) -> Any:
    asked = hand.client("lambda").get_function_event_invoke_config
    return absent(lambda: asked(FunctionName=hand.name).get("MaximumRetryAttempts"))


def map(hand: Hand) -> None:
    allow(hand, "reads", "sqs:*")
    make_queue(hand)
    hand.client("lambda").create_event_source_mapping(
        FunctionName=hand.name, EventSourceArn=hand.queue_arn, Enabled=False
    )


def mapping(hand: Hand) -> Any:
    return hand.client("lambda").list_event_source_mappings(FunctionName=hand.name)["EventSourceMappings"][0]


def limit(hand: Hand) -> object:
    return hand.client("lambda").update_event_source_mapping(
        UUID=mapping(hand)["UUID"], ScalingConfig={"MaximumConcurrency": 9}
    )


def live(hand: Hand) -> Hand:
    hand.functions().publish_version(FunctionName=hand.name)
    hand.client("lambda").create_alias(FunctionName=hand.name, Name="live", FunctionVersion="1")
    return hand


def provision(hand: Hand, many: int) -> object:
    return hand.client("lambda").put_provisioned_concurrency_config(
        FunctionName=hand.name, Qualifier="live", ProvisionedConcurrentExecutions=many
    )


def provisioned(hand: Hand) -> Any:
    asked = hand.client("lambda").get_provisioned_concurrency_config
    found = absent(lambda: asked(FunctionName=hand.name, Qualifier="live"))
    return found and found["RequestedProvisionedConcurrentExecutions"]


def loops(hand: Hand, choice: str) -> object:
    return hand.client("lambda").put_function_recursion_config(FunctionName=hand.name, RecursiveLoop=choice)


def scale(hand: Hand, low: int, high: int) -> object:
    return hand.client("application-autoscaling").register_scalable_target(
        **hand.scaled, MinCapacity=low, MaxCapacity=high
    )


def target(hand: Hand) -> Any:
    asked = {"ServiceNamespace": "lambda", "ResourceIds": [hand.scaled["ResourceId"]]}
    scaling = hand.client("application-autoscaling")
    found = scaling.describe_scalable_targets(**asked)["ScalableTargets"]
    policies = scaling.describe_scaling_policies(ServiceNamespace="lambda", ResourceId=hand.scaled["ResourceId"])
    return [(t["MinCapacity"], t["MaxCapacity"]) for t in found], [p["PolicyName"] for p in policies["ScalingPolicies"]]


def track(hand: Hand) -> object:
    tracked = {"TargetValue": 0.7, "PredefinedMetricSpecification": {
        "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}}  # fmt: skip
    return hand.client("application-autoscaling").put_scaling_policy(
        **hand.scaled, PolicyName="theirs", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracked,
    )  # fmt: skip


def schedule(hand: Hand) -> object:
    if not target(hand)[0]:
        scale(hand, 0, 3)
    up = action(SCHEDULE, UP)
    return hand.client("application-autoscaling").put_scheduled_action(
        **hand.scaled, ScheduledActionName=UP, Schedule=up["schedule"], Timezone="Asia/Kathmandu",
        ScalableTargetAction={"MinCapacity": up["min"], "MaxCapacity": up["max"]},
    )  # fmt: skip


def scheduled(hand: Hand) -> Any:
    found = hand.client("application-autoscaling").describe_scheduled_actions(
        ServiceNamespace="lambda", ResourceId=hand.scaled["ResourceId"]
    )["ScheduledActions"]
    return [(each["Schedule"], each.get("Timezone")) for each in found if each["ScheduledActionName"] == UP]

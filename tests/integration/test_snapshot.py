"""The snapshot that proves 'everything as before' sees every kind of setting: each is changed once, by hand."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from lambda_tailor.demo.snapshot import differences
from lambda_tailor.settings import all_settings
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
GROUP = "/aws/lambda/f"


def package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("index.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def settled(aws: Aws) -> Any:
    aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName="f")
    return aws.client("lambda")


def code(aws: Aws) -> None:
    settled(aws).update_function_code(FunctionName="f", Architectures=["arm64"], ZipFile=package())


def policy(aws: Aws) -> None:
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=document)


def alarm(aws: Aws) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="a", MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def theirs(prefix: str) -> dict[str, Any]:
    return {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": f"{prefix}/"}, "Expiration": {"Days": 3}}


SCALED = {
    "ServiceNamespace": "lambda", "ResourceId": "function:f:1",
    "ScalableDimension": "lambda:function:ProvisionedConcurrency",
}  # fmt: skip
# In this order: some rest on what another has made.
BY_HAND: dict[str, Callable[[Aws], object]] = {
    "function-configuration": lambda aws: settled(aws).update_function_configuration(FunctionName="f", MemorySize=333),
    "function-code": code,
    "function-concurrency": lambda aws: settled(aws).put_function_concurrency(
        FunctionName="f", ReservedConcurrentExecutions=0
    ),
    "function-version": lambda aws: settled(aws).publish_version(FunctionName="f"),
    "provisioned-concurrency": lambda aws: aws.client("lambda").put_provisioned_concurrency_config(
        FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1
    ),
    "event-invoke-config": lambda aws: aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=1
    ),
    "recursive-loop": lambda aws: aws.client("lambda").put_function_recursion_config(
        FunctionName="f", RecursiveLoop="Allow"
    ),
    "log-group": lambda aws: aws.client("logs").create_log_group(logGroupName=GROUP),
    "log-retention": lambda aws: aws.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=3),
    "queue": lambda aws: aws.client("sqs").create_queue(QueueName="q"),
    "queue-visibility": lambda aws: aws.client("sqs").set_queue_attributes(
        QueueUrl=aws.client("sqs").get_queue_url(QueueName="q")["QueueUrl"], Attributes={"VisibilityTimeout": "99"}
    ),
    "role-policy": policy,
    "event-source": lambda aws: aws.client("lambda").create_event_source_mapping(
        FunctionName="f", EventSourceArn=f"arn:aws:sqs:us-east-1:{aws.account}:q", Enabled=False
    ),
    "scalable-target": lambda aws: aws.client("application-autoscaling").register_scalable_target(
        **SCALED, MinCapacity=1, MaxCapacity=2
    ),
    "scalable-capacity": lambda aws: aws.client("application-autoscaling").register_scalable_target(
        **SCALED, MinCapacity=0
    ),
    "scheduled-action": lambda aws: aws.client("application-autoscaling").put_scheduled_action(
        **SCALED, ScheduledActionName="night", Schedule="cron(0 20 * * ? *)", ScalableTargetAction={"MinCapacity": 0}
    ),
    "alarm": alarm,
    "bucket-versioning": lambda aws: aws.client("s3").put_bucket_versioning(
        Bucket=f"b-{aws.account}", VersioningConfiguration={"Status": "Enabled"}
    ),
    "bucket-lifecycle": lambda aws: aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=f"b-{aws.account}", LifecycleConfiguration={"Rules": [theirs("logs")]}
    ),
}


def test_every_kind_of_setting_is_seen(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    aws.client("s3").create_bucket(Bucket=f"b-{aws.account}")
    missing = all_settings().keys() - BY_HAND.keys()
    assert not missing, f"change one by hand here for {missing}, so that the snapshot is seen to see it"
    unseen = []
    before = aws.snapshot()
    for kind, change in BY_HAND.items():
        change(aws)
        after = aws.snapshot()
        unseen += [] if differences(before, after) else [kind]
        before = after
    assert unseen == []

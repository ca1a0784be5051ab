"""boto3 straight against the strict layer: versions, weighted aliases, and what is measured of them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.integration.test_strict_aws import refused, routing

Deploy = Callable[..., dict[str, Any]]
HANDLER = """
import os, signal, time

def handler(event, context):
    if event.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(event.get("sleep", 0))
    if event.get("fail"):
        raise ValueError("failed")
    return event
"""


def packed(source: str) -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", source)
    return code.getvalue()


@pytest.fixture
def functions(aws: Aws, deploy: Deploy) -> Any:
    """A function ``f`` with version 1, and a client."""
    deploy("f", Code={"ZipFile": packed(HANDLER)}, Timeout=1)
    client = aws.client("lambda")
    client.publish_version(FunctionName="f")
    return client


def changed(functions: Any, **given: Any) -> str:
    """A new version with that configuration."""
    functions.update_function_configuration(FunctionName="f", **given)
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    return str(functions.publish_version(FunctionName="f")["Version"])


def test_versions_with_unlike_roles_do_not_share_an_alias(functions: Any, aws: Aws) -> None:
    role = aws.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    changed(functions, Role=role)
    code, message = refused(
        functions.create_alias, FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=0.1)
    )
    assert (code, "same execution role" in message) == ("InvalidParameterValueException", True)
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="2")
    assert refused(functions.update_alias, FunctionName="f", Name="live", **routing(v1=0.1))[0] == code


def test_versions_with_unlike_dead_letter_queues_do_not_share_an_alias(functions: Any, aws: Aws) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="send", PolicyDocument=json.dumps(policy))
    queue = aws.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    changed(functions, DeadLetterConfig={"TargetArn": arn})
    weighted = {"FunctionName": "f", "Name": "live", "FunctionVersion": "1", **routing(v2=0.1)}
    code, message = refused(functions.create_alias, **weighted)
    assert (code, "same dead-letter queue" in message) == ("InvalidParameterValueException", True)
    changed(functions, DeadLetterConfig={"TargetArn": ""})
    functions.create_alias(**{**weighted, **routing(v3=0.1)})


def test_a_version_is_not_published_of_a_revision_or_code_that_is_gone(functions: Any) -> None:
    assert refused(functions.publish_version, FunctionName="f", RevisionId="gone")[0] == "PreconditionFailedException"
    assert (
        refused(functions.publish_version, FunctionName="f", CodeSha256="gone")[0] == "InvalidParameterValueException"
    )
    functions.update_function_configuration(FunctionName="f", Description="new")
    # The emulator is a second about it.
    assert refused(functions.publish_version, FunctionName="f")[0] == "ResourceConflictException"
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    now = functions.get_function(FunctionName="f")["Configuration"]
    asked = {"RevisionId": now["RevisionId"], "CodeSha256": now["CodeSha256"]}
    assert functions.publish_version(FunctionName="f", **asked)["Version"] == "2"


def invoke(functions: Any, times: int = 1, qualifier: str = "", **event: Any) -> None:
    asked = {"Qualifier": qualifier} if qualifier else {}
    for _ in range(times):
        functions.invoke(FunctionName="f", Payload=json.dumps(event).encode(), **asked)


def total(aws: Aws, metric: str, **dimensions: str) -> float:
    """The sum of a metric over the last hour under exactly these dimensions."""
    listed = [{"Name": name, "Value": value} for name, value in {"FunctionName": "f", **dimensions}.items()]
    named = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": listed}
    asked = [{"Id": "m", "MetricStat": {"Metric": named, "Period": 3600, "Stat": "Sum"}}]
    now = datetime.now(UTC)
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=asked, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1)
    )
    return float(sum(answer["MetricDataResults"][0]["Values"]))


def test_invocations_are_counted_by_alias_and_by_the_version_that_ran(functions: Any, aws: Aws) -> None:
    changed(functions, Description="second")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=1.0))
    invoke(functions, 3, "live", fail=1)
    functions.update_alias(FunctionName="f", Name="live", **routing(v2=0.0))
    invoke(functions, 2, "live")
    invoke(functions)
    live = {"Resource": "f:live"}
    assert total(aws, "Invocations", **live, ExecutedVersion="1") == 2
    assert total(aws, "Errors", **live, ExecutedVersion="1") == 0
    assert (
        total(aws, "Errors", **live, ExecutedVersion="2") == total(aws, "Invocations", **live, ExecutedVersion="2") == 3
    )
    assert total(aws, "Invocations", **live) == 5
    assert total(aws, "Invocations", Resource="f") == 1
    assert total(aws, "Duration", **live, ExecutedVersion="2") > 0
    # All of them under the function's name alone, as before.
    assert total(aws, "Invocations") == 6


def test_an_alias_without_weights_has_no_executed_version(functions: Any, aws: Aws) -> None:
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    invoke(functions, 2, "live")
    assert total(aws, "Invocations", Resource="f:live") == 2
    listed = aws.client("cloudwatch").list_metrics(Namespace="AWS/Lambda", MetricName="Invocations")["Metrics"]
    found = [{each["Name"]: each["Value"] for each in metric["Dimensions"]} for metric in listed]
    assert {"FunctionName": "f", "Resource": "f:live"} in found
    assert not any("ExecutedVersion" in each for each in found)


def test_a_report_record_tells_how_the_invocation_ended_and_its_stream_which_version(functions: Any, aws: Aws) -> None:
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    for event in ({}, {"sleep": 3}, {"die": 1}):
        invoke(functions, qualifier="live", **event)
    invoke(functions)
    day = time.strftime("%Y/%m/%d", time.gmtime())
    asked = {"logGroupName": "/aws/lambda/f", "filterPattern": "REPORT", "logStreamNamePrefix": f"{day}/[1]"}
    events = aws.client("logs").filter_log_events(**asked)["events"]
    endings = [event["message"].partition("Status: ")[2].strip() for event in events]
    assert endings == ["", "timeout", "error\tError Type: Runtime.OutOfMemory"]
    (latest,) = aws.client("logs").filter_log_events(**{**asked, "logStreamNamePrefix": f"{day}/[$LATEST]"})["events"]
    assert "Status" not in latest["message"]


def test_changing_aliases_is_paced_like_every_other_change(functions: Any, aws: Aws) -> None:
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    import boto3
    from botocore.config import Config

    impatient = boto3.client("lambda", config=Config(retries={"max_attempts": 0}))
    codes = set()
    for n in range(60):
        try:
            impatient.update_alias(FunctionName="f", Name="live", Description=str(n))
        except impatient.exceptions.TooManyRequestsException as error:
            codes.add(error.response["Error"]["Code"])
    assert codes == {"TooManyRequestsException"}

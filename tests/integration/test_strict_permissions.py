"""What the strict layer computes and redirects itself is still IAM's to allow."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from lambda_tailor.demo.emulator import Emulator
from tests.integration.test_strict_aws import refused, routing
from tests.integration.test_strict_cloudwatch import BOTH, COUNT, RATE, asking, day


@pytest.fixture
def guarded() -> Iterator[tuple[Any, Callable[[str], None], Callable[[str], Any]]]:
    """Under enforced IAM: the root's session, what lets a user do an action, and that user's clients."""
    with Emulator.start(auth=True, quota_scale=0) as emulator:

        def session(key: str, secret: str) -> Callable[[str], Any]:
            made = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")
            return lambda service: made.client(service, endpoint_url=emulator.endpoint_url)

        root = session("123456789012", "test")
        root("iam").create_user(UserName="user")
        key = root("iam").create_access_key(UserName="user")["AccessKey"]

        def allow(action: str) -> None:
            document = json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
            )
            root("iam").put_user_policy(UserName="user", PolicyName=action.replace(":", "-"), PolicyDocument=document)

        yield root, allow, session(key["AccessKeyId"], key["SecretAccessKey"])


def test_metric_math_alarms_and_queries_need_their_permission(guarded: Any) -> None:
    root, allow, user = guarded
    root("logs").create_log_group(logGroupName="one")
    asked = {"MetricDataQueries": [RATE, *BOTH], **day()}
    assert "AccessDenied" in refused(user("cloudwatch").get_metric_data, **asked)[0]
    allow("cloudwatch:GetMetricData")
    (result,) = user("cloudwatch").get_metric_data(**asked)["MetricDataResults"]
    assert (result["Id"], result["Values"]) == ("errorRate", [])
    assert "AccessDenied" in refused(user("cloudwatch").describe_alarms, StateValue="OK")[0]
    allow("cloudwatch:DescribeAlarms")
    assert user("cloudwatch").describe_alarms(StateValue="OK")["MetricAlarms"] == []
    assert "AccessDenied" in refused(user("logs").start_query, **asking(COUNT, "one"))[0]
    allow("logs:StartQuery")
    query_id = user("logs").start_query(**asking(COUNT, "one"))["queryId"]
    assert "AccessDenied" in refused(user("logs").get_query_results, queryId=query_id)[0]
    assert "AccessDenied" in refused(user("logs").stop_query, queryId=query_id)[0]
    allow("logs:GetQueryResults")
    assert user("logs").get_query_results(queryId=query_id)["status"] == "Running"


def test_an_invocation_of_a_weighted_alias_needs_its_permission(guarded: Any) -> None:
    root, allow, user = guarded
    assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    role = root("iam").create_role(RoleName="role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")
    functions = root("lambda")
    made = {"Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Code": {"ZipFile": code.getvalue()}}
    functions.create_function(FunctionName="f", **made, Publish=True)
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    functions.update_function_configuration(FunctionName="f", Description="second")
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    functions.publish_version(FunctionName="f")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=1.0))
    asked = {"FunctionName": "f", "Qualifier": "live"}
    assert refused(user("lambda").invoke, **asked)[0] == "AccessDeniedException"
    allow("lambda:InvokeFunction")
    assert user("lambda").invoke(**asked)["ExecutedVersion"] == "2"
    assert root("lambda").invoke(**asked)["ExecutedVersion"] == "2"

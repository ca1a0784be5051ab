"""boto3 straight against the strict layer: what Lambda and the quotas refuse, where the emulator behind it differs.

CloudWatch and its logs are in ``test_strict_cloudwatch.py``.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


def once(service: str) -> Any:
    """A client that sends each request once."""
    return boto3.client(service, config=ONCE)


def another(service: str) -> Any:
    """A client of another account, which sends each request once."""
    return boto3.client(service, aws_access_key_id="299999999999", aws_secret_access_key="test", config=ONCE)


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """The code and the message of AWS's refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


# Lambda: reservations and the limits of accounts


def test_a_hundred_executions_stay_unreserved(aws: Aws, deploy: Deploy) -> None:
    deploy("one")
    deploy("two")
    functions = aws.client("lambda")
    limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]

    def put(name: str, executions: int) -> dict[str, Any]:
        return {"FunctionName": name, "ReservedConcurrentExecutions": executions}

    functions.put_function_concurrency(**put("one", limit - 110))
    code, message = refused(functions.put_function_concurrency, **put("two", 11))
    assert (code, "minimum value of [100]" in message) == ("InvalidParameterValueException", True)
    functions.put_function_concurrency(**put("two", 10))
    # What a function has counts for it.
    functions.put_function_concurrency(**put("one", limit - 111))
    functions.put_function_concurrency(**put("one", limit - 110))


def test_nothing_can_be_reserved_in_a_new_account(aws: Aws, deploy: Deploy) -> None:
    deploy("one")
    functions = aws.client("lambda")
    aws.control.set_account_limit(aws.account, 10)
    limits = functions.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (10, 10)
    asked = {"FunctionName": "one", "ReservedConcurrentExecutions": 1}
    code, message = refused(functions.put_function_concurrency, **asked)
    assert (code, "minimum value of [10]" in message) == ("InvalidParameterValueException", True)
    # Switching it off takes nothing away.
    functions.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=0)


# Lambda: weighted aliases


@pytest.fixture
def versions(aws: Aws, deploy: Deploy) -> Any:
    """A function ``f`` with the versions 1 and 2, and a client."""
    deploy("f")
    functions = aws.client("lambda")
    for n in (1, 2):
        functions.update_function_configuration(FunctionName="f", Description=f"release {n}")
        functions.get_waiter("function_updated_v2").wait(FunctionName="f")
        assert functions.publish_version(FunctionName="f")["Version"] == str(n)
    return functions


def routing(**weights: float) -> dict[str, Any]:
    return {"RoutingConfig": {"AdditionalVersionWeights": {name.strip("v"): w for name, w in weights.items()}}}


def test_an_alias_keeps_its_weights_and_loses_them_when_told(versions: Any) -> None:
    versions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=0.25))
    kept = {"AdditionalVersionWeights": {"2": 0.25}}
    assert versions.get_alias(FunctionName="f", Name="live")["RoutingConfig"] == kept
    assert [each["RoutingConfig"] for each in versions.list_aliases(FunctionName="f")["Aliases"]] == [kept]
    versions.update_alias(FunctionName="f", Name="live", Description="still")
    assert versions.get_alias(FunctionName="f", Name="live")["RoutingConfig"] == kept
    versions.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in versions.get_alias(FunctionName="f", Name="live")


@pytest.mark.parametrize(
    ("version", "weights", "code", "said"),
    [
        ("1", {"2": 1.5}, "ValidationException", "less than or equal to 1.0"),
        ("1", {"3": 0.5}, "ResourceNotFoundException", "Function not found"),
        ("3", {}, "ResourceNotFoundException", "Function not found"),
        ("1", {"1": 0.5}, "InvalidParameterValueException", "already included"),
        ("1", {"$LATEST": 0.5}, "InvalidParameterValueException", "is not supported"),
        ("$LATEST", {"1": 0.5}, "InvalidParameterValueException", "is not supported"),
        ("1", {"1": 0.1, "2": 0.1}, "InvalidParameterValueException", "cannot be greater than 1"),
    ],
)
def test_an_alias_that_aws_does_not_take_is_refused(
    versions: Any, version: str, weights: dict[str, float], code: str, said: str
) -> None:
    given = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
    found, message = refused(versions.create_alias, FunctionName="f", Name="live", **given)
    assert (found, said in message) == (code, True)
    versions.create_alias(FunctionName="f", Name="live", FunctionVersion="2")
    assert refused(versions.update_alias, FunctionName="f", Name="live", **given)[0] == code
    assert versions.get_alias(FunctionName="f", Name="live")["FunctionVersion"] == "2"


def test_an_update_is_checked_with_what_the_alias_has(versions: Any) -> None:
    versions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=0.25))
    code, _ = refused(versions.update_alias, FunctionName="f", Name="live", FunctionVersion="2")
    assert code == "InvalidParameterValueException"


def test_invocations_of_an_alias_go_to_its_versions_by_weight(versions: Any) -> None:
    def ran(times: int, **named: str) -> set[str]:
        asked = {"FunctionName": "f", "Qualifier": "live", **named}
        return {versions.invoke(**asked)["ExecutedVersion"] for _ in range(times)}

    versions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", **routing(v2=1.0))
    assert ran(2) == {"2"}
    arn = versions.get_alias(FunctionName="f", Name="live")["AliasArn"]
    for name in ("f:live", arn):
        assert versions.invoke(FunctionName=name)["ExecutedVersion"] == "2"
    answer = versions.invoke(FunctionName="f", Qualifier="live", Payload=json.dumps({"told": "on"}).encode())
    assert json.loads(answer["Payload"].read()) == {"told": "on"}
    versions.update_alias(FunctionName="f", Name="live", **routing(v2=0.0))
    assert ran(2) == {"1"}
    # Neither is missed in thirty at even weights but once in five hundred million times.
    versions.update_alias(FunctionName="f", Name="live", **routing(v2=0.5))
    assert ran(30) == {"1", "2"}


# Lambda: configuration


def test_bounds_of_a_function_are_held(aws: Aws, deploy: Deploy) -> None:
    made = deploy("f")
    update = aws.client("lambda").update_function_configuration
    code = {"FunctionName": "g", "Role": made["Role"], "Runtime": "python3.12", "Handler": "index.handler"}
    create = aws.client("lambda").create_function
    assert "less than or equal to 900" in refused(update, FunctionName="f", Timeout=901)[1]
    assert "less than or equal to 900" in refused(create, **code, Code={"ZipFile": b""}, Timeout=901)[1]
    assert "less than or equal to 10240" in refused(update, FunctionName="f", MemorySize=10241)[1]
    large = {"FunctionName": "f", "Environment": {"Variables": {"A": "x" * 4096}}}
    found, message = refused(update, **large)
    assert (found, "4KB" in message) == ("InvalidParameterValueException", True)
    assert update(FunctionName="f", Timeout=900)["Timeout"] == 900


def test_a_second_update_has_to_wait_for_the_first(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    first = functions.update_function_configuration(FunctionName="f", Description="first")
    assert first["LastUpdateStatus"] == "InProgress"
    code, message = refused(functions.update_function_configuration, FunctionName="f", Description="second")
    assert (code, "update is in progress" in message) == ("ResourceConflictException", True)
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    assert functions.get_function(FunctionName="f")["Configuration"]["Description"] == "first"
    functions.update_function_configuration(FunctionName="f", Description="third")


def test_a_dead_letter_queue_needs_the_roles_permission(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    url = aws.client("sqs").create_queue(QueueName="lost")["QueueUrl"]
    asked = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    given = {"FunctionName": "f", "DeadLetterConfig": {"TargetArn": arn}}
    functions = aws.client("lambda")
    code, message = refused(functions.update_function_configuration, **given)
    assert code == "InvalidParameterValueException"
    assert "does not have permissions to call SendMessage on SQS" in message
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="send", PolicyDocument=document)
    functions.update_function_configuration(**given)
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    # One that was taken away is absent, not empty.
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in functions.get_function(FunctionName="f")["Configuration"]


def test_a_fifo_queue_is_no_dead_letter_queue(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    url = aws.client("sqs").create_queue(QueueName="lost.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    asked = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    target = {"TargetArn": asked["Attributes"]["QueueArn"]}
    code, message = refused(
        aws.client("lambda").update_function_configuration, FunctionName="f", DeadLetterConfig=target
    )
    assert (code, "FIFO" in message) == ("InvalidParameterValueException", True)


def test_a_queue_is_not_made_anew_right_after_its_deletion(aws: Aws) -> None:
    sqs = aws.client("sqs")
    aws.control.set_queue_rest(aws.account, 60)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    code, message = refused(sqs.create_queue, QueueName="q")
    assert (code, "60 seconds" in message) == ("AWS.SimpleQueueService.QueueDeletedRecently", True)
    sqs.create_queue(QueueName="another")
    aws.control.set_queue_rest(aws.account, 0)
    sqs.create_queue(QueueName="q")


def test_a_listing_does_not_tell_the_state_of_functions(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    (listed,) = functions.list_functions()["Functions"]
    assert not {"State", "LastUpdateStatus", "LastUpdateStatusReason"} & listed.keys()
    assert listed["RevisionId"]
    assert functions.get_function(FunctionName="f")["Configuration"]["State"] == "Active"


def test_a_function_may_be_shown_in_a_state_that_the_emulator_never_reaches(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    aws.control.set_function_state("f", aws.account, "Inactive")
    assert aws.client("lambda").get_function(FunctionName="f")["Configuration"]["State"] == "Inactive"


# Lambda: events that fail


@pytest.fixture
def failing(aws: Aws, deploy: Deploy) -> str:
    """The URL of a queue ``lost``, to which a function ``f`` that always fails may send."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    raise ValueError('no stock')\n")
    deploy("f", Code={"ZipFile": code.getvalue()})
    url: str = aws.client("sqs").create_queue(QueueName="lost")["QueueUrl"]
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="send", PolicyDocument=document)
    return url


def lost_message(aws: Aws, url: str) -> dict[str, Any]:
    """Send an event that fails, and what arrives in the queue."""
    event = json.dumps({"order": 42}).encode()
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=event)
    asked = {"QueueUrl": url, "WaitTimeSeconds": 20, "MessageAttributeNames": ["All"]}
    (message,) = aws.client("sqs").receive_message(**asked)["Messages"]
    found: dict[str, Any] = message
    return found


def test_a_dead_letter_queue_gets_the_event_itself_and_why_it_failed(aws: Aws, failing: str) -> None:
    functions = aws.client("lambda")
    arn = f"arn:aws:sqs:us-east-1:{aws.account}:lost"
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": arn})
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    message = lost_message(aws, failing)
    assert json.loads(message["Body"]) == {"order": 42}
    assert message["MD5OfBody"] == hashlib.md5(message["Body"].encode()).hexdigest()
    told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert told.pop("RequestID")
    assert told == {"ErrorCode": "200", "ErrorMessage": "no stock"}


def test_an_event_is_lost_where_the_role_may_not_use_the_queues_own_key(aws: Aws, failing: str) -> None:
    functions, sqs = aws.client("lambda"), aws.client("sqs")
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    sqs.set_queue_attributes(QueueUrl=failing, Attributes={"KmsMasterKeyId": key})
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    # AWS takes the queue: that it cannot be written to is seen when an event fails, and in a metric only.
    target = {"TargetArn": f"arn:aws:sqs:us-east-1:{aws.account}:lost"}
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig=target)
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    assert not sqs.receive_message(QueueUrl=failing, WaitTimeSeconds=10).get("Messages")
    attributes = sqs.get_queue_attributes(QueueUrl=failing, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    now = datetime.now(UTC)
    (errors,) = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="DeadLetterErrors", Dimensions=[{"Name": "FunctionName", "Value": "f"}],
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1), Period=3600, Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    assert errors["Sum"] == 1

    both = ["kms:GenerateDataKey", "kms:Decrypt"]
    for actions, arrives in ((both[:1], False), (both, True)):
        may = {"Effect": "Allow", "Action": actions, "Resource": key}
        document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        aws.client("iam").put_role_policy(RoleName="role", PolicyName="key", PolicyDocument=document)
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
        assert bool(sqs.receive_message(QueueUrl=failing, WaitTimeSeconds=10).get("Messages")) == arrives


def test_a_destination_for_failures_gets_the_record_of_the_invocation(aws: Aws, failing: str) -> None:
    arn = f"arn:aws:sqs:us-east-1:{aws.account}:lost"
    onward = {"OnFailure": {"Destination": arn}}
    # The emulator sends nothing to the dead-letter queue where there is a destination, though it be the same.
    aws.client("lambda").update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": arn})
    aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName="f")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig=onward
    )
    record = json.loads(lost_message(aws, failing)["Body"])
    assert record["requestPayload"] == {"order": 42}
    assert record["requestContext"]["condition"] == "RetriesExhausted"


# Quotas, faults and counting

THROTTLED = [
    ("lambda", "get_account_settings", {}, "TooManyRequestsException"),
    ("cloudwatch", "list_metrics", {}, "Throttling"),
    ("logs", "describe_log_groups", {}, "ThrottlingException"),
    ("iam", "list_roles", {}, "Throttling"),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code"), THROTTLED)
def test_what_comes_too_fast_meets_the_services_own_error(
    aws: Aws, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    call = getattr(once(service), operation)
    codes = set()
    # Quotas of a thousandth: the one token that a bucket holds at least is not back before the test ends.
    aws.control.set_quotas(0.001)
    try:
        for _ in range(3):
            try:
                call(**parameters)
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
    finally:
        aws.control.set_quotas(1.0)
    assert codes == {code}


def test_quotas_are_an_accounts_own(aws: Aws) -> None:
    other = another("lambda")
    aws.control.set_quotas(0.001)
    try:
        refusals = 0
        for client in (once("lambda"), once("lambda"), other):
            try:
                client.get_account_settings()
            except ClientError:
                refusals += 1
    finally:
        aws.control.set_quotas(1.0)
    assert refusals == 1


def groups(aws: Aws) -> list[str]:
    return [group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("500", "InternalFailure"),
        ("expired-token", "ExpiredTokenException"),
        ("access-denied", "AccessDeniedException"),
        ("echo", "ValidationException"),
    ],
)
def test_a_fault_strikes_before_or_after_the_call_has_its_effect(aws: Aws, when: str, kind: str, code: str) -> None:
    aws.control.fail(operation="logs:CreateLogGroup", when=when, kind=kind, account=aws.account, nth=2)
    logs = once("logs")
    logs.create_log_group(logGroupName="first")
    found, message = refused(logs.create_log_group, logGroupName="second")
    assert found == code
    assert ("second" in message) == (kind == "echo")
    assert groups(aws) == (["first"] if when == "before" else ["first", "second"])
    logs.create_log_group(logGroupName="third")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_may_be_cut(aws: Aws, when: str) -> None:
    aws.control.fail(operation="logs:CreateLogGroup", when=when, kind="reset", account=aws.account)
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        once("logs").create_log_group(logGroupName="group")
    assert groups(aws) == ([] if when == "before" else ["group"])


def test_a_call_may_hang_until_it_is_released(aws: Aws) -> None:
    aws.control.fail(operation="logs:CreateLogGroup", kind="hang", account=aws.account)
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(once("logs").create_log_group, logGroupName="group")
        while "logs:CreateLogGroup" not in aws.control.held():
            time.sleep(0.01)
        assert groups(aws) == []
        aws.control.clear_faults()
        hanging.result()
    assert groups(aws) == ["group"]


def test_a_fault_strikes_only_writes_of_its_account_if_so_told(aws: Aws) -> None:
    aws.control.fail(only_writes=True, kind="500", account=aws.account, times=2)
    logs, other = once("logs"), another("logs")
    assert groups(aws) == []
    other.create_log_group(logGroupName="theirs")
    for _ in range(2):
        assert refused(logs.create_log_group, logGroupName="mine")[0] == "InternalFailure"
    logs.create_log_group(logGroupName="mine")


def test_calls_are_counted_by_account_with_what_came_of_them(aws: Aws) -> None:
    aws.control.reset()
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="group")
    refused(logs.create_log_group, logGroupName="group")
    logs.describe_log_groups()
    for _ in range(2):
        another("logs").describe_log_groups()
    assert aws.control.calls() == {"logs:CreateLogGroup": 2, "logs:DescribeLogGroups": 1}
    assert aws.control.writes() == {"logs:CreateLogGroup": 2}
    assert [entry[2:] for entry in map(tuple, aws.control.log())] == [
        ("logs:CreateLogGroup", 200),
        ("logs:CreateLogGroup", 400),
        ("logs:DescribeLogGroups", 200),
    ]
    aws.control.reset()
    assert aws.control.calls() == {}

"""boto3 straight against the strict layer: what CloudWatch and its logs do, where the emulator behind it differs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.integration.test_strict_aws import refused

Deploy = Callable[..., dict[str, Any]]


# CloudWatch: metric math


def put_points(aws: Aws, name: str, values: dict[float, float], function: str = "f") -> None:
    """Data points by their age in seconds."""
    now = datetime.now(UTC)
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
            "Timestamp": now - timedelta(seconds=age),
            "Value": value,
        }
        for age, value in values.items()
    ]
    aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)


def query(identifier: str, name: str, period: int = 3600, function: str = "f") -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": function}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, "ReturnData": False}


RATE = {"Id": "errorRate", "Expression": "100*errors/invocations", "Label": "Error rate (%)"}
BOTH = [query("errors", "Errors"), query("invocations", "Invocations")]


def day() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(days=1), "EndTime": now}


def test_metric_math_is_computed_of_metrics_that_are_not_returned(aws: Aws) -> None:
    put_points(aws, "Errors", {7200: 5, 10800: 2})
    put_points(aws, "Invocations", {7200: 50, 10800: 8, 14400: 10})
    data = aws.client("cloudwatch").get_metric_data(MetricDataQueries=[RATE, *BOTH], **day())
    (result,) = data["MetricDataResults"]
    assert (result["Id"], result["Label"], result["StatusCode"]) == ("errorRate", "Error rate (%)", "Complete")
    assert result["Values"] == [10.0, 25.0]
    newest, oldest = result["Timestamps"]
    assert newest - oldest == timedelta(hours=1)
    filled = {"Id": "filled", "Expression": "FILL(errors, 0) + 0 * invocations"}
    (result,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[filled, *BOTH], ScanBy="TimestampAscending", **day()
    )["MetricDataResults"]
    assert result["Values"] == [0.0, 2.0, 5.0]


def test_metrics_and_expressions_are_returned_in_the_order_they_were_asked(aws: Aws) -> None:
    put_points(aws, "Errors", {7200: 5})
    put_points(aws, "Invocations", {7200: 50})
    asked = [{**BOTH[0], "ReturnData": True}, RATE, BOTH[1]]
    data = aws.client("cloudwatch").get_metric_data(MetricDataQueries=asked, **day())["MetricDataResults"]
    assert [(each["Id"], each["Values"]) for each in data] == [("errors", [5.0]), ("errorRate", [10.0])]


@pytest.mark.parametrize(
    "expression", ["100*errors/calls", "STDDEV(errors)", "errors +", "errorRate * 2", "SUM(errors)", "1; 2"]
)
def test_metric_math_that_cannot_be_computed_is_refused(aws: Aws, expression: str) -> None:
    asked = [{**RATE, "Expression": expression}, *BOTH]
    code, message = refused(aws.client("cloudwatch").get_metric_data, MetricDataQueries=asked, **day())
    assert code == "ValidationError"
    assert "Error in expression" in message


# CloudWatch: alarms

PERIOD_S = 3600


def put_alarm(aws: Aws, name: str, **given: Any) -> None:
    common = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
    aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**common, **given})


def on_errors(function: str = "f") -> dict[str, Any]:
    return {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Statistic": "Sum",
        "Period": PERIOD_S,
    }


def windows(*values: float | None) -> dict[float, float]:
    """Values by age, the oldest first, each in the middle of its window of an hour."""
    return {(n + 0.5) * PERIOD_S: value for n, value in enumerate(reversed(values)) if value is not None}


def states(aws: Aws, **asked: Any) -> dict[str, str]:
    alarms = aws.client("cloudwatch").describe_alarms(**asked)["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def test_alarms_have_the_state_that_their_own_dimensions_data_gives(aws: Aws) -> None:
    put_points(aws, "Errors", windows(9), "loud")
    put_points(aws, "Errors", windows(1), "calm")
    for function in ("loud", "calm", "silent"):
        put_alarm(aws, function, **on_errors(function))
    assert states(aws) == {"loud": "ALARM", "calm": "OK", "silent": "INSUFFICIENT_DATA"}
    assert states(aws, StateValue="ALARM") == {"loud": "ALARM"}
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=["loud"])["MetricAlarms"]
    assert "1 out of the last 1 datapoints [9] were greater than the threshold (5)" in alarm["StateReason"]
    assert datetime.now(UTC) - alarm["StateUpdatedTimestamp"] < timedelta(hours=1)


def test_an_alarm_changes_its_state_with_the_data(aws: Aws) -> None:
    put_alarm(aws, "errors", **on_errors())
    assert states(aws) == {"errors": "INSUFFICIENT_DATA"}
    put_points(aws, "Errors", windows(9))
    assert states(aws) == {"errors": "ALARM"}


def test_data_points_to_alarm_and_missing_data_count(aws: Aws) -> None:
    put_points(aws, "Errors", windows(9, None, 9))
    of_three = {**on_errors(), "EvaluationPeriods": 3}
    put_alarm(aws, "two-of-three", **of_three, DatapointsToAlarm=2)
    put_alarm(aws, "all-three", **of_three, TreatMissingData="notBreaching")
    put_alarm(aws, "missing-breaches", **of_three, TreatMissingData="breaching")
    put_alarm(aws, "nothing-is-well", **on_errors("nobody"), TreatMissingData="notBreaching")
    put_alarm(aws, "nothing-is-bad", **on_errors("nobody"), TreatMissingData="breaching")
    assert states(aws) == {
        "two-of-three": "ALARM",
        "all-three": "OK",
        "missing-breaches": "ALARM",
        "nothing-is-well": "OK",
        "nothing-is-bad": "ALARM",
    }


def test_an_alarm_that_ignores_missing_data_keeps_its_state(aws: Aws) -> None:
    put_alarm(aws, "ignoring", **on_errors("nobody"), TreatMissingData="ignore")
    assert states(aws) == {"ignoring": "INSUFFICIENT_DATA"}
    aws.client("cloudwatch").set_alarm_state(AlarmName="ignoring", StateValue="ALARM", StateReason="a test")
    assert states(aws) == {"ignoring": "ALARM"}
    put_alarm(aws, "missing", **on_errors("nobody"))
    aws.client("cloudwatch").set_alarm_state(AlarmName="missing", StateValue="ALARM", StateReason="a test")
    assert states(aws)["missing"] == "INSUFFICIENT_DATA"


def test_alarms_on_metric_math_keep_it_and_are_evaluated(aws: Aws) -> None:
    put_points(aws, "Errors", windows(9))
    put_points(aws, "Invocations", windows(90))
    metrics = [RATE, query("errors", "Errors", PERIOD_S), query("invocations", "Invocations", PERIOD_S)]
    put_alarm(aws, "over-5", Metrics=metrics)
    put_alarm(aws, "over-15", Metrics=metrics, Threshold=15.0)
    assert states(aws) == {"over-5": "ALARM", "over-15": "OK"}
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=["over-5"])["MetricAlarms"]
    assert alarm["Metrics"] == metrics
    assert not {"MetricName", "Namespace", "Period", "Statistic"} & alarm.keys()


def test_an_alarm_whose_metric_math_has_no_sense_is_refused(aws: Aws) -> None:
    common = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
    put = aws.client("cloudwatch").put_metric_alarm
    unknown = [{**RATE, "Expression": "errors/calls"}, *BOTH]
    assert refused(put, AlarmName="a", Metrics=unknown, **common)[0] == "ValidationError"
    two = [RATE, {**BOTH[0], "ReturnData": True}, BOTH[1]]
    code, message = refused(put, AlarmName="a", Metrics=two, **common)
    assert (code, "Exactly one" in message) == ("ValidationError", True)
    assert states(aws) == {}


def test_an_alarm_beyond_its_bounds_is_refused(aws: Aws) -> None:
    alarm = {
        "AlarmName": "a", "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold", "Period": 300, "EvaluationPeriods": 1,
    }  # fmt: skip
    put = aws.client("cloudwatch").put_metric_alarm
    code, message = refused(put, **{**alarm, "EvaluationPeriods": 289})
    assert (code, "86400" in message) == ("ValidationError", True)
    elsewhere = f"arn:aws:sns:eu-west-1:{aws.account}:ops"
    assert refused(put, **alarm, AlarmActions=[elsewhere])[0] == "ValidationError"
    assert not aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    put(**alarm, AlarmActions=[elsewhere.replace("eu-west-1", "us-east-1")])
    assert len(aws.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 1


# Logs Insights


def put_logs(aws: Aws, group: str, *messages: str) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    at = int(time.time() * 1000) - 60_000
    events = [{"timestamp": at + n, "message": message} for n, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def asking(query_string: str, *groups: str) -> dict[str, Any]:
    now = int(time.time())
    return {
        "logGroupNames": list(groups),
        "startTime": now - 3600,
        "endTime": now + 60,
        "queryString": query_string,
    }


COUNT = "filter @message like /ERROR/ | stats count(*) as n by @log"


def test_a_query_runs_and_then_is_complete_with_its_statistics(aws: Aws) -> None:
    put_logs(aws, "one", "ERROR a", "fine", "ERROR b")
    put_logs(aws, "two", "ERROR ü")
    put_logs(aws, "third", "ERROR not asked")
    logs = aws.client("logs")
    query_id = logs.start_query(**asking(COUNT, "one", "two"))["queryId"]
    first = logs.get_query_results(queryId=query_id)
    assert (first["status"], first["results"]) == ("Running", [])
    for _ in range(2):
        told = logs.get_query_results(queryId=query_id)
        assert told["status"] == "Complete"
        assert told["results"] == [
            [{"field": "@log", "value": f"{aws.account}:one"}, {"field": "n", "value": "2"}],
            [{"field": "@log", "value": f"{aws.account}:two"}, {"field": "n", "value": "1"}],
        ]
        assert told["statistics"] == {"recordsMatched": 3.0, "recordsScanned": 4.0, "bytesScanned": 26.0}


def test_events_outside_the_time_asked_for_are_not_scanned(aws: Aws) -> None:
    put_logs(aws, "one", "ERROR a")
    logs = aws.client("logs")
    now = int(time.time())
    asked = {**asking(COUNT, "one"), "startTime": now - 7200, "endTime": now - 3600}
    query_id = logs.start_query(**asked)["queryId"]
    logs.get_query_results(queryId=query_id)
    told = logs.get_query_results(queryId=query_id)
    assert (told["results"], told["statistics"]["recordsScanned"]) == ([], 0.0)


def test_more_events_than_a_page_holds_are_all_scanned(aws: Aws) -> None:
    group, logs = "many", aws.client("logs")
    put_logs(aws, group, "ERROR first")
    at = int(time.time() * 1000) - 50_000
    for part in range(2):
        # Three to a millisecond, so that a page ends within one.
        events = [{"timestamp": at + part * 2500 + n // 3, "message": "ERROR again"} for n in range(7000)]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    query_id = logs.start_query(**asking(COUNT, group))["queryId"]
    logs.get_query_results(queryId=query_id)
    told = logs.get_query_results(queryId=query_id)
    assert told["statistics"]["recordsScanned"] == 14_001.0
    assert told["results"][0][1] == {"field": "n", "value": "14001"}


def test_what_functions_that_ran_have_reported_is_aggregated(aws: Aws, deploy: Deploy) -> None:
    deploy("f", MemorySize=512)
    for _ in range(3):
        aws.client("lambda").invoke(FunctionName="f")
    logs = aws.client("logs")
    query_string = "filter @type = 'REPORT' | stats count(*) as runs, max(@memorySize) as size, min(@duration) as took"
    query_id = logs.start_query(**asking(query_string, "/aws/lambda/f"))["queryId"]
    logs.get_query_results(queryId=query_id)
    (row,) = logs.get_query_results(queryId=query_id)["results"]
    found = {cell["field"]: float(cell["value"]) for cell in row}
    assert (found["runs"], found["size"]) == (3, 512e6)
    assert found["took"] >= 0


def test_a_query_that_is_not_understood_is_malformed_and_says_where(aws: Aws) -> None:
    put_logs(aws, "one", "a")
    logs = aws.client("logs")
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        logs.start_query(**asking("fields @message | parse @message '*' as x", "one"))
    location = caught.value.response["queryCompileError"]["location"]
    assert location["startCharOffset"] == 17


def test_log_groups_are_queried_by_their_class_and_those_of_delivery_never(aws: Aws) -> None:
    logs = aws.client("logs")
    for name, kind in (("one", "STANDARD"), ("rare", "INFREQUENT_ACCESS"), ("sent", "DELIVERY")):
        logs.create_log_group(logGroupName=name, logGroupClass=kind)
    assert logs.start_query(**asking(COUNT, "one"))["queryId"] and logs.start_query(**asking(COUNT, "rare"))["queryId"]
    for names in (("one", "rare"), ("sent",), ("one", "sent")):
        assert refused(logs.start_query, **asking(COUNT, *names))[0] == "InvalidParameterException"


def test_queries_that_aws_does_not_start_stop_or_know(aws: Aws) -> None:
    put_logs(aws, "one", "a")
    logs = aws.client("logs")
    assert refused(logs.start_query, **asking(COUNT, "one", "absent"))[0] == "ResourceNotFoundException"
    code, message = refused(logs.start_query, **asking(COUNT, *(f"group-{n}" for n in range(51))))
    assert (code, "less than or equal to 50" in message) == ("InvalidParameterException", True)
    unknown = "12ab3456-12ab-123a-789e-1234567890ab"
    assert refused(logs.get_query_results, queryId=unknown)[0] == "ResourceNotFoundException"
    assert refused(logs.stop_query, queryId=unknown)[0] == "ResourceNotFoundException"
    query_id = logs.start_query(**asking(COUNT, "one"))["queryId"]
    assert logs.stop_query(queryId=query_id)["success"]
    assert logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    assert refused(logs.stop_query, queryId=query_id)[0] == "InvalidParameterException"

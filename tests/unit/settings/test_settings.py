"""Each setting: what it observes, the call it writes, and that undoing is the same call the other way."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lambda_tailor.model.secret import Secret
from lambda_tailor.settings import alarm, all_settings, function_code, function_configuration, queue
from lambda_tailor.settings.setting import Broken, Progress, ResourceAddress

HERE = ResourceAddress("123456789012", "eu-central-1", "aws", "thing")


def configuration(**given: Any) -> dict[str, Any]:
    base = {"MemorySize": 3008, "Timeout": 300, "RevisionId": "r1", "Layers": [{"Arn": "l1"}]}
    return {"Configuration": {**base, **given}}


def test_one_update_carries_only_what_changes_and_the_revision() -> None:
    observed = function_configuration.observe(HERE, configuration())
    call = function_configuration.write(HERE, observed, {"memory_mb": 1024, "timeout_s": 30, "dead_letter_arn": None})
    assert call.parameters == {
        "FunctionName": "thing",
        "MemorySize": 1024,
        "Timeout": 30,
        "DeadLetterConfig": {"TargetArn": ""},
        "RevisionId": "r1",
    }


def test_existing_variables_are_merged_and_stay_as_they_are() -> None:
    variables = {"Variables": {"A": Secret("1"), "B": Secret("2")}}
    observed = function_configuration.observe(HERE, configuration(Environment=variables))
    call = function_configuration.write(HERE, observed, {"environment.C": Secret("3"), "environment.B": None})
    assert call.parameters["Environment"] == {"Variables": {"A": Secret("1"), "C": Secret("3")}}


def test_without_a_variable_to_change_the_environment_is_not_sent() -> None:
    variables = {"Variables": {"A": Secret("1")}}
    observed = function_configuration.observe(HERE, configuration(Environment=variables))
    assert "Environment" not in function_configuration.write(HERE, observed, {"memory_mb": 128}).parameters


def test_variables_that_cannot_be_decrypted_are_never_replaced() -> None:
    broken = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}}
    observed = function_configuration.observe(HERE, configuration(Environment=broken))
    refusal = function_configuration.refuse(observed, {"environment.A": Secret("x")})
    assert refusal is not None
    assert "kms:Decrypt is not allowed" in refusal
    assert function_configuration.refuse(observed, {"memory_mb": 128}) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Progress.SETTLED),
        ({"LastUpdateStatus": "InProgress"}, Progress.PENDING),
        ({"State": "Pending"}, Progress.PENDING),
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"}, Broken("no subnet")),
    ],
)
def test_an_update_in_progress_is_told_from_one_that_is_over(given: dict[str, str], expected: object) -> None:
    assert function_configuration.progress(configuration(**given)) == expected


def test_a_function_whose_update_failed_is_broken() -> None:
    assert isinstance(function_configuration.progress(configuration(LastUpdateStatus="Failed")), Broken)


def test_a_queue_with_messages_is_never_deleted() -> None:
    attributes = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "2"}
    observed = queue.observe(HERE, {"Attributes": attributes})
    assert queue.refuse(observed, {"exists": False}) is not None
    assert queue.refuse(queue.observe(HERE, {"Attributes": {}}), {"exists": False}) is None


def test_a_queue_is_made_encrypted_and_keeps_messages_for_14_days() -> None:
    call = queue.write(HERE, {}, {"exists": True})
    assert call.parameters["Attributes"] == {"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true"}


def test_a_described_alarm_and_the_put_that_made_it_are_equal() -> None:
    put = {
        "AlarmDescription": "d",
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics": [{"Id": "e", "Expression": "1+1", "ReturnData": True}],
    }
    described = {**put, "AlarmArn": "a", "StateValue": "OK", "ActionsEnabled": True, "OKActions": [], "Dimensions": []}
    assert alarm.definition(described) == put


@pytest.mark.parametrize(
    ("kind", "observed", "there", "back"),
    [
        ("function-concurrency", {"reserved_concurrency": None}, "PutFunctionConcurrency", "DeleteFunctionConcurrency"),
        ("function-concurrency", {"reserved_concurrency": 5}, "PutFunctionConcurrency", "PutFunctionConcurrency"),
        ("log-retention", {"retention_days": None}, "PutRetentionPolicy", "DeleteRetentionPolicy"),
        ("log-group", {"exists": False}, "CreateLogGroup", "DeleteLogGroup"),
        ("queue", {"exists": False}, "CreateQueue", "DeleteQueue"),
        ("alarm", {"definition": None}, "PutMetricAlarm", "DeleteAlarms"),
        ("bucket-versioning", {"versioning": "Suspended"}, "PutBucketVersioning", "PutBucketVersioning"),
        ("role-policy", {"document": None}, "PutRolePolicy", "DeleteRolePolicy"),
    ],
)
def test_every_write_has_its_way_back(kind: str, observed: dict[str, Any], there: str, back: str) -> None:
    after: dict[str, dict[str, Any]] = {
        "function-concurrency": {"reserved_concurrency": 50},
        "log-retention": {"retention_days": 7},
        "log-group": {"exists": True},
        "queue": {"exists": True},
        "alarm": {"definition": {"Threshold": 1.0}},
        "bucket-versioning": {"versioning": "Enabled"},
        "role-policy": {"document": {"Statement": []}},
    }
    setting = all_settings()[kind]
    assert setting.write(HERE, observed, after[kind]).action == there
    assert setting.write(HERE, after[kind], observed).action == back


def test_a_bucket_that_was_never_versioned_cannot_go_back_exactly() -> None:
    setting = all_settings()["bucket-versioning"]
    assert setting.inexact_undo({"versioning": None}, {}) is not None
    assert setting.inexact_undo({"versioning": "Suspended"}, {}) is None


def test_logging_is_sent_whole_and_text_without_levels() -> None:
    levels = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN", "LogGroup": "/shared"}
    observed = function_configuration.observe(HERE, {"Configuration": {"LoggingConfig": levels}})
    text = {"log_format": "Text", "application_log_level": None, "system_log_level": None}
    call = function_configuration.write(HERE, observed, text)
    assert call.parameters["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/shared"}
    # And back: with its levels, in the same group.
    was = {name: observed[name] for name in text}
    in_text = function_configuration.observe(HERE, {"Configuration": {"LoggingConfig": {"LogGroup": "/shared"}}})
    assert function_configuration.write(HERE, in_text, was).parameters["LoggingConfig"] == levels


def test_code_is_sent_again_under_the_customers_key() -> None:
    code = {"Location": Secret("https://example.org/code"), "SourceKMSKeyArn": "arn:aws:kms:us-east-1:1:key/k"}
    observed = function_code.observe(HERE, {"Configuration": {}, "Code": code})
    call = function_code.write(HERE, observed, {"architecture": "arm64"})
    assert call.parameters["SourceKMSKeyArn"] == "arn:aws:kms:us-east-1:1:key/k"
    assert function_code.refuse(observed, {"architecture": "arm64"}) is None


def test_signed_code_is_not_sent_again() -> None:
    signed = {"Configuration": {"SigningJobArn": "arn:aws:signer:j"}, "Code": {"Location": Secret("https://x")}}
    observed = function_code.observe(HERE, signed)
    assert "signed" in (function_code.refuse(observed, {"architecture": "arm64"}) or "")


@pytest.mark.parametrize(
    ("configuration", "settled"),
    [
        ({"State": "Inactive"}, Progress.SETTLED),
        ({"State": "Failed"}, Progress.SETTLED),
        ({"State": "Pending"}, Progress.PENDING),
        ({"State": "Active", "LastUpdateStatus": "InProgress"}, Progress.PENDING),
    ],
)
def test_only_pending_and_an_update_in_progress_are_waited_for(
    configuration: dict[str, str], settled: Progress
) -> None:
    assert function_configuration.progress({"Configuration": configuration}) is settled


def test_an_alarm_is_put_back_with_every_member_that_is_told_of_it() -> None:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    put = set(model.operation_model("PutMetricAlarm").input_shape.members)
    told = set(model.shape_for("MetricAlarm").members)
    assert put & told - {"AlarmName"} <= set(alarm.DEFINITION)
    kept = alarm.definition({"EvaluationWindow": {"x": 1}, "WarmUpConfiguration": {"y": 2}, "MetricName": "Errors"})
    assert kept == {"EvaluationWindow": {"x": 1}, "WarmUpConfiguration": {"y": 2}, "MetricName": "Errors"}

"""The settings of the rules beyond the ten: what they observe, what they write, what they refuse."""

from __future__ import annotations

import pytest

from lambda_tailor.settings import (
    event_invoke_config,
    function_version,
    provisioned_concurrency,
    queue_visibility,
    recursive_loop,
)
from lambda_tailor.settings.setting import Broken, Progress, ResourceAddress


def address(resource: str) -> ResourceAddress:
    return ResourceAddress("123456789012", "eu-central-1", "aws", resource)


def test_retries_are_updated_so_that_destinations_stay_which_another_hand_gives_meanwhile() -> None:
    destinations = {"OnFailure": {"Destination": "arn:aws:sqs:eu-central-1:123456789012:lost"}}
    answer = {"MaximumRetryAttempts": 2, "DestinationConfig": destinations}
    observed = event_invoke_config.observe(address("f"), answer)
    call = event_invoke_config.write(address("f"), observed, {"async_retries": 0})
    assert call.action == "UpdateFunctionEventInvokeConfig"
    assert call.parameters == {"FunctionName": "f", "MaximumRetryAttempts": 0}
    # Only where one part goes and another stays has all of it to be put.
    call = event_invoke_config.write(address("f"), observed, {"async_retries": None})
    assert call.action == "PutFunctionEventInvokeConfig"
    assert call.parameters == {"FunctionName": "f", "DestinationConfig": destinations}


def test_undoing_the_first_retries_deletes_the_configuration() -> None:
    answer = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}}
    observed = event_invoke_config.observe(address("f"), answer)
    call = event_invoke_config.write(address("f"), observed, {"async_retries": None})
    assert call.action == "DeleteFunctionEventInvokeConfig"


def test_a_version_is_deleted_and_never_the_function() -> None:
    call = function_version.write(address("f:3"), {"exists": True}, {"exists": False})
    assert (call.action, call.parameters) == ("DeleteFunction", {"FunctionName": "f", "Qualifier": "3"})
    for resource in ("f", "f:", "f:live", ":3"):
        with pytest.raises(ValueError, match="names no published version"):
            function_version.write(address(resource), {"exists": True}, {"exists": False})


def test_a_deleted_version_is_not_put_back() -> None:
    assert function_version.refuse({"exists": False}, {"exists": True})
    assert function_version.refuse({"exists": True}, {"exists": False}) is None
    assert function_version.inexact_undo({"exists": True}, {})


def test_provisioned_executions_are_put_or_taken_away() -> None:
    there = provisioned_concurrency.observe(address("f:live"), {"RequestedProvisionedConcurrentExecutions": 5})
    assert there == {"provisioned": 5}
    put = provisioned_concurrency.write(address("f:live"), there, {"provisioned": 2})
    assert put.parameters == {"FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 2}
    assert provisioned_concurrency.write(address("f:live"), there, {"provisioned": None}).action == (
        "DeleteProvisionedConcurrencyConfig"
    )


def test_executions_that_are_prepared_are_waited_for() -> None:
    assert provisioned_concurrency.progress({"Status": "IN_PROGRESS"}) is Progress.PENDING
    assert provisioned_concurrency.progress({"Status": "READY"}) is Progress.SETTLED
    assert provisioned_concurrency.progress({"Status": "FAILED", "StatusReason": "r"}) == Broken("r")


def test_only_the_queues_visibility_timeout_is_written() -> None:
    observed = queue_visibility.observe(address("q"), {"Attributes": {"VisibilityTimeout": "30"}})
    assert observed == {"visibility_timeout_s": 30}
    call = queue_visibility.write(address("q"), observed, {"visibility_timeout_s": 180})
    assert call.parameters["Attributes"] == {"VisibilityTimeout": "180"}
    assert queue_visibility.refuse(queue_visibility.observe(address("q"), None), {"visibility_timeout_s": 1})


def test_loop_detection_is_on_where_lambda_does_not_say_otherwise() -> None:
    assert recursive_loop.observe(address("f"), None) == {"recursive_loop": "Terminate"}
    call = recursive_loop.write(address("f"), {}, {"recursive_loop": "Allow"})
    assert call.parameters == {"FunctionName": "f", "RecursiveLoop": "Allow"}

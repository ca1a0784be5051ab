"""What else the embedded AWS refuses as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.conftest import Aws
from tests.integration.test_provisioned_schedule import TARGET, provisioned
from tests.integration.test_strict_aws import refused

__all__ = ["provisioned"]
Deploy = Callable[..., dict[str, Any]]


def test_no_more_than_fifty_log_groups_are_named(aws: Aws) -> None:
    logs, names = aws.client("logs"), [f"/aws/lambda/f{n}" for n in range(51)]
    assert logs.describe_log_groups(logGroupIdentifiers=names[:50])["logGroups"] == []
    code, message = refused(logs.describe_log_groups, logGroupIdentifiers=names)
    assert (code, "50" in message) == ("InvalidParameterException", True)
    assert refused(logs.describe_log_groups, logGroupIdentifiers=names[:1], logGroupNamePrefix="/aws")[0] == code


def test_what_is_not_configured_cannot_be_updated(aws: Aws, deploy: Deploy) -> None:
    deploy("f")
    functions = aws.client("lambda")
    code, message = refused(functions.update_function_event_invoke_config, FunctionName="f", MaximumRetryAttempts=1)
    assert (code, "doesn't have an EventInvokeConfig" in message) == ("ResourceNotFoundException", True)
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    changed = functions.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    assert changed["MaximumRetryAttempts"] == 1


def test_a_maximum_under_the_minimum_is_refused(provisioned: Aws) -> None:
    scaling = provisioned.client("application-autoscaling")
    code, message = refused(scaling.register_scalable_target, **TARGET, MinCapacity=2, MaxCapacity=1)
    assert (code, "Maximum capacity" in message) == ("ValidationException", True)
    assert scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"] == []


def test_an_action_that_is_not_there_cannot_be_deleted(provisioned: Aws) -> None:
    scaling = provisioned.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=1)
    code, _ = refused(scaling.delete_scheduled_action, **TARGET, ScheduledActionName="lambda-tailor-up")
    assert code == "ObjectNotFoundException"

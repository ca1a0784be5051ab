"""Application Auto Scaling as the strict layer answers for it, and the schedule on it: priced, applied, put back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
TARGET = {
    "ServiceNamespace": "lambda",
    "ResourceId": "function:f:1",
    "ScalableDimension": "lambda:function:ProvisionedConcurrency",
}


@pytest.fixture
def provisioned(aws: Aws, deploy: Deploy) -> Aws:
    deploy("f", MemorySize=1024)
    functions = aws.client("lambda")
    functions.publish_version(FunctionName="f")
    functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=10)
    return aws


def described(aws: Aws) -> tuple[list[Any], list[Any]]:
    scaling = aws.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="lambda", ResourceIds=["function:f:1"])
    names = ["lambda-tailor-up", "lambda-tailor-down"]
    asked = {"ServiceNamespace": "lambda", "ResourceId": "function:f:1", "ScheduledActionNames": names}
    return targets["ScalableTargets"], scaling.describe_scheduled_actions(**asked)["ScheduledActions"]


def test_targets_and_their_actions_are_kept_and_senseless_ones_refused(provisioned: Aws) -> None:
    scaling = provisioned.client("application-autoscaling")
    action = {"ScheduledActionName": "lambda-tailor-up", "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1}}
    with pytest.raises(ClientError, match="No scalable target registered"):
        scaling.put_scheduled_action(**TARGET, **action, Schedule="cron(0 8 * * ? *)")
    with pytest.raises(ClientError, match="ValidationException"):
        scaling.register_scalable_target(**{**TARGET, "ResourceId": "function:f:$LATEST"}, MinCapacity=0, MaxCapacity=1)
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=1)
    with pytest.raises(ClientError, match="Invalid schedule"):
        scaling.put_scheduled_action(**TARGET, **action, Schedule="at eight")
    scaling.put_scheduled_action(**TARGET, **action, Schedule="cron(0 8 * * ? *)")
    targets, actions = described(provisioned)
    assert (len(targets), [each["Schedule"] for each in actions]) == (1, ["cron(0 8 * * ? *)"])
    scaling.deregister_scalable_target(**TARGET)
    assert described(provisioned) == ([], [])


def test_business_hours_are_scheduled_and_taken_away_again(provisioned: Aws, tmp_path: Path) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    dimensions = [{"Name": "FunctionName", "Value": "f"}, {"Name": "Resource", "Value": "f:1"}]
    data = [
        {
            "MetricName": "ProvisionedConcurrentExecutions", "Dimensions": dimensions, "Value": 4.0,
            "Timestamp": midnight - timedelta(days=day) + timedelta(hours=hour, minutes=30),
        }
        for day in (2, 3) for hour in range(8, 18)
    ]  # fmt: skip
    provisioned.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {provisioned-concurrency-schedule: {}}")
    arguments = ("--function", "f", "--policy", str(policy))
    (change,) = provisioned.json("plan", *arguments)["functions"][0]["changes"]
    assert change["after"] == {"executions": 10, "up": "cron(50 7 * * ? *)", "down": "cron(5 18 * * ? *)"}
    # Ten GB for 14 of 24 hours at 0.0000041667 a GB-second.
    assert change["monthly_usd"]["low"] == pytest.approx(10 * 730 * 3600 * 14 / 24 * 0.0000041667, abs=0.1)
    run = provisioned.json("apply", *arguments, "--auto-approve")
    assert run["summary"]["failed"] == 0
    targets, actions = described(provisioned)
    assert (targets[0]["MinCapacity"], targets[0]["MaxCapacity"], len(actions)) == (0, 10, 2)
    provisioned.control.reset()
    provisioned.run("apply", *arguments, "--auto-approve")
    assert not provisioned.control.writes()
    provisioned.run("rollback", run["run_id"], "--auto-approve")
    assert described(provisioned) == ([], [])


def test_of_a_target_that_is_registered_the_least_is_lowered_and_put_back(provisioned: Aws, tmp_path: Path) -> None:
    scaling = provisioned.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=8, MaxCapacity=20)
    dimensions = [{"Name": "FunctionName", "Value": "f"}, {"Name": "Resource", "Value": "f:1"}]
    datum = {
        "MetricName": "ProvisionedConcurrentExecutions", "Dimensions": dimensions, "Value": 4.0,
        "Timestamp": datetime.now(UTC) - timedelta(days=2),
    }  # fmt: skip
    provisioned.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
    before = provisioned.snapshot()
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {provisioned-concurrency: {}}")
    arguments = ("--function", "f", "--policy", str(policy))
    (change,) = provisioned.json("plan", *arguments)["functions"][0]["changes"]
    assert (change["setting"], change["after"]) == ("scalable_target.1", {"min": 6, "max": 20})
    assert change["monthly_usd"]["high"] == pytest.approx(2 * 730 * 3600 * 0.0000041667, abs=0.1)
    provisioned.control.reset()
    run = provisioned.json("apply", *arguments, "--auto-approve")
    # On the function itself nothing is written: what owns the number would put it back.
    assert provisioned.control.writes() == {"application-autoscaling:RegisterScalableTarget": 1}
    assert described(provisioned)[0][0]["MinCapacity"] == 6
    provisioned.control.reset()
    provisioned.run("apply", *arguments, "--auto-approve")
    assert not provisioned.control.writes()
    provisioned.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, provisioned.snapshot()) == []


def test_a_number_that_the_clock_sets_is_told(provisioned: Aws, tmp_path: Path) -> None:
    scaling = provisioned.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=8, MaxCapacity=20)
    action = {"ScheduledActionName": "day", "ScalableTargetAction": {"MinCapacity": 8}}
    scaling.put_scheduled_action(**TARGET, **action, Schedule="cron(0 8 * * ? *)")
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {provisioned-concurrency: {}}")
    found = provisioned.json("plan", "--function", "f", "--policy", str(policy))["functions"][0]["changes"]
    assert [(each["kind"], "scheduled actions set it" in each["reason"]) for each in found] == [("finding", True)]

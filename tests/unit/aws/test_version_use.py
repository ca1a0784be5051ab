"""Which published versions are still used: each of the four ways by itself, and none where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.aws.lookups.version_use import DAYS
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.function import Found, Resource, Unreadable
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT, a_function
from tests.unit.aws.answering import NOW, Answering, Replies

NAME = "lambda-function-dev"
ARN = a_function(NAME).arn


def no_policy(_: Mapping[str, Any]) -> Answer:
    raise AwsRefused("no policy", code="ResourceNotFoundException")


def metrics(**runs: float) -> Callable[[Mapping[str, Any]], Answer]:
    """Invocations by version, named ``v7=12``."""

    def answer(asked: Mapping[str, Any]) -> Answer:
        assert (asked["EndTime"] - asked["StartTime"]).days == DAYS == 90
        results = []
        for query in asked["MetricDataQueries"]:
            dimensions = {d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]}
            assert dimensions == {"FunctionName": NAME, "Resource": f"{NAME}:{query['Id'][1:]}"}
            count = runs.get(query["Id"])
            points = {} if count is None else {"Timestamps": [NOW], "Values": [count]}
            results.append({"Id": query["Id"], **points})
        return {"MetricDataResults": results}

    return answer


NOTHING: Replies = {
    "GetMetricData": metrics(),
    "ListEventSourceMappings": lambda _: {"EventSourceMappings": [{"UUID": "u", "FunctionArn": ARN}]},
    "ListFunctionEventInvokeConfigs": lambda _: {"FunctionEventInvokeConfigs": [{"FunctionArn": f"{ARN}:$LATEST"}]},
    "GetPolicy": no_policy,
}


def look(replies: Replies, versions: str = "6,7") -> tuple[Resource, Answering]:
    gateway = Answering({**NOTHING, **replies})
    name = f"{NAME} {versions}"
    return all_kinds()["version-use"].read(OpenScope(gateway, ACCOUNT, "aws"), [name])[name], gateway


def used(replies: Replies) -> Any:
    found, _ = look(replies)
    assert isinstance(found, Found)
    return found.state["used"]


def test_what_nothing_uses_is_not_used() -> None:
    assert used({}) == {}


def test_invocations_of_ninety_days_are_use() -> None:
    assert used({"GetMetricData": metrics(v7=12)}) == {"7": "it ran 12 times in 90 days"}
    assert used({"GetMetricData": metrics(v7=0)}) == {}


def test_an_event_source_of_the_version_is_use_and_another_functions_is_not() -> None:
    mappings = [{"UUID": "u-1", "FunctionArn": f"{ARN}:7"}, {"UUID": "u-2", "FunctionArn": f"{ARN}-other:6"}]
    found = used({"ListEventSourceMappings": lambda _: {"EventSourceMappings": mappings}})
    assert found == {"7": "the event source u-1 invokes it"}


def test_retries_and_destinations_of_its_own_are_use() -> None:
    configured = [{"FunctionArn": f"{ARN}:6"}]
    found = used({"ListFunctionEventInvokeConfigs": lambda _: {"FunctionEventInvokeConfigs": configured}})
    assert list(found) == ["6"]


def test_a_policy_by_its_qualifier_is_use() -> None:
    def policy(asked: Mapping[str, Any]) -> Answer:
        return {"Policy": "{}"} if asked["Qualifier"] == "6" else no_policy(asked)

    assert list(used({"GetPolicy": policy})) == ["6"]


def test_what_is_known_to_be_used_is_not_asked_for_its_policy_too() -> None:
    _, gateway = look({"GetMetricData": metrics(v7=1)})
    assert [c.parameters["Qualifier"] for c in gateway.asked if c.action == "GetPolicy"] == ["6"]


@pytest.mark.parametrize("denied", ["GetMetricData", "ListEventSourceMappings", "ListFunctionEventInvokeConfigs"])
def test_what_may_not_be_asked_is_no_proof_that_nothing_uses_it(denied: str) -> None:
    gateway = Answering({name: reply for name, reply in NOTHING.items() if name != denied})
    name = f"{NAME} 6,7"
    assert isinstance(all_kinds()["version-use"].read(OpenScope(gateway, ACCOUNT, "aws"), [name])[name], Unreadable)


def test_more_versions_than_a_call_takes_are_asked_in_several() -> None:
    _, gateway = look({}, ",".join(str(n) for n in range(1, 601)))
    assert gateway.calls["cloudwatch:GetMetricData"] == 2 and gateway.calls["lambda:GetPolicy"] == 600

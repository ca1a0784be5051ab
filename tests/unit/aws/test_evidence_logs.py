"""Logs Insights: what its answers tell, and what becomes of queries that are refused or never end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from lambda_tailor.aws import evidence_logs
from lambda_tailor.aws.evidence import EvidenceOptions, gather
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.evidence import Absent, AtMemory, Measured
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT, a_function
from tests.unit.aws.answering import (
    ALL,
    NOW,
    VALUES,
    Answering,
    Replies,
    fleet,
    insights,
    metric_data,
    one_size,
    read,
    row,
)


def test_several_sizes_in_the_window_are_told_apart() -> None:
    def two(group: str) -> list[list[dict[str, str]]]:
        small = row(group, memory=1024, mostUsed=250, meanTook=200, meanBilled=201, timedOut=2, runs=10)
        return [*one_size(group), small]

    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(two)})
    (evidence,) = read(gateway, fleet(1), readings=ALL).evidence.values()
    assert evidence.at_memory == (AtMemory(3008, 990, 118.5, 119.0, 211.0), AtMemory(1024, 10, 200.0, 201.0, 250.0))
    assert isinstance(evidence.memory_used, Measured)
    assert (evidence.memory_used.value, evidence.memory_used.samples) == (250.0, 1000)
    assert isinstance(evidence.billed_avg, Measured)
    assert evidence.billed_avg.value == pytest.approx((990 * 119 + 10 * 201) / 1000)
    assert isinstance(evidence.timeouts, Measured)
    assert evidence.timeouts.value == 2


def test_days_of_one_size_are_one_size_and_the_most_memory_of_each_day_is_kept() -> None:
    def by_day(group: str) -> list[list[dict[str, str]]]:
        common = {"memory": 512, "timedOut": 0}
        return [
            row(group, **common, day=20_400, mostUsed=90, meanTook=10, meanBilled=10, runs=30, meanInit=100, inits=1),
            row(group, **common, day=20_402, mostUsed=120, meanTook=20, meanBilled=20, runs=10, meanInit=400, inits=3),
        ]

    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(by_day)})
    (evidence,) = read(gateway, fleet(1), readings=ALL).evidence.values()
    assert evidence.at_memory == (AtMemory(512, 40, 12.5, 12.5, 120.0),)
    assert isinstance(evidence.memory_used, Measured) and isinstance(evidence.init_avg, Measured)
    assert evidence.memory_used.value == 120
    assert evidence.memory_used.daily == (("2025-11-08", 90.0), ("2025-11-10", 120.0))
    # One init of 100 ms and three of 400 ms, whatever the runs.
    assert evidence.init_avg.value == 325


def test_a_log_group_that_is_not_there_costs_no_other_its_answer() -> None:
    good = insights(one_size)

    def start(asked: Mapping[str, Any]) -> Answer:
        if "/aws/lambda/f0003" in asked["logGroupNames"]:
            raise AwsRefused("no such group", code="ResourceNotFoundException")
        return good["StartQuery"](asked)

    found = evidence_logs.aggregate(
        Answering({**good, "StartQuery": start}), [f.log_group for f in fleet(8)], NOW, 14, lambda _: None
    )
    assert len(found.by_group) == 7
    assert found.gap is None


def test_a_query_that_never_ends_is_given_up() -> None:
    slow = {"StartQuery": lambda _: {"queryId": "q"}, "GetQueryResults": lambda _: {"status": "Running"}}
    found = evidence_logs.aggregate(Answering(slow), ["/aws/lambda/f"], NOW, 14, lambda _: None)
    assert found.gap is not None
    assert "ended as Running" in found.gap


def limited(times: int) -> tuple[Answering, Callable[[Mapping[str, Any]], Answer]]:
    left = [times]

    def start(_: Mapping[str, Any]) -> Answer:
        left[0] -= 1
        if left[0] >= 0:
            raise AwsRefused("too many concurrent queries", code="LimitExceededException")
        return {"queryId": "q"}

    return Answering({"StartQuery": start, "GetQueryResults": lambda _: {"status": "Complete"}}), start


def test_a_query_waits_for_a_place_among_a_hundred() -> None:
    gateway, _ = limited(3)
    waits: list[float] = []
    answer = evidence_logs.aggregate(gateway, ["/a"], NOW, 14, sleep=waits.append)
    assert answer.gap is None
    assert (gateway.calls["logs:StartQuery"], waits) == (4, [1, 2, 4])


def test_a_query_that_is_given_up_is_stopped_and_its_bytes_are_counted() -> None:
    running = {"status": "Running", "statistics": {"bytesScanned": 7e9}}
    replies: Replies = {
        "StartQuery": lambda _: {"queryId": "q"}, "GetQueryResults": lambda _: running, "StopQuery": lambda _: {},
    }  # fmt: skip
    gateway = Answering(replies)
    answer = evidence_logs.aggregate(gateway, ["/a"], NOW, 14, sleep=lambda _: None)
    assert (gateway.calls["logs:StopQuery"], answer.scanned_bytes) == (1, 7e9)
    assert answer.gap is not None and "ended as Running" in answer.gap


def test_a_group_that_cannot_be_queried_leaves_the_others_theirs() -> None:
    def start(asked: Mapping[str, Any]) -> Answer:
        if "/delivery" in asked["logGroupNames"]:
            raise AwsRefused("log groups of the class DELIVERY", code="InvalidParameterException")
        return {"queryId": ",".join(asked["logGroupNames"])}

    def results(asked: Mapping[str, Any]) -> Answer:
        rows = [row(name, mostUsed=90, runs=5, memory=512) for name in asked["queryId"].split(",")]
        return {"status": "Complete", "results": rows}

    groups = [f"/g{n}" for n in range(40)] + ["/delivery"]
    gateway = Answering({"StartQuery": start, "GetQueryResults": results})
    found = evidence_logs.aggregate(gateway, groups, NOW, 14, sleep=lambda _: None).by_group
    assert len(found) == 40


def by_class(*, readable: bool = True) -> tuple[Answering, list[set[str]]]:
    """Groups of three classes that no query may mix; the sets of groups that were queried, refused ones too."""
    queried: list[set[str]] = []

    def kind(name: str) -> str:
        return {"d": "DELIVERY", "i": "INFREQUENT_ACCESS"}.get(name[1], "STANDARD")

    def described(asked: Mapping[str, Any]) -> Answer:
        if not readable:
            raise AccessDenied("no", action="logs:DescribeLogGroups")
        names = asked["logGroupIdentifiers"]
        assert len(names) <= 50
        return {"logGroups": [{"logGroupName": name, "logGroupClass": kind(name)} for name in names]}

    def start(asked: Mapping[str, Any]) -> Answer:
        names = asked["logGroupNames"]
        queried.append(set(names))
        if len({kind(name) for name in names}) > 1 or any(kind(name) == "DELIVERY" for name in names):
            raise AwsRefused("not of one class", code="InvalidParameterException")
        return {"queryId": ",".join(names)}

    def results(asked: Mapping[str, Any]) -> Answer:
        return {
            "status": "Complete",
            "results": [row(name, mostUsed=90, runs=5, memory=512) for name in asked["queryId"].split(",")],
        }

    return Answering({"DescribeLogGroups": described, "StartQuery": start, "GetQueryResults": results}), queried


MIXED = [f"/s{n}" for n in range(60)] + ["/i0", "/i1", "/d0"]


def test_groups_are_queried_by_their_class_and_those_that_cannot_be_are_left_out_beforehand() -> None:
    gateway, queried = by_class()
    answer = evidence_logs.aggregate(gateway, MIXED, NOW, 14, sleep=lambda _: None)
    assert sorted(map(len, queried)) == [2, 10, 50]
    assert len(answer.by_group) == 62 and "/d0" not in answer.by_group
    # Two pages of classes, three queries and their answers, and none that AWS refused.
    assert gateway.calls == {"logs:DescribeLogGroups": 2, "logs:StartQuery": 3, "logs:GetQueryResults": 3}


def test_classes_that_are_known_are_not_asked_for_again() -> None:
    gateway, _ = by_class()
    known = {name: {"d": "DELIVERY", "i": "INFREQUENT_ACCESS"}.get(name[1], "STANDARD") for name in MIXED}
    answer = evidence_logs.aggregate(gateway, MIXED, NOW, 14, sleep=lambda _: None, classes=known)
    assert gateway.calls["logs:DescribeLogGroups"] == 0
    assert len(answer.by_group) == 62


def test_where_classes_may_not_be_read_a_refused_query_is_halved() -> None:
    gateway, queried = by_class(readable=False)
    answer = evidence_logs.aggregate(gateway, MIXED[50:], NOW, 14, sleep=lambda _: None)
    assert len(answer.by_group) == 12 and len(queried) > 3
    assert gateway.calls["logs:DescribeLogGroups"] == 1


def test_a_function_whose_log_cannot_be_asked_costs_no_sample() -> None:
    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(one_size)})
    functions = fleet(2)
    classes = {functions[0].log_group: "DELIVERY", functions[1].log_group: "STANDARD"}
    options = EvidenceOptions(readings=ALL)
    closed, asked = gather(OpenScope(gateway, ACCOUNT, "aws"), functions, options, lambda: classes).evidence.values()
    assert isinstance(closed.memory_used, Absent) and "class DELIVERY" in closed.memory_used.because
    assert isinstance(asked.memory_used, Measured)
    assert gateway.calls["logs:FilterLogEvents"] == 0


def test_an_aggregate_says_how_far_back_it_reaches_and_that_some_of_it_is_of_older_code() -> None:
    first = (NOW - timedelta(days=7)).timestamp() * 1000

    def kept_for_a_week(group: str) -> list[list[dict[str, str]]]:
        return [row(group, memory=3008, mostUsed=211, meanTook=100, meanBilled=100, timedOut=0, runs=990, first=first)]

    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(kept_for_a_week)})
    for age_days, older in ((3, True), (8, False)):
        changed = (NOW - timedelta(days=age_days)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        (evidence,) = read(gateway, [a_function(last_modified=changed)], readings=ALL).evidence.values()
        assert isinstance(evidence.memory_used, Measured)
        # Seven days of retention are not the fourteen that were asked for.
        assert evidence.memory_used.window_days == pytest.approx(7, abs=0.05)
        told = f"some from before its last deployment or change ({changed[:10]})"
        assert (told in evidence.memory_used.source) is older

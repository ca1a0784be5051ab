"""Samples of REPORT records where nothing is aggregated: the newest, what they cover, what biases them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from lambda_tailor.aws import evidence_logs, evidence_samples
from lambda_tailor.model.evidence import Measured
from lambda_tailor.settings.setting import Answer
from tests.builders import a_function
from tests.unit.aws.answering import ALL, NOW, VALUES, Answering, fleet, metric_data, read

REPORT = (
    "REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: {took} ms\tBilled Duration: {took} ms\t"
    "Memory Size: 3008 MB\tMax Memory Used: {used} MB\tInit Duration: 90.00 ms\t\n"
)


def test_without_aggregation_a_sample_of_report_records_is_read() -> None:
    lines = [REPORT.format(took=100 + n, used=150 + n) for n in range(10)] + ["REPORT of the finance department"]
    replies = {
        "GetMetricData": metric_data(VALUES),
        "FilterLogEvents": lambda _: {"events": [{"message": line, "logStreamName": "s"} for line in lines]},
    }
    (evidence,) = read(Answering(replies), fleet(1), readings=ALL).evidence.values()
    assert evidence.memory_used == Measured(159.0, "MB", "sample of 10 REPORT records", 0.01, 10)
    assert isinstance(evidence.init_avg, Measured)
    assert evidence.init_avg.value == 90


def test_in_a_shared_log_group_only_the_functions_own_streams_count() -> None:
    function = a_function("f", log_group="/shared")
    events = [
        {"message": REPORT.format(took=1, used=100), "logStreamName": "2026/11/01/f[$LATEST]aa"},
        {"message": REPORT.format(took=1, used=900), "logStreamName": "2026/11/01/other[$LATEST]bb"},
    ]
    found = evidence_samples.sample(Answering({"FilterLogEvents": lambda _: {"events": events}}), function, NOW, 14)
    assert isinstance(found, evidence_logs.LogEvidence)
    assert (found.runs, found.memory_used) == (1, 100)


def reports(*ages_days: float, stream: str = "2026/11/01/[$LATEST]s") -> list[dict[str, Any]]:
    """REPORT events so many days old, as the service keeps them: oldest first."""
    line = (
        "REPORT RequestId: 1\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\t"
    )
    return [
        {"timestamp": (NOW - timedelta(days=age)).timestamp() * 1000, "message": line, "logStreamName": stream}
        for age in sorted(ages_days, reverse=True)
    ]


def filtering(events: list[dict[str, Any]]) -> Callable[[Mapping[str, Any]], Answer]:
    """FilterLogEvents as AWS answers: oldest first, unless the newest are asked for."""

    def answer(asked: Mapping[str, Any]) -> Answer:
        found = [e for e in events if asked["startTime"] <= e["timestamp"] < asked["endTime"]]
        ordered = found if asked.get("startFromHead", True) else found[::-1]
        return {"events": ordered[: asked["limit"]], **({"nextToken": "1"} if len(ordered) > asked["limit"] else {})}

    return answer


def test_the_sample_is_of_the_newest_records_and_of_older_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_samples, "EVENTS_A_WINDOW", 4)
    events = reports(*(n / 10 for n in range(1, 130)))
    gateway = Answering({"FilterLogEvents": filtering(events)})
    found = evidence_samples.sample(gateway, a_function(), NOW, 14)
    assert isinstance(found, evidence_logs.LogEvidence)
    # Four of the newest, and two each from a third and two thirds further back.
    assert (found.runs, gateway.calls["logs:FilterLogEvents"]) == (8, 3)
    assert found.days == pytest.approx(9.5, abs=0.3)
    assert len(found.memory_by_day) == 3 and {used for _, used in found.memory_by_day} == {90.0}
    assert all(call.parameters["startFromHead"] is False for call in gateway.asked)


def test_a_sample_says_the_span_that_it_covers_and_nothing_longer() -> None:
    gateway = Answering({"FilterLogEvents": filtering(reports(0.5, 1.5))})
    found = evidence_samples.sample(gateway, a_function(), NOW, 14)
    assert isinstance(found, evidence_logs.LogEvidence)
    assert (found.days, found.runs, gateway.calls["logs:FilterLogEvents"]) == (1.5, 2, 1)


def test_a_sample_of_several_codes_says_so() -> None:
    changed = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    events = reports(0.5, 2.0, 3.0) + reports(0.2, stream="2026/11/01/[7]s")
    gateway = Answering({"FilterLogEvents": filtering(events)})
    found = evidence_samples.sample(gateway, a_function(last_modified=changed), NOW, 14)
    assert isinstance(found, evidence_logs.LogEvidence)
    assert f"2 of them older than its last deployment or change ({changed[:10]})" in found.source
    assert "of the versions $LATEST, 7" in found.source


def test_records_of_failing_runs_only_are_told_to_be_biased() -> None:
    replies = {"GetMetricData": metric_data(VALUES), "FilterLogEvents": filtering(reports(0.5))}
    function = a_function(log_format="JSON", system_log_level="WARN")
    (evidence,) = read(Answering(replies), [function], readings=frozenset({"memory_used"})).evidence.values()
    assert isinstance(evidence.memory_used, Measured)
    assert "failing runs only" in evidence.memory_used.source
    assert evidence.memory_used.window_days == pytest.approx(0.5, abs=0.03)

"""The evidence readers against answers as AWS gives them: batches, budgets, absence with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor.aws import evidence_logs, evidence_samples
from lambda_tailor.aws.evidence import EvidenceOptions, Gathered, gather
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused, EndpointUnreachable
from lambda_tailor.model.evidence import Absent, AtMemory, Measured, Recommendation, Trigger
from lambda_tailor.model.function import Function
from lambda_tailor.settings.setting import Answer, Call
from tests.builders import ACCOUNT, a_function

Replies = Mapping[str, Callable[[Mapping[str, Any]], Answer]]
NOW = datetime.now(UTC)
ALL = frozenset({"memory_used", "idle_days", "recommendation", "triggers", "async_events", "log_bytes"})
VALUES = {"Invocations": 1000.0, "Errors": 3.0, "Duration": 120.0, "ConcurrentExecutions": 4.0, "IncomingBytes": 5e9}


class Answering(Gateway):
    """A gateway that answers by table, and refuses what is not in it."""

    def __init__(self, replies: Replies) -> None:
        self.region = "us-east-1"
        self.calls: Counter[str] = Counter()
        self.asked: list[Call] = []
        self._replies = replies

    def call(self, call: Call) -> Answer:
        self.calls[call.name] += 1
        self.asked.append(call)
        reply = self._replies.get(call.action)
        if reply is None:
            raise AccessDenied(f"The credentials may not {call.name}.", action=call.name)
        return reply(call.parameters)


def metric_data(values: Mapping[str, float]) -> Callable[[Mapping[str, Any]], Answer]:
    def answer(asked: Mapping[str, Any]) -> Answer:
        results = []
        for query in asked["MetricDataQueries"]:
            value = values.get(query["MetricStat"]["Metric"]["MetricName"])
            found = {"Timestamps": [NOW], "Values": [value]} if value is not None else {"Timestamps": [], "Values": []}
            results.append({"Id": query["Id"], **found})
        return {"MetricDataResults": results}

    return answer


def row(group: str, **cells: object) -> list[dict[str, str]]:
    named = {"@log": f"{ACCOUNT}:{group}", **cells}
    return [{"field": name, "value": str(value)} for name, value in named.items()]


def insights(rows: Callable[[str], list[list[dict[str, str]]]]) -> Replies:
    """StartQuery and GetQueryResults that answer with rows for each log group asked."""
    queries: dict[str, list[str]] = {}

    def start(asked: Mapping[str, Any]) -> Answer:
        identifier = f"q{len(queries)}"
        queries[identifier] = asked["logGroupNames"]
        return {"queryId": identifier}

    def results(asked: Mapping[str, Any]) -> Answer:
        found = [each for group in queries[asked["queryId"]] for each in rows(group)]
        return {"status": "Complete", "results": found, "statistics": {"bytesScanned": 2e9}}

    return {"StartQuery": start, "GetQueryResults": results}


def one_size(group: str) -> list[list[dict[str, str]]]:
    return [row(group, memory=3008, mostUsed=211, meanTook=118.5, meanBilled=119, meanInit=90, timedOut=0, runs=990)]


def read(gateway: Answering, functions: list[Function], **options: Any) -> Gathered:
    return gather(OpenScope(gateway, ACCOUNT, "aws"), functions, EvidenceOptions(**options))


def fleet(count: int) -> list[Function]:
    return [a_function(f"f{n:04}") for n in range(count)]


def test_metrics_carry_source_window_and_samples() -> None:
    (evidence,) = read(Answering({"GetMetricData": metric_data(VALUES)}), fleet(1)).evidence.values()
    assert evidence.invocations == Measured(1000.0, "count", "CloudWatch Invocations Sum", 14.0, 1000)
    assert evidence.duration_p99 == Measured(120.0, "ms", "CloudWatch Duration p99", 14.0, 1000)


def test_what_cloudwatch_does_not_know_is_absent_and_never_zero() -> None:
    (evidence,) = read(Answering({"GetMetricData": metric_data({})}), fleet(1)).evidence.values()
    assert evidence.throttles == Absent("CloudWatch has no Throttles in the window of 14 days")


def test_metrics_that_may_not_be_read_are_absent_with_the_reason() -> None:
    (evidence,) = read(Answering({}), fleet(1), readings=ALL).evidence.values()
    assert isinstance(evidence.invocations, Absent)
    assert "may not cloudwatch:GetMetricData" in evidence.invocations.because
    assert isinstance(evidence.idle_days, Absent)


def test_five_hundred_functions_take_at_most_a_fifth_of_a_call_each() -> None:
    replies = {
        "GetMetricData": metric_data(VALUES),
        **insights(one_size),
        "GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": []},
        "ListEventSourceMappings": lambda _: {"EventSourceMappings": []},
    }
    gateway = Answering(replies)
    gathered = read(gateway, fleet(500), readings=ALL)
    assert gateway.calls.total() <= 100
    assert all(isinstance(e.memory_used, Measured) for e in gathered.evidence.values())
    assert max(len(c.parameters["MetricDataQueries"]) for c in gateway.asked if c.action == "GetMetricData") == 500


def test_the_call_limit_holds_where_logs_are_not_aggregated() -> None:
    replies = {
        "GetMetricData": metric_data(VALUES),
        **insights(lambda group: [row(group, **{"@message": "START"})]),
        "FilterLogEvents": lambda _: {"events": [], "nextToken": "more"},
    }
    gateway = Answering(replies)
    gathered = read(gateway, fleet(500), readings=ALL)
    assert gateway.calls.total() <= 100
    assert gateway.calls["logs:StartQuery"] == 1
    assert "logs are sampled of the 25 functions that cost most" in " ".join(gathered.notes)


def test_the_number_of_metrics_and_the_price_are_told() -> None:
    gathered = read(Answering({"GetMetricData": metric_data(VALUES), **insights(one_size)}), fleet(3), readings=ALL)
    assert gathered.metrics == 3 * 11
    assert gathered.usd == 33 * Decimal("0.00001") + 2 * Decimal("0.005")


def test_the_budget_caps_the_metrics_and_says_so() -> None:
    functions = [a_function("small", memory_mb=128), a_function("large", memory_mb=3008)]
    gathered = read(Answering({"GetMetricData": metric_data(VALUES)}), functions, budget_usd=Decimal("0.0001"))
    assert gathered.usd <= Decimal("0.0001")
    assert gathered.metrics == 9
    assert isinstance(gathered.evidence[functions[1].arn].invocations, Measured)
    assert gathered.evidence[functions[0].arn].invocations == Absent("beyond the evidence budget of $0.0001")


def test_the_budget_keeps_logs_insights_from_scanning_too_much() -> None:
    gateway = Answering({"GetMetricData": metric_data(VALUES), **insights(one_size)})
    read(gateway, fleet(1), readings=ALL, budget_usd=Decimal("0.01"))  # 5 GB would cost $0.025
    assert gateway.calls["logs:StartQuery"] == 0


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


def test_functions_that_were_not_invoked_have_no_logs_read() -> None:
    gateway = Answering({"GetMetricData": metric_data({}), **insights(one_size)})
    read(gateway, fleet(3), readings=ALL)
    assert gateway.calls["logs:StartQuery"] == 0


def test_lambda_insights_is_asked_where_its_layer_is_attached() -> None:
    layer = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"
    gateway = Answering({"GetMetricData": metric_data({**VALUES, "used_memory_max": 333.0})})
    (evidence,) = read(gateway, [a_function("f", layers=(layer,))], readings=ALL).evidence.values()
    assert evidence.memory_used == Measured(333.0, "MB", "Lambda Insights used_memory_max Maximum", 35.0, 1000)


def idle(last: timedelta | None, deployed: timedelta = timedelta(days=400)) -> float:
    def answer(asked: Mapping[str, Any]) -> Answer:
        long = asked["EndTime"] - asked["StartTime"] > timedelta(days=30)
        points = {"Timestamps": [NOW - last], "Values": [1.0]} if long and last is not None else {}
        return {"MetricDataResults": [{"Id": q["Id"], **points} for q in asked["MetricDataQueries"]]}

    modified = (NOW - deployed).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    function = a_function("f", last_modified=modified)
    (evidence,) = read(Answering({"GetMetricData": answer}), [function], readings=ALL).evidence.values()
    assert isinstance(evidence.idle_days, Measured)
    return evidence.idle_days.value


def test_idleness_is_counted_from_the_last_invocation_or_deployment() -> None:
    assert idle(timedelta(days=40)) == pytest.approx(40, abs=0.1)
    assert idle(timedelta(days=400), deployed=timedelta(days=500)) == pytest.approx(400, abs=0.1)
    assert idle(None, deployed=timedelta(days=500)) == 455
    assert idle(None, deployed=timedelta(days=2)) == pytest.approx(2, abs=0.1)


ADVICE = {
    "functionArn": f"{a_function('f0000').arn}:$LATEST",
    "finding": "NotOptimized",
    "memorySizeRecommendationOptions": [{"rank": 2, "memorySize": 512}, {"rank": 1, "memorySize": 896}],
}


def test_compute_optimizers_first_choice_is_taken() -> None:
    replies = {"GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": [ADVICE]}}
    first, second = read(Answering(replies), fleet(2), readings=ALL).evidence.values()
    assert first.recommendation == Recommendation(896, "NotOptimized", "Compute Optimizer")
    assert isinstance(second.recommendation, Absent)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AwsRefused("x", code="OptInRequiredException"), "the account is not enrolled in Compute Optimizer"),
        (AccessDenied("denied here", action="a"), "denied here"),
        (EndpointUnreachable("gone"), "Compute Optimizer does not answer in us-east-1"),
    ],
)
def test_without_compute_optimizer_that_is_said_once(error: Exception, said: str) -> None:
    def refuse(_: Mapping[str, Any]) -> Answer:
        raise error

    gathered = read(Answering({"GetLambdaFunctionRecommendations": refuse}), fleet(3), readings=ALL)
    assert gathered.notes.count(said) == 1


def mapping(function: str, source: str) -> dict[str, str]:
    return {"FunctionArn": a_function(function).arn, "EventSourceArn": source}


QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks"


def triggers(replies: Replies, *, deep: bool = False) -> tuple[Trigger, ...] | Absent:
    mappings = {"EventSourceMappings": [mapping("f0000", QUEUE), mapping("f0000", STREAM), mapping("other", QUEUE)]}
    known: Replies = {
        "ListEventSourceMappings": lambda _: mappings,
        "GetQueueAttributes": lambda _: {"Attributes": {"VisibilityTimeout": "30"}},
        **replies,
    }
    gathered = read(Answering(known), fleet(1), readings=ALL, deep=deep)
    return gathered.evidence[fleet(1)[0].arn].triggers


def test_event_source_mappings_tell_queues_from_streams() -> None:
    assert triggers({}) == (Trigger("queue", QUEUE, visibility_timeout_s=30), Trigger("stream", STREAM))


def test_policies_and_urls_are_only_read_when_asked() -> None:
    services = ["apigateway.amazonaws.com", "s3.amazonaws.com"]
    statements = [{"Effect": "Allow", "Principal": {"Service": service}} for service in services]
    url = "https://abc.lambda-url.us-east-1.on.aws/"
    replies: Replies = {
        "GetPolicy": lambda _: {"Policy": json.dumps({"Statement": statements})},
        "ListFunctionUrlConfigs": lambda _: {"FunctionUrlConfigs": [{"FunctionUrl": url}]},
    }
    assert triggers(replies, deep=True) == (
        Trigger("queue", QUEUE, visibility_timeout_s=30),
        Trigger("stream", STREAM),
        Trigger("request-response", url),
        Trigger("request-response", "apigateway.amazonaws.com", limit_s=29.0, limit_assumed=True),
        Trigger("asynchronous", "s3.amazonaws.com"),
    )
    shallow = triggers(replies)
    assert isinstance(shallow, tuple)
    assert len(shallow) == 2


def test_triggers_that_may_not_be_read_are_absent() -> None:
    def refuse(_: Mapping[str, Any]) -> Answer:
        raise AccessDenied("no", action="lambda:ListEventSourceMappings")

    assert triggers({"ListEventSourceMappings": refuse}) == Absent("no")


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


def test_invocations_come_by_day_for_no_more_metrics_and_days_that_begin_before_the_window_count_whole() -> None:
    asked_periods: list[int] = []

    def answer(asked: Mapping[str, Any]) -> Answer:
        results = []
        for query in asked["MetricDataQueries"]:
            period = query["MetricStat"]["Period"]
            asked_periods.append(period)
            begin = asked["StartTime"] - timedelta(hours=6)
            days = [begin + timedelta(days=n) for n in range(14)]
            daily = {"Timestamps": days, "Values": [10.0] * 14}
            one = {"Timestamps": [asked["StartTime"]], "Values": [5.0]}
            results.append({"Id": query["Id"], **(daily if period == 86_400 else one)})
        return {"MetricDataResults": results}

    gathered = read(Answering({"GetMetricData": answer}), [a_function("f")], readings=frozenset())
    (evidence,) = gathered.evidence.values()
    assert isinstance(evidence.invocations, Measured) and isinstance(evidence.duration_avg, Measured)
    assert evidence.invocations.value == 140 and len(evidence.invocations.daily) == 14
    assert evidence.invocations.window_days == pytest.approx(14.25, abs=0.01)
    assert evidence.duration_avg.daily == () and evidence.duration_avg.window_days == 14
    assert asked_periods.count(86_400) == 1 and gathered.metrics == len(asked_periods)


def test_a_run_once_a_month_is_seen_by_what_bounds_memory_and_timeout() -> None:
    gateway = Answering({"GetMetricData": metric_data(VALUES)})
    (evidence,) = read(gateway, [a_function()]).evidence.values()
    assert isinstance(evidence.duration_max, Measured) and isinstance(evidence.duration_avg, Measured)
    assert (evidence.duration_max.window_days, evidence.duration_avg.window_days) == (35, 14)
    (evidence,) = read(gateway, [a_function()], lookback_days=40).evidence.values()
    assert isinstance(evidence.duration_max, Measured) and evidence.duration_max.window_days == 40


def advised(*advice: Mapping[str, Any]) -> Recommendation | Absent:
    replies = {"GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": list(advice)}}
    return next(iter(read(Answering(replies), fleet(1), readings=ALL).evidence.values())).recommendation


def test_advice_for_a_version_is_not_advice_for_the_function() -> None:
    version = {**ADVICE, "functionVersion": "7", "memorySizeRecommendationOptions": [{"rank": 1, "memorySize": 128}]}
    latest = {**ADVICE, "functionVersion": "$LATEST"}
    for order in ((latest, version), (version, latest)):
        found = advised(*order)
        assert isinstance(found, Recommendation) and found.memory_mb == 896


def test_advice_for_another_size_is_stale() -> None:
    found = advised({**ADVICE, "currentMemorySize": 512})
    assert isinstance(found, Absent) and "512 MB" in found.because
    assert isinstance(advised({**ADVICE, "currentMemorySize": 3008}), Recommendation)


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


def test_compute_optimizers_savings_after_discounts_are_the_accounts_factor() -> None:
    def money(usd: float) -> dict[str, Any]:
        return {"estimatedMonthlySavings": {"currency": "USD", "value": usd}}

    option = {"rank": 1, "memorySize": 896, "savingsOpportunity": money(40.0)}
    told = {**ADVICE, "memorySizeRecommendationOptions": [{**option, "savingsOpportunityAfterDiscounts": money(10.0)}]}
    for advice, factor in ((told, 0.25), ({**ADVICE, "memorySizeRecommendationOptions": [option]}, None)):
        answer = {"lambdaFunctionRecommendations": [advice]}
        replies: Replies = {"GetLambdaFunctionRecommendations": lambda _, a=answer: a}  # type: ignore[misc]
        assert read(Answering(replies), fleet(1), readings=ALL).after_discounts == factor

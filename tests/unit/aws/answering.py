"""A gateway that answers by table, and answers as AWS gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_tailor.aws.evidence import EvidenceOptions, Gathered, gather
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied
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

"""Logs Insights that aggregates: the emulator keeps its queries, but answers each with a listing of events.

The emulator judges and numbers the query; the layer puts its own answer, computed from the log
events that FilterLogEvents gives, in place of the emulator's. The first GetQueryResults finds the
query Running, every other Complete. A query that cannot be compiled, or that the layer has no
command or function for, is malformed.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.insights_query import Answered, MalformedQuery, compile_query, run
from lambda_tailor.demo.strict.insights_records import Record, record_of
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document

GROUPS_A_QUERY = 50
_EVENTS_A_PAGE = 10_000
_ENDPOINT = "Logs_20140328"


@dataclass(slots=True)
class _Query:
    answered: Answered
    statistics: Mapping[str, float]
    status: Literal["Running", "Complete", "Cancelled"] = "Running"


class Insights(Passing):
    """The queries that were started, by account, region and id."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._queries: dict[tuple[str, str, str], _Query] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse a query that AWS would not start, and the end of one that has ended."""
        if exchange.name == "logs:StartQuery":
            return _unstartable(exchange) or await self._of_one_class(exchange)
        if exchange.name == "logs:StopQuery":
            return self._unstoppable(exchange)
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Compute what is started; tell the answer instead of the emulator's."""
        if answer.status != 200:
            return answer
        if exchange.name == "logs:StartQuery":
            started = self._where(exchange, document(exchange, answer)["queryId"])
            self._queries[started] = await self._computed(exchange)
        elif exchange.name == "logs:StopQuery":
            self._queries[self._where(exchange, exchange.parameters()["queryId"])].status = "Cancelled"
        elif exchange.name == "logs:GetQueryResults":
            return self._told(exchange, answer)
        return answer

    async def _of_one_class(self, exchange: Exchange) -> Answer | None:
        """Refuse groups of several classes, and those that nothing can be asked of.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
        """
        classes = set(await asyncio.gather(*(self._class(exchange, name) for name in _groups(exchange.parameters()))))
        if len(classes) <= 1 and "DELIVERY" not in classes:
            return None
        message = "Log groups of one class are queried together, and none of the class DELIVERY."
        return refusal(exchange, "InvalidParameterException", message)

    async def _class(self, exchange: Exchange, name: str) -> str:
        """A group that is not there has none, which is the emulator's to say."""
        asked = {"logGroupNamePrefix": name, "limit": 1}
        listed = await self._backend.json(exchange, "logs", f"{_ENDPOINT}.DescribeLogGroups", asked)
        found = [g.get("logGroupClass") for g in listed.get("logGroups") or () if g["logGroupName"] == name]
        return found[0] or "STANDARD" if found else "STANDARD"

    def _where(self, exchange: Exchange, query_id: str) -> tuple[str, str, str]:
        return exchange.account, exchange.region, query_id

    def _unstoppable(self, exchange: Exchange) -> Answer | None:
        query = self._queries.get(self._where(exchange, exchange.parameters().get("queryId", "")))
        if query is None:
            return refusal(exchange, "ResourceNotFoundException", "The specified query does not exist.")
        if query.status != "Running":
            return refusal(exchange, "InvalidParameterException", "The specified query is not running.")
        return None

    def _told(self, exchange: Exchange, answer: Answer) -> Answer:
        query = self._queries.get(self._where(exchange, exchange.parameters()["queryId"]))
        if query is None:
            return answer
        rows = query.answered.rows if query.status == "Complete" else []
        told = {"queryLanguage": "CWLI", "results": rows, "statistics": query.statistics, "status": query.status}
        if query.status == "Running":
            query.status = "Complete"
            told["statistics"] = dict.fromkeys(query.statistics, 0.0)
        return with_document(exchange, answer, told)

    async def _computed(self, exchange: Exchange) -> _Query:
        asked = exchange.parameters()
        records: list[Record] = []
        scanned = 0
        for group in _groups(asked):
            async for event in self._events(exchange, group, asked["startTime"] * 1000, asked["endTime"] * 1000):
                scanned += len(event["message"].encode())
                records.append(record_of(event, group, exchange.account))
        records.sort(key=lambda record: str(record["@timestamp"]))
        answered = run(compile_query(asked["queryString"]), records)
        rows = answered.rows[: asked.get("limit") or None]
        statistics = {
            "recordsMatched": float(answered.matched),
            "recordsScanned": float(len(records)),
            "bytesScanned": float(scanned),
        }
        return _Query(Answered(rows, answered.matched), statistics)

    async def _events(self, exchange: Exchange, group: str, start: int, end: int) -> AsyncIterator[Mapping[str, Any]]:
        """Every event from ``start`` to ``end``, in ms. The emulator gives no token for the next page."""
        seen: set[object] = set()
        while True:
            asked = {"logGroupName": group, "startTime": start, "endTime": end, "limit": _EVENTS_A_PAGE}
            found = await self._backend.json(exchange, "logs", f"{_ENDPOINT}.FilterLogEvents", asked)
            events = found.get("events") or []
            for event in events:
                if _identity(event) not in seen:
                    yield event
            if len(events) < _EVENTS_A_PAGE:
                return
            last = events[-1]["timestamp"]
            # Those of the last millisecond come again, and are known then.
            seen = {_identity(event) for event in events if event["timestamp"] == last}
            start = last if last > start else last + 1


def _identity(event: Mapping[str, Any]) -> object:
    """The event's id; what a function wrote itself has none until the emulator has queried it."""
    return event.get("eventId") or (event.get("logStreamName"), event["timestamp"], event["message"])


def _unstartable(exchange: Exchange) -> Answer | None:
    asked = exchange.parameters()
    if len(_groups(asked)) > GROUPS_A_QUERY:
        message = (
            "1 validation error detected: Value at 'logGroupNames' failed to satisfy constraint: "
            f"Member must have length less than or equal to {GROUPS_A_QUERY}"
        )
        return refusal(exchange, "InvalidParameterException", message)
    try:
        compile_query(asked.get("queryString", ""))
    except MalformedQuery as error:
        where = {"startCharOffset": error.start, "endCharOffset": error.end}
        detail = {"queryCompileError": {"location": where, "message": str(error)}}
        return refusal(exchange, "MalformedQueryException", str(error), more=detail)
    return None


def _groups(asked: Mapping[str, Any]) -> list[str]:
    """The log groups by name, each once, whichever way they were given."""
    identifiers = [str(each).partition(":log-group:") for each in asked.get("logGroupIdentifiers") or ()]
    named = [name.removesuffix(":*") if arn else whole for whole, arn, name in identifiers]
    single = [asked["logGroupName"]] if asked.get("logGroupName") else []
    return list(dict.fromkeys([*single, *(asked.get("logGroupNames") or ()), *named]))


BEHAVIOUR = Registered(lambda layer: Insights(layer.backend), order=40)

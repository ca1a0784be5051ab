"""The strict layer's Logs Insights, without a server: what a query finds in log events."""

from __future__ import annotations

import json

import pytest

from lambda_tailor.aws.evidence_logs import QUERY, QUERY_BY_DAY
from lambda_tailor.demo.strict.insights_query import MalformedQuery, compile_query, run
from lambda_tailor.demo.strict.insights_records import Record, record_of


def records(*messages: str) -> list[Record]:
    events = [{"timestamp": n, "message": message, "eventId": f"e{n}"} for n, message in enumerate(messages)]
    return [record_of(event, "/aws/lambda/f", "123456789012") for event in events]


def rows(query: str, *messages: str) -> list[dict[str, str]]:
    answered = run(compile_query(query), records(*messages))
    return [{cell["field"]: cell["value"] for cell in row} for row in answered.rows]


def report(used: int, took: float, memory: int = 512, more: str = "") -> str:
    return (
        f"REPORT RequestId: 1-2-3\tDuration: {took} ms\tBilled Duration: {took:.0f} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{more}\n"
    )


def test_the_tools_own_query_is_understood_of_text_and_json_records() -> None:
    metrics = {"durationMs": 5.5, "billedDurationMs": 6, "memorySizeMB": 128, "maxMemoryUsedMB": 60}
    in_json = json.dumps({"type": "platform.report", "record": {"status": "timeout", "metrics": metrics}})
    init = report(300, 40, more="Init Duration: 150.25 ms\t")
    found = rows(QUERY, report(200, 20), init, in_json, "hello", '{"type": "other"}')
    log = "123456789012:/aws/lambda/f"
    assert found == [
        {"@log": log, "memory": "512", "mostUsed": "300", "meanTook": "30", "meanBilled": "30", "meanInit": "150.25",
         "timedOut": "0", "runs": "2", "inits": "1", "first": "0"},
        {"@log": log, "memory": "128", "mostUsed": "60", "meanTook": "5.5", "meanBilled": "6", "timedOut": "1",
         "runs": "1", "inits": "0", "first": "2"},
    ]  # fmt: skip


def test_memory_is_in_bytes_of_a_millionth_and_large_numbers_have_an_exponent() -> None:
    (row,) = rows("stats max(@memorySize) as size, min(@maxMemoryUsed) as used", report(3, 1, memory=128))
    assert row == {"size": "1.28E8", "used": "3000000"}


def test_percentiles_counts_and_arithmetic_on_aggregates() -> None:
    query = (
        "filter @type = 'REPORT' | stats pct(@duration, 90) as p90, count(*), max(@duration) - min(@duration) as span"
    )
    (row,) = rows(query, *(report(100, n) for n in range(1, 11)), "START RequestId: x")
    assert row == {"p90": "9", "count(*)": "10", "span": "9"}


def test_records_are_listed_newest_first_filtered_sorted_and_limited() -> None:
    said = ("one ERROR", "two", "three ERROR", "four error")
    assert [row["@message"] for row in rows("fields @message", *said)] == list(reversed(said))
    assert [row["@message"] for row in rows("fields @message | filter @message like /ERR|four/ | limit 2", *said)] == [
        "four error",
        "three ERROR",
    ]
    assert [row["@message"] for row in rows("fields @message | sort @message", *said)] == sorted(said)
    assert rows("filter @message like 'two'", *said)[0]["@ptr"] == "e1"


def test_what_is_missing_matches_nothing_and_is_left_out_of_the_row() -> None:
    assert rows("filter @duration > 1 | stats count(*)", "hello") == []
    (row,) = rows("stats avg(@duration) as took, count(*) as runs", "hello")
    assert row == {"runs": "1"}
    assert rows("filter not ispresent(@duration) and @message != 'x' | stats count(*) as n", "hello") == [{"n": "1"}]


def test_matched_counts_what_passes_the_filters() -> None:
    assert (
        run(compile_query("filter @type = 'REPORT' | limit 1"), records(report(1, 1), report(1, 1), "x")).matched == 2
    )


def test_a_record_that_was_cut_off_has_no_number_without_its_unit() -> None:
    (record,) = records("REPORT RequestId: 1-2-3\tDuration: 20.5 ms\tBilled Duration: 21")
    assert record["@duration"] == 20.5
    assert "@billedDuration" not in record


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("", 0),
        ("fields @message | parse @message 'x'", 17),
        ("stats mean(@duration)", 6),
        ("stats @duration", 6),
        ("fields count(*)", 7),
        ("filter @type = ", 14),
        ("filter @type REPORT", 13),
        ("filter (@duration > 1", 21),
        ("limit many", 0),
        ("stats pct(@duration)", 6),
        ("stats max(max(@duration))", 6),
        ("stats count(*) | stats count(*)", 16),
    ],
)
def test_all_else_is_malformed_and_says_where(query: str, position: int) -> None:
    with pytest.raises(MalformedQuery) as refused:
        compile_query(query)
    assert refused.value.start == position


def test_by_day_there_is_a_row_for_each_size_and_day() -> None:
    day = 86_400_000
    records = [
        record_of({"message": report(300, 40), "timestamp": at}, "/aws/lambda/f", "123456789012")
        for at in (0, day - 1, day, 20_000 * day)
    ]
    found = [{cell["field"]: cell["value"] for cell in row} for row in run(compile_query(QUERY_BY_DAY), records).rows]
    assert [(row["day"], row["runs"], row["memory"]) for row in found] == [
        ("0", "2", "512"), ("1", "1", "512"), ("20000", "1", "512"),
    ]  # fmt: skip

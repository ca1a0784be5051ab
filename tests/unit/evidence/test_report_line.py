from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.evidence.report_line import ReportRecord, parse_report

ID = "8fc6f963-411b-58b5-8483-a32130c0f45d"
TIMES = "Duration: 12.34 ms\tBilled Duration: 13 ms"
WARM = f"REPORT RequestId: {ID}\t{TIMES}\tMemory Size: 1024 MB\tMax Memory Used: 87 MB\t\n"
COLD = WARM.rstrip() + "\tInit Duration: 150.20 ms\t\n"
TRACED = COLD + "XRAY TraceId: 1-61c86fa4-59b3c6d959653c527fd10966\tSegmentId: 107ea78a5750a811\tSampled: true\t\n"
FAILED = TRACED.rstrip() + "\tStatus: error\tError Type: Runtime.ExitError\t\n"
MEASURED = ReportRecord(request_id=ID, duration_ms=12.34, billed_ms=13.0, memory_mb=1024, max_memory_mb=87)


def cold() -> ReportRecord:
    return ReportRecord(
        request_id=ID, duration_ms=12.34, billed_ms=13.0, memory_mb=1024, max_memory_mb=87, init_ms=150.2
    )


def report(text: str) -> ReportRecord:
    record = parse_report(text)
    assert record is not None
    return record


def as_json(**extra: object) -> str:
    metrics = {"durationMs": 12.34, "billedDurationMs": 13, "memorySizeMB": 1024, "maxMemoryUsedMB": 87}
    record = {"requestId": ID, "metrics": metrics, "status": "success", **extra}
    return json.dumps({"time": "2026-01-01T00:00:00.000Z", "type": "platform.report", "record": record})


def test_a_warm_start() -> None:
    assert parse_report(WARM) == MEASURED


def test_a_cold_start() -> None:
    assert parse_report(COLD) == cold()


def test_a_traced_invocation() -> None:
    assert parse_report(TRACED) == cold()


@pytest.mark.parametrize(
    "text",
    [
        COLD.replace("\t", "  "),
        COLD.replace("\t", "\t\t"),
        COLD.replace("\t", " "),
        COLD.replace("\t", "\n"),
        COLD.replace("\t", "\r\n"),
        "\n " + COLD,
        COLD.replace("Billed Duration", "Billed \tDuration").replace("Max Memory", "Max  Memory"),
        COLD.strip(),
    ],
)
def test_the_space_between_fields_does_not_matter(text: str) -> None:
    assert parse_report(text) == cold()


def test_a_restored_snapshot() -> None:
    record = report(WARM.rstrip() + "\tRestore Duration: 474.16 ms\tBilled Restore Duration: 75 ms\t\n")
    assert (record.restore_ms, record.billed_restore_ms) == (474.16, 75.0)
    assert (record.duration_ms, record.billed_ms, record.init_ms) == (12.34, 13.0, None)


def test_a_run_that_was_timed_out() -> None:
    assert report(WARM.rstrip() + "\tStatus: timeout\t\n").status == "timeout"


def test_a_run_that_failed() -> None:
    record = report(FAILED)
    assert (record.status, record.error_type, record.init_ms) == ("error", "Runtime.ExitError", 150.2)


def test_a_field_nobody_knows_yet_is_not_mistaken_for_another() -> None:
    record = report(
        f"REPORT RequestId: {ID}\tWaiting Duration: 9 ms\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 1024 MB\tPeer Max Memory Used: 999 MB\tMax Memory Used: 87 MB\t\n"
    )
    assert record == MEASURED


def test_the_first_of_a_field_counts() -> None:
    assert report(WARM + "Duration: 99 ms").duration_ms == 12.34


def test_a_peak_of_0_mb_is_not_told() -> None:
    assert report(WARM.replace("87 MB", "0 MB")).max_memory_mb is None


def test_a_cut_value_is_not_taken_for_a_whole_one() -> None:
    whole = WARM.index("1024 MB")
    assert report(WARM[: whole + 2]).memory_mb is None
    assert report(WARM[: whole + 6]).memory_mb is None
    assert report(WARM[: whole + 7]).memory_mb == 1024


def untrue(text: str) -> list[int]:
    """The lengths at which a cut text is read as saying something that the whole one does not."""
    whole = report(text)
    return [
        length
        for length in range(len(text))
        for name in ReportRecord.__dataclass_fields__
        if getattr(parse_report(text[:length]), name, None) not in (None, getattr(whole, name))
    ]


def test_a_line_cut_anywhere_tells_the_truth_or_nothing() -> None:
    assert untrue(FAILED) == []


def test_a_line_without_a_measurement_is_no_record() -> None:
    assert parse_report(f"REPORT RequestId: {ID}\tDuration: ") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "REPORT",
        f"START RequestId: {ID} Version: $LATEST",
        f"END RequestId: {ID}",
        "REPORT of the day: Duration: 3 ms",
        f"the user said {WARM}",
        '{"type": "platform.start", "record": {"requestId": "x"}}',
        '{"message": "platform.report", "type": "user"}',
        '{"type": "platform.report"}',
        '{"type": "platform.report", "record": {"requestId": 7, "metrics": {"durationMs": 3}}}',
        '{"type": "platform.report", "record": {"requestId": "x", "metrics": ["durationMs"]}}',
        '["platform.report"]',
    ],
)
def test_what_is_no_report_is_none(text: str) -> None:
    assert parse_report(text) is None


def test_a_json_record() -> None:
    record = report(as_json())
    assert record == ReportRecord(
        request_id=ID, duration_ms=12.34, billed_ms=13.0, memory_mb=1024, max_memory_mb=87, status="success"
    )


def test_a_json_record_of_a_restored_function_that_failed() -> None:
    metrics = {"durationMs": 1, "initDurationMs": 2, "restoreDurationMs": 3, "billedRestoreDurationMs": 4}
    record = report(as_json(metrics=metrics, status="error", errorType="Function.Unknown"))
    assert (record.duration_ms, record.init_ms, record.restore_ms, record.billed_restore_ms) == (1.0, 2.0, 3.0, 4.0)
    assert (record.status, record.error_type) == ("error", "Function.Unknown")


@pytest.mark.parametrize("value", [True, -1, "x", None, [], {}, 1e400, float("nan"), 10**400])
def test_a_json_value_that_cannot_be_a_measurement_is_left_out(value: object) -> None:
    record = report(as_json(metrics={"durationMs": value, "billedDurationMs": 13}))
    assert (record.duration_ms, record.billed_ms) == (None, 13.0)


def test_a_json_record_cut_anywhere_tells_the_truth_or_nothing() -> None:
    assert untrue(as_json(errorType="Runtime.ExitError")) == []


def test_a_cut_json_record_keeps_what_arrived() -> None:
    text = as_json()
    record = report(text[: text.index('"maxMemoryUsedMB"')])
    assert (record.request_id, record.duration_ms, record.memory_mb) == (ID, 12.34, 1024)


pieces = st.sampled_from(
    ["REPORT RequestId: x\t", "Duration: ", "Billed ", "Max Memory Used: ", "12.3", " ms", " MB", "\t", "\n", ":", "٣"]
)  # fmt: skip
json_pieces = st.sampled_from(
    ['{"type":"platform.report","record":', "{", "}", "[", '"metrics":', '"durationMs":', '"requestId":"x"', ",", "3"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(pieces).map("".join), st.lists(json_pieces).map("".join)))
def test_no_text_raises(text: str) -> None:
    for start in ("", "REPORT RequestId: x ", '{"type": "platform.report", '):
        record = parse_report(start + text)
        assert record is None or record.request_id


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 100_000, "A " * 100_000, "Duration: " * 9000])
def test_no_length_raises(text: str) -> None:
    assert parse_report("REPORT RequestId: x " + text) is None
    assert parse_report('{"type": "platform.report", "record": ' + text) is None

"""Progress: lanes with their pace and time left on a terminal; elsewhere the beginning, failures and long waits."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import pytest

from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.model.verdict import Key
from lambda_tailor.report import progress
from lambda_tailor.report.lanes import Lanes, block
from lambda_tailor.report.progress import Progress

DONE = Ended(Result.APPLIED)


def operations(kind: str, number: int) -> list[Operation]:
    return [
        Operation(
            id=f"op-{kind}-{n}", account_id="1", region="us-east-1", function="arn", key=Key(kind, f"r{n}"), before={},
            after={},
        )
        for n in range(number)
    ]  # fmt: skip


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_lane_tells_its_own_pace_and_what_is_left_of_it() -> None:
    clock = Clock()
    wanted = [*operations("alarm", 200), *operations("function-configuration", 300)]
    lanes = Lanes(wanted, 1.0, clock)
    clock.now = 20.0
    for operation in [*wanted[:40], *wanted[200:440]]:
        lanes.ended(operation)
    functions, alarms = lanes.states()
    assert (functions.name, functions.done, functions.total, functions.per_second) == ("lambda", 240, 300, 12.0)
    assert functions.left_s == 5.0
    assert (alarms.name, alarms.done, alarms.per_second, alarms.left_s) == ("alarms", 40, 2.0, 80.0)
    assert block([functions, alarms], 80) == [
        "  lambda  █████████████░░░  240/300    12.0/s  5 s left",
        "  alarms  ███░░░░░░░░░░░░░   40/200     2.0/s  80 s left",
    ]
    assert block([alarms], 80, plain=True)[0].startswith("  alarms  ###.............")


def test_before_there_is_a_pace_the_quota_says_what_is_left() -> None:
    (alarms,) = Lanes(operations("alarm", 300), 1.0, Clock()).states()
    # PutMetricAlarm: 3 a second.
    assert alarms.left_s == 100


def test_no_line_of_the_block_is_wider_than_the_terminal() -> None:
    states = Lanes(operations("alarm", 300), 1.0, Clock()).states()
    assert max(map(len, block(states, 40))) < 40


def test_on_a_terminal_the_block_is_written_over_and_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_EVERY_S", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    wanted = operations("alarm", 6)
    with Progress(quota_share=1.0) as told:
        told.began("run-1", wanted)
        for operation in wanted[:5]:
            told.ended(operation, DONE)
        told.ended(wanted[5], Ended(Result.FAILED, "AWS said no"))
    assert screen(sys.stderr.getvalue()) == ["run-1: 6 operations", "alarm r5: failed (AWS said no)"]


def screen(written: str) -> list[str]:
    """What stands on a terminal after all of it: only what this program sends is understood."""
    lines: list[str] = [""]
    for piece in re.split(r"(\x1b\[\d+A\r\x1b\[J|\n)", written):
        if up := re.fullmatch(r"\x1b\[(\d+)A\r\x1b\[J", piece):
            del lines[len(lines) - 1 - int(up[1]) :]
            lines.append("")
        elif piece == "\n":
            lines.append("")
        else:
            assert "\x1b" not in piece
            lines[-1] += piece
    return lines[:-1]


def test_elsewhere_only_the_beginning_failures_and_long_waits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    wanted = [*operations("alarm", 600), *operations("function-configuration", 600)]
    with Progress(quota_share=1.0) as told:
        told.began("run-1", wanted)
        for operation in wanted[:149]:
            told.ended(operation, DONE)
        monkeypatch.setattr(progress, "SAID_EVERY_S", 0.0)
        told.ended(wanted[149], DONE)
        monkeypatch.setattr(progress, "SAID_EVERY_S", 15.0)
        told.ended(replace(wanted[150], key=Key("alarm", "x")), Ended(Result.FAILED, "AWS said no"))
    assert sys.stderr.getvalue().splitlines() == [
        "run-1: 1,200 operations",
        "[150/1,200] about 2 min left; 1 us-east-1 cloudwatch:PutMetricAlarm 150/600",
        "alarm x: failed (AWS said no)",
    ]


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(quiet=True) as told:
        told.reading("1", "us-east-1")
        told.began("run-1", operations("alarm", 3))
        told.ended(operations("alarm", 1)[0], Ended(Result.FAILED, "AWS said no"))
    assert sys.stderr.getvalue() == ""

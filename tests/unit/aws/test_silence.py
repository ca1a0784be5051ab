"""How long AWS has been silent: only while somebody waits, and a refusal is an answer."""

from __future__ import annotations

import io
import sys
import time

import botocore.exceptions as boto
import pytest

from lambda_tailor.aws.faults import SILENCE
from lambda_tailor.aws.silence import Line
from lambda_tailor.cli.waiting import told_of_silence


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nobody_waits_and_nothing_is_silent() -> None:
    clock = Clock()
    line = Line(clock)
    with line.waiting(SILENCE):
        pass
    clock.now += 60
    assert line.silent_s() == 0


def ask(line: Line, clock: Clock, error: Exception) -> None:
    with line.waiting(SILENCE):
        clock.now += 20
        raise error


def test_the_silence_grows_over_requests_that_are_given_up() -> None:
    clock = Clock()
    line = Line(clock)
    for _ in range(3):
        with pytest.raises(boto.ReadTimeoutError):
            ask(line, clock, boto.ReadTimeoutError(endpoint_url="x"))
    assert line.silent_s() == 60


@pytest.mark.parametrize("error", [boto.ClientError({"Error": {"Code": "Throttling"}}, "List"), ValueError()])
def test_a_refusal_is_an_answer(error: Exception) -> None:
    clock = Clock()
    line = Line(clock)
    with pytest.raises(type(error)):
        ask(line, clock, error)
    assert line.silent_s() == 0


def test_an_answer_to_another_thread_ends_the_silence() -> None:
    clock = Clock()
    line = Line(clock)
    with line.waiting(SILENCE):
        clock.now += 30
        with line.waiting(SILENCE):
            clock.now += 5
            assert line.silent_s() == 35
        assert line.silent_s() == 0
        clock.now += 7
        assert line.silent_s() == 7


def test_it_is_said_once_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr("lambda_tailor.cli.waiting._LOOKED_EVERY_S", 0.005)
    clock = Clock()
    line = Line(clock)
    with told_of_silence(60, line, after_s=10):
        with line.waiting(SILENCE):
            clock.now += 12
            until(lambda: "not answered" in sys.stderr.getvalue())
        until(lambda: "answers again" in sys.stderr.getvalue())
    assert sys.stderr.getvalue().splitlines() == [
        "AWS has not answered for 12 s; given up after 60 s (--timeout).",
        "AWS answers again.",
    ]


def until(held: object) -> None:
    end = time.monotonic() + 5
    while not held():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.002)

"""Ctrl-C in the middle of an apply: once lets the calls in flight end, twice stops at once; both are safe.

So are the end of a build's job and a terminal that is closed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lambda_tailor.model.run import Status
from tests.faults.tailor import Tailor
from tests.integration.conftest import Aws
from tests.own_tree import environment

UPDATE = "lambda:UpdateFunctionConfiguration"


@pytest.fixture
def tailor(stack: Aws) -> Tailor:
    return Tailor.measure(stack)


def started(tailor: Tailor) -> subprocess.Popen[str]:
    """An apply of the whole stack."""
    return subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", "apply", "-e", "dev", "--auto-approve", "--quota-share", "1000"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        # Under nohup it is ignored, and stays so in what is started.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        text=True,
    )


def until(so: Callable[[], bool]) -> None:
    over = time.monotonic() + 40
    while not so() and time.monotonic() < over:
        time.sleep(0.01)


def held_apply(tailor: Tailor) -> subprocess.Popen[str]:
    """An apply whose update of the function is held by AWS."""
    control = tailor.aws.emulator.control
    control.fail(operation=UPDATE, kind="hang", account=tailor.aws.account)
    process = started(tailor)
    until(lambda: bool(control.held()) or process.poll() is not None)
    assert control.held() == [UPDATE]
    return process


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda ends: ends.name)
def test_once_lets_the_calls_in_flight_end_and_says_how_to_go_on(tailor: Tailor, ends: signal.Signals) -> None:
    process = held_apply(tailor)
    process.send_signal(ends)
    time.sleep(0.3)
    tailor.aws.emulator.control.clear_faults()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Stopping after the calls in flight" in err
    run = tailor.newest()
    assert run is not None
    assert f"lambda-tailor resume {run}" in out + err
    assert "Traceback" not in err
    # The update in flight ended and was settled; what comes after it was not begun.
    configured = tailor.aws.client("lambda").get_function(FunctionName="lambda-function-dev")
    assert configured["Configuration"]["MemorySize"] == 1024
    assert "Concurrency" not in configured
    assert tailor.resume(run).status is Status.SUCCEEDED
    tailor.is_as_after()
    tailor.rollback(run)
    tailor.is_as_before()


def test_twice_stops_at_once_and_can_be_put_back(tailor: Tailor) -> None:
    process = held_apply(tailor)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    tailor.aws.emulator.control.clear_faults()
    run = tailor.newest()
    assert run is not None
    assert tailor.rollback(run).status is Status.SUCCEEDED
    tailor.is_as_before()


def test_while_it_reads_it_ends_at_once_though_aws_does_not_answer(tailor: Tailor) -> None:
    control = tailor.aws.emulator.control
    control.fail(operation="lambda:GetFunction", kind="hang", account=tailor.aws.account)
    process = started(tailor)
    until(lambda: bool(control.held()) or process.poll() is not None)
    assert control.held()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    control.clear_faults()
    assert process.returncode == 1
    assert "Interrupted." in err and "Traceback" not in err
    assert tailor.newest() is None


def test_a_terminal_that_says_twice_that_it_is_closed_is_no_second_ctrl_c(tailor: Tailor) -> None:
    process = held_apply(tailor)
    for _ in range(2):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
    tailor.aws.emulator.control.clear_faults()
    process.communicate(timeout=30)
    assert process.returncode == 1
    run = tailor.newest()
    assert run is not None
    assert tailor.rollback(run).status is Status.SUCCEEDED
    tailor.is_as_before()

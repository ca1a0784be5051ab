"""Ctrl-C in the middle of an apply: once lets the calls in flight end, twice stops at once; both are safe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambda_tailor.model.run import Status
from tests.faults.tailor import Tailor
from tests.integration.conftest import Aws

UPDATE = "lambda:UpdateFunctionConfiguration"


@pytest.fixture
def tailor(stack: Aws) -> Tailor:
    return Tailor.measure(stack)


def held_apply(tailor: Tailor) -> subprocess.Popen[str]:
    """An apply whose update of the function is held by AWS."""
    control = tailor.aws.emulator.control
    control.fail(operation=UPDATE, kind="hang", account=tailor.aws.account)
    process = subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", "apply", "-e", "dev", "--auto-approve", "--quota-share", "1000"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    until = time.monotonic() + 20
    while not control.held() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert control.held() == [UPDATE]
    return process


def test_once_lets_the_calls_in_flight_end_and_says_how_to_go_on(tailor: Tailor) -> None:
    process = held_apply(tailor)
    process.send_signal(signal.SIGINT)
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

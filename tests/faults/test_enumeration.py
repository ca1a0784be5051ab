"""For every call of the ten-change apply: killed just before and just after it, and every fault at it.

From each point (a) resume gives the state of an undisturbed run, and (b) rollback gives the state
before, field by field over everything AWS shows. Set LAMBDA_TAILOR_FAULTS=all for every call; by
default every write and every third read is tried.
"""

from __future__ import annotations

import os

import pytest

from lambda_tailor.aws.gateway import writes
from lambda_tailor.model.run import Status
from tests.faults.tailor import Tailor
from tests.integration.conftest import Aws

KINDS = ("throttle", "500", "reset", "timeout", "expired-token")
THOROUGH = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"


@pytest.fixture
def tailor(stack: Aws) -> Tailor:
    return Tailor.measure(stack)


def points(tailor: Tailor) -> list[int]:
    """The calls to try: all of them, or every write and every third read."""
    tailor.aws.control.reset()
    run = tailor.apply()
    assert run is not None
    log = tailor.aws.control.log()
    tailor.rollback(run.run_id)
    return [
        number
        for number, (_, _, name, _) in enumerate(log, start=1)
        if THOROUGH or writes(name.partition(":")[2]) or number % 3 == 0
    ]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_call_and_resumed_or_rolled_back(
    tailor: Tailor, when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = survived = 0
    for number in points(tailor):
        for finish in ("resume", "rollback"):
            tried += 1
            tailor.killed_at(number, when, "apply", "-e", "dev", "--auto-approve")
            run = tailor.newest()
            if run is None:
                # Nothing is written down before the first write: nothing can have happened.
                tailor.is_as_before()
            elif finish == "resume":
                assert tailor.resume(run).status is Status.SUCCEEDED
                tailor.is_as_after()
                tailor.rollback(run)
            else:
                assert tailor.rollback(run).status is Status.SUCCEEDED
                assert tailor.rollback(run).status is Status.SUCCEEDED
            tailor.is_as_before()
            survived += 1
    with capsys.disabled():
        print(f"\nkilled {when} a call: {tried} points tried, {survived} survived")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_call(tailor: Tailor, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    tried = survived = 0
    control = tailor.aws.emulator.control
    for number in points(tailor):
        for when in ("before", "after"):
            tried += 1
            control.fail(nth=number, when=when, kind=kind, account=tailor.aws.account)
            run = tailor.apply()
            control.clear_faults()
            if run is not None:
                if run.status is not Status.SUCCEEDED:
                    run = tailor.resume(run.run_id)
                assert run.status is Status.SUCCEEDED, (number, when, run.outcomes)
                tailor.is_as_after()
                assert tailor.rollback(run.run_id).status is Status.SUCCEEDED
            tailor.is_as_before()
            survived += 1
    with capsys.disabled():
        print(f"\n{kind}: {tried} points tried, {survived} survived")


@pytest.mark.timeout(600)
def test_a_rollback_that_is_killed_at_every_write_can_be_repeated(
    tailor: Tailor, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    run = tailor.apply()
    assert run is not None
    tailor.aws.control.reset()
    tailor.rollback(run.run_id)
    numbers = [n for n, (_, _, name, _) in enumerate(tailor.aws.control.log(), 1) if writes(name.partition(":")[2])]
    for number in numbers:
        for when in ("before", "after"):
            tried += 1
            run = tailor.apply()
            assert run is not None
            tailor.killed_at(number, when, "rollback", run.run_id, "--auto-approve")
            undoing = tailor.newest()
            if undoing is not None and when == "after":
                assert tailor.resume(undoing).status is Status.SUCCEEDED
            assert tailor.rollback(run.run_id).status is Status.SUCCEEDED
            tailor.is_as_before()
    with capsys.disabled():
        print(f"\nrollback killed at a write: {tried} points tried, {tried} survived")


def test_a_throttled_run_slows_down_and_ends_with_everything_applied(tailor: Tailor) -> None:
    tailor.aws.emulator.control.fail(kind="throttle", times=60, account=tailor.aws.account)
    run = tailor.apply()
    assert run is not None
    assert run.status is Status.SUCCEEDED
    tailor.is_as_after()

"""For every call of the ten-change apply: killed just before and just after it, and every fault at it.

From each point (a) resume gives the state of an undisturbed run, and (b) rollback gives the state
before, field by field over everything AWS shows. By default each call is tried in one of the four
ways in turn, and faults come at the writes; ``make faults`` tries all ways at all calls.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from lambda_tailor.aws.gateway import writes
from lambda_tailor.model.run import Status
from tests.faults.tailor import CONNECTION, QUICK, Tailor
from tests.integration.conftest import Aws

T = TypeVar("T")
KINDS = ("throttle", "500", "reset", "timeout", "expired-token")
WHEN = ("before", "after")
# A request that AWS refuses for its pace was not done: https://docs.aws.amazon.com/general/latest/gr/api-retries.html
NEVER_AFTER = {"throttle"}
# Of these nobody knows whether the request was done.
LOST = {"reset", "timeout"}
FINISHES = ("resume", "rollback")
THOROUGH = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"


@pytest.fixture
def tailor(stack: Aws) -> Tailor:
    return Tailor.measure(stack)


def diagonal(every: Sequence[T], ways: int) -> list[T]:
    """One way of each call, another for the next call, so that all ways are taken in turn."""
    return [point for n, point in enumerate(every) if n % ways == n // ways % ways]


def calls(tailor: Tailor) -> list[tuple[str, int, bool]]:
    """Every call of an undisturbed apply: the operation, the how-manieth of it, and whether it writes.

    Not by a number over all: how often a run looks before AWS is ready differs from one to the next.
    """
    seen: Counter[str] = Counter()
    found = []
    for _, _, name, _ in tailor.log:
        seen[name] += 1
        found.append((name, seen[name], writes(name.partition(":")[2])))
    return found


def written(log: Sequence[tuple[str, str, str, int]]) -> Counter[str]:
    """The writes that AWS has seen, by operation; not a queue that may not be made yet, since it was just deleted."""
    return Counter(
        name for _, _, name, status in log
        if writes(name.partition(":")[2]) and (name, status) != ("sqs:CreateQueue", 400)
    )  # fmt: skip


Record = Callable[[str, object], None]


@pytest.mark.timeout(1500)
def test_killed_at_every_call_and_resumed_or_rolled_back(tailor: Tailor, record_property: Record) -> None:
    tried = survived = 0
    every = [(*call, when, finish) for *call, _ in calls(tailor) for when in WHEN for finish in FINISHES]
    for operation, nth, when, finish in every if THOROUGH else diagonal(every, 4):
        if not tailor.killed_at(nth, when, "apply", "-e", "dev", "--auto-approve", operation=operation):
            # It took a call less this time: AWS was done with the update at the first look.
            tailor.rollback("latest")
            continue
        tried += 1
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
    points = len(every) if THOROUGH else len(diagonal(every, 4))
    assert tried >= points * 0.8 > 0, f"the kill struck {tried} of {points} points"
    record_property("figure", f"killed before and after each call: {tried} of {points} struck, {survived} survived")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_call(tailor: Tailor, kind: str, record_property: Record) -> None:
    tried = survived = struck = 0
    control = tailor.aws.emulator.control
    ways = WHEN[:1] if kind in NEVER_AFTER else WHEN
    usual = written(tailor.log)
    every = [(*call, when) for *call, is_write in calls(tailor) if THOROUGH or is_write for when in ways]
    for operation, nth, when in every if THOROUGH else diagonal(every, len(ways)):
        tried += 1
        control.fail(operation=operation, nth=nth, when=when, kind=kind, account=tailor.aws.account)
        control.reset()
        run = tailor.apply()
        # An undisturbed apply may take a look less than was counted: then there was no such call.
        struck += len(control.struck())
        control.clear_faults()
        if kind in LOST and when == "after" and run is not None:
            # AWS did it: it is looked at, and not sent once more.
            assert written(control.log()) == usual, (operation, nth, kind)
        if run is not None:
            if run.status is not Status.SUCCEEDED:
                run = tailor.resume(run.run_id)
            assert run.status is Status.SUCCEEDED, (operation, nth, when, run.outcomes)
            tailor.is_as_after()
            assert tailor.rollback(run.run_id).status is Status.SUCCEEDED
        tailor.is_as_before()
        survived += 1
    assert struck >= tried * 0.8 > 0, f"{kind} struck {struck} of {tried} points"
    told = f"{tried} points tried, {struck} struck, {survived} survived"
    record_property("figure", f"{kind} at a call or in place of its answer: {told}")


@pytest.mark.timeout(600)
def test_a_rollback_that_is_killed_at_every_write_can_be_repeated(tailor: Tailor, record_property: Record) -> None:
    tried = struck = 0
    run = tailor.apply()
    assert run is not None
    tailor.aws.control.reset()
    tailor.rollback(run.run_id)
    log = tailor.aws.control.log()
    numbers = [n for n, (_, _, name, _) in enumerate(log, 1) if writes(name.partition(":")[2])]
    every = [(number, when) for number in numbers for when in WHEN]
    for number, when in every if THOROUGH else diagonal(every, 2):
        tried += 1
        run = tailor.apply()
        assert run is not None
        killed = tailor.killed_at(number, when, "rollback", run.run_id, "--auto-approve")
        struck += killed
        undoing = tailor.newest() if killed else None
        if undoing is not None and when == "after":
            assert tailor.resume(undoing).status is Status.SUCCEEDED
        again = tailor.rollback(run.run_id)
        assert again.status is Status.SUCCEEDED
        tailor.is_as_before()
    assert struck >= tried * 0.8 > 0, f"the kill struck {struck} of {tried} points"
    told = f"{tried} points tried, {struck} struck, {tried} survived"
    record_property("figure", f"a rollback killed before and after each write: {told}")


def test_a_throttled_run_slows_down_and_ends_with_everything_applied(
    tailor: Tailor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def paused(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    slower = replace(QUICK, sleep=paused)
    monkeypatch.setattr("tests.faults.tailor.CONNECTION", replace(CONNECTION, retry=slower))
    tailor.aws.emulator.control.fail(kind="throttle", times=60, account=tailor.aws.account)
    tailor.aws.control.reset()
    began = time.monotonic()
    run = tailor.apply()
    took = time.monotonic() - began
    assert len(tailor.aws.control.struck()) == 60
    # After each refusal a pause, longer from one to the next, and the run takes all that time.
    assert len(pauses) == 60
    assert max(pauses) >= QUICK.longest_wait_s / 2 > 2 * min(pauses)
    lanes = 16
    assert took > sum(pauses) / lanes > 0.1
    assert run is not None
    assert run.status is Status.SUCCEEDED
    tailor.is_as_after()

"""Another hand changes what AWS takes no condition for, while a run is on its way: before its look, or after its write.

The run is stopped for real at one of its reads, another hand acts, and it goes on.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from lambda_tailor.demo.strict.control import StrictControl
from tests.faults.forked import Strike, fork
from tests.faults.place import Place, applying, rolling_back

# The rule, the field, what another hand sets, and the write that must not be sent.
HANDS: tuple[tuple[str, str, Any, str], ...] = (
    ("log-retention", "retention", 3653, "logs:PutRetentionPolicy"),
    ("alarms", "alarm", 5_000.0, "cloudwatch:PutMetricAlarm"),
    ("reserved-concurrency", "reserved", 0, "lambda:PutFunctionConcurrency"),
)
# Since a run begins it asks who it is, looks, writes, and reads back.
WHO, LOOK, READ_BACK = 1, 2, 3
# The answer of this write tells what is there now: it is not read once more.
TOLD_BY_ITS_ANSWER = {"reserved-concurrency"}


@pytest.mark.parametrize(("rule", "field", "theirs", "write"), HANDS)
def test_another_hand_in_a_run_is_seen_left_and_told(
    place: Place, rule: str, field: str, theirs: Any, write: str
) -> None:
    everywhere = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"
    points = [point for point in (WHO, LOOK, READ_BACK) if everywhere or point != WHO]
    if rule in TOLD_BY_ITS_ANSWER:
        points.remove(READ_BACK)
    for stopped_at in points:
        world, _ = place.entered()
        control = StrictControl(place.emulator.endpoint_url, world.account)
        before = world.state()
        stop = Strike("stop", stopped_at, only_writes=False)
        child = fork(applying((rule,), 0, saved=False, waits=False), place.access, stop)
        assert child.wait() == "stopped"
        world.hand(field, theirs)
        time.sleep(0.05)  # a call is counted when it was answered
        control.reset()
        child.wake()
        assert child.told is not None
        assert not child.told.traceback, child.told.traceback
        run = child.told.answer
        assert control.calls()[write] == 0, stopped_at
        assert run["status"] == "failed", (stopped_at, run, control.log(), world.state())
        [(_, outcome, detail)] = run["outcomes"]
        assert outcome == "failed"
        assert "another hand changed" in detail
        assert ("written, and then" in detail) == (stopped_at == READ_BACK)
        assert world.state() == {**before, field: theirs}
        # And a rollback leaves it, too.
        child = fork(rolling_back(run["run_id"]), place.access)
        assert child.wait() == "over"
        assert child.told is not None
        assert not child.told.traceback, child.told.traceback
        assert world.state() == {**before, field: theirs}


@pytest.mark.parametrize(("rule", "field", "theirs", "write"), HANDS)
def test_another_hand_between_plan_and_run_is_seen_left_and_told(
    place: Place, rule: str, field: str, theirs: Any, write: str
) -> None:
    world, _ = place.entered()
    before = world.state()
    child = fork(applying((rule, "memory"), 0, saved=True, waits=True), place.access)
    assert child.wait() == "stopped"
    world.hand(field, theirs)
    control = StrictControl(place.emulator.endpoint_url, world.account)
    control.reset()
    child.wake()
    assert child.told is not None
    assert not child.told.traceback, child.told.traceback
    assert control.calls()[write] == 0
    outcomes = {name: outcome for name, outcome, _ in child.told.answer["outcomes"]}
    # A reservation is part of the function: with it the revision is another one, and nothing of it is written.
    assert outcomes[rule] == "failed"
    assert world.state() == {**before, field: theirs, "memory": world.state()["memory"]}

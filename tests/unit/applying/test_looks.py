"""Looks at what is there: shared by those that are written soon, fifty names at most, and never older than allowed."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, cast

import pytest

from lambda_tailor.applying.looks import _MOST, LOOK_S, Look, Looks
from lambda_tailor.applying.passage import Passage
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Call

RETENTION, FUNCTION = all_settings()["log-retention"], all_settings()["function-configuration"]
GROUPS = [Key("log-retention", f"/aws/lambda/f{n}") for n in range(200)]


class Cloud:
    """A clock that is set by hand, and an AWS that counts what it is asked. Its groups keep events for ``days``."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.time, self.days = 100.0, 7
        self.asked: list[list[str]] = []
        self.slept: list[float] = []
        self.calls: Counter[str] = Counter()

    def call(self, call: Call) -> Any:
        self.calls[call.name] += 1
        given = call.parameters
        if call.action == "GetFunction":
            return {
                "Configuration": {"FunctionName": given["FunctionName"], "State": "Active", "MemorySize": 3008},
                "Concurrency": {"ReservedConcurrentExecutions": 5},
            }
        names = given.get("logGroupIdentifiers") or [given["logGroupNamePrefix"]]
        self.asked.append([name.removeprefix("/aws/lambda/") for name in names])
        return {"logGroups": [{"logGroupName": name, "retentionInDays": self.days} for name in names]}

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def looks(cloud: Cloud) -> Looks:
    opened = OpenScope(cast("Gateway", cloud), "123456789012", "aws")
    return Looks(opened, lambda: cloud.time, cloud.sleep)


WAY = Passage(None, threading.Event())


def test_those_whose_turn_comes_soon_are_looked_at_together(cloud: Cloud, looks: Looks) -> None:
    for n, in_s in enumerate((0.1, 0.4, 0.2, 0.7)):
        looks.coming(GROUPS[n], in_s)
    first = looks.before(RETENTION, GROUPS[0], WAY)
    # The next first; what comes later than in half a second is not looked at yet.
    assert cloud.asked == [["f0", "f2", "f1"]]
    assert first.state == {"retention_days": 7}
    second = looks.before(RETENTION, GROUPS[1], WAY)
    assert len(cloud.asked) == 1 and second.at == first.at


def test_no_look_has_more_than_fifty_names(cloud: Cloud, looks: Looks) -> None:
    for key in GROUPS[:120]:
        looks.coming(key, 0.2)
    for key in GROUPS[:120]:
        looks.before(RETENTION, key, WAY)
    assert _MOST == 50
    assert [len(names) for names in cloud.asked] == [50, 50, 20]
    assert sorted(name for names in cloud.asked for name in names) == sorted(f"f{n}" for n in range(120))


def test_a_look_that_has_grown_old_is_had_again(cloud: Cloud, looks: Looks) -> None:
    looks.coming(GROUPS[0], 0.1)
    looks.coming(GROUPS[1], 0.4)
    looks.before(RETENTION, GROUPS[0], WAY)
    cloud.time += 0.4
    assert looks.age(looks.before(RETENTION, GROUPS[1], WAY)) < LOOK_S
    assert len(cloud.asked) == 1
    cloud.time += 0.2
    cloud.days = 365
    again = looks.before(RETENTION, GROUPS[1], WAY)
    assert len(cloud.asked) == 2
    # It is as old as the moment before it was asked for, not as its answer.
    assert again == Look({"retention_days": 365}, cloud.time)


def test_before_a_write_is_tried_again_nothing_counts_that_was_seen_before_it(cloud: Cloud, looks: Looks) -> None:
    looks.before(RETENTION, GROUPS[0], WAY)
    cloud.time += 0.1
    cloud.days = 365
    assert looks.before(RETENTION, GROUPS[0], WAY).state == {"retention_days": 7}
    assert looks.before(RETENTION, GROUPS[0], WAY, fresh=True).state == {"retention_days": 365}


@pytest.mark.parametrize("passed", [0.0, 0.3])
def test_a_look_from_now_on_is_never_one_that_was_had_before(cloud: Cloud, looks: Looks, passed: float) -> None:
    looks.before(RETENTION, GROUPS[0], WAY)
    cloud.time += passed + 0.001
    cloud.days = 365
    assert looks.again(RETENTION, GROUPS[0]).state == {"retention_days": 365}


def test_what_was_written_is_looked_at_a_moment_later_together(cloud: Cloud, looks: Looks) -> None:
    keys, waiting, together = GROUPS[:3], Counter[str](), threading.Barrier(3)

    def sleep(seconds: float) -> None:
        waiting[str(seconds)] += 1
        together.wait(5)
        # All three wait for the look after their writes; then a second is over.
        cloud.time = 101.0

    after = Looks(looks._opened, lambda: cloud.time, sleep)
    found: dict[Key, Look] = {}

    def look(key: Key) -> None:
        found[key] = after.after(RETENTION, key, 0.0)

    threads = [threading.Thread(target=look, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert waiting == {"1.0": 3}
    assert [sorted(names) for names in cloud.asked] == [["f0", "f1", "f2"]]
    assert {look.at for look in found.values()} == {101.0}


def test_a_look_of_before_the_write_does_not_tell_what_came_of_it(cloud: Cloud, looks: Looks) -> None:
    looks.before(FUNCTION, Key(FUNCTION.kind, "f"), WAY)
    cloud.time += 0.01
    looks.after(FUNCTION, Key(FUNCTION.kind, "f"), 0.0)
    assert cloud.calls == {"lambda:GetFunction": 2}
    looks.before(RETENTION, GROUPS[0], WAY)
    cloud.time += 0.01
    cloud.days = 365
    assert looks.after(RETENTION, GROUPS[0], 0.0).state == {"retention_days": 365}


def test_an_answer_tells_all_that_is_read_with_the_same_call(cloud: Cloud, looks: Looks) -> None:
    """GetFunction has the configuration and the reservation."""
    looks.before(FUNCTION, Key(FUNCTION.kind, "f"), WAY)
    reserved = all_settings()["function-concurrency"]
    cloud.time += 0.2
    found = looks.before(reserved, Key(reserved.kind, "f"), WAY)
    assert found.state == {"reserved_concurrency": 5}
    assert cloud.calls == {"lambda:GetFunction": 1}
    cloud.time += 0.4
    looks.before(reserved, Key(reserved.kind, "f"), WAY)
    assert cloud.calls == {"lambda:GetFunction": 2}


def test_who_was_just_looked_at_goes_first_and_who_has_a_turn_goes_at_its_pace(
    cloud: Cloud, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[bool, bool]] = []

    def passage(gate: object, _stop: object, *, hurry: bool) -> None:
        made.append((gate is not None, hurry))

    monkeypatch.setattr("lambda_tailor.applying.looks.Passage", passage)
    key, call = GROUPS[0], "logs:PutRetentionPolicy"
    looks.passage(key, call, 0.0)
    looks.before(RETENTION, key, WAY)
    looks.passage(key, call, 0.0)
    looks.passage(key, call, 0.2)
    cloud.time += 0.5
    looks.passage(key, call, 0.0)
    assert made == [(True, False), (True, True), (False, True), (True, False)]


def test_two_lanes_do_not_wait_for_one_another(looks: Looks) -> None:
    def gates(call: str) -> object:
        return looks.passage(GROUPS[0], call, 0.0)._gate

    assert gates("logs:PutRetentionPolicy") is gates("logs:PutRetentionPolicy")
    assert gates("logs:PutRetentionPolicy") is not gates("lambda:PutFunctionConcurrency")

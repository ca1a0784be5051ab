"""Sequences that are always played, against the same model: for each guard one in which its absence has to be seen.

The 25 of ``test_model.py`` are drawn; whether a lost answer, or a sleeper, meets what it takes to be seen is chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.forked import Strike
from tests.faults.place import Place
from tests.faults.test_model import Fault, Sequence, Way

SOME = ("memory", "reserved-concurrency", "log-retention")


@pytest.fixture
def sequence(place: Place) -> Iterator[Sequence]:
    """One, in an account of its own; in the end everything goes back, as far as nobody else was there."""
    kind = type("Fixed", (Sequence,), {"place": place, "counts": Counter()})
    played = kind()
    yield played
    for child in played.children:
        child.kill()


def test_what_other_hands_left_alone_goes_back(sequence: Sequence) -> None:
    sequence.apply(("memory", "timeout", "log-retention", "alarms"), 0, Way(), False, None)
    sequence.another_hand(("memory", 777))
    sequence.another_hand(("alarm", 5_000.0))
    sequence._roll_back(sequence.runs[0], Way())
    assert sequence.counts["fields put back beside other hands"] == 2
    assert sequence.state == {**sequence.beginning, "memory": 777, "alarm": 5_000.0}


def test_another_hand_between_plan_and_run_is_left(sequence: Sequence) -> None:
    sequence.apply(SOME, 0, Way(), True, ("reserved", 0))
    assert sequence.counts["hands between plan and apply"] == sequence.counts["other hands"] == 1
    assert sequence.state["reserved"] == 0 and sequence.state["memory"] == 1024


def test_rollbacks_of_rollbacks_say_of_each_run_whether_it_stands(sequence: Sequence) -> None:
    sequence.apply(("memory",), 0, Way(), False, None)
    expected = ["succeeded"]
    for n in range(4):
        sequence._roll_back(sequence.runs[n], Way())
        # The newest stands; before it, every other one.
        expected = ["succeeded" if (n + 1 - each) % 2 == 0 else "rolled-back" for each in range(n + 2)]
        assert [sequence.statuses[run.run_id] for run in sequence.runs] == expected
        assert (sequence.state == sequence.beginning) is (n % 2 == 0)


@pytest.mark.parametrize("nth", [1, 3])
def test_a_write_whose_answer_was_lost_goes_back_too(sequence: Sequence, nth: int) -> None:
    sequence.apply(SOME, 0, Way(Fault("reset", nth, "after")), False, None)
    assert sequence.counts["faults struck"] == 1 and sequence.counts["values written"] == 3
    sequence.teardown()
    assert sequence.counts["rolled back whole"] == sequence.counts["everything as in the beginning"] == 1


@pytest.mark.parametrize("nth", [1, 3])
def test_what_was_sent_by_a_run_that_was_killed_goes_back_too(sequence: Sequence, nth: int) -> None:
    sequence.apply(SOME, 0, Way(Strike("kill", nth, only_writes=True, when="after")), False, None)
    assert sequence.counts["killed"] == 1 and sequence.counts["values written"] >= 1
    sequence.teardown()
    assert sequence.counts["rolled back whole"] == sequence.counts["everything as in the beginning"] == 1


def asleep(sequence: Sequence) -> None:
    """A run that sleeps when it looks for the first time, and holds the function."""
    sequence.apply(SOME, 0, Way(Strike("stop", 2, only_writes=False)), False, None)
    assert sequence.counts["asleep"] == 1 and sequence.state == sequence.beginning
    assert sequence._leased() == {sequence.runs[0].run_id}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_run_that_sleeps_keeps_the_others_out(sequence: Sequence, elsewhere: bool) -> None:
    asleep(sequence)
    sequence.apply(SOME, 1, Way(elsewhere=elsewhere), False, None)
    assert sequence.counts["kept out by a lease"] >= 1 and sequence.counts["values written"] == 0
    sequence.the_sleeper_wakes()
    assert sequence.counts["values written"] == 3
    sequence.teardown()


def test_a_run_that_slept_too_long_writes_nothing_more(sequence: Sequence) -> None:
    asleep(sequence)
    sequence.a_minute_passes()
    sequence.apply(SOME, 1, Way(elsewhere=True), False, None)
    assert sequence.counts["values written"] == 3
    sequence.another_at = 0.0
    sequence._roll_back(sequence.runs[1], Way(elsewhere=True))
    # Everything is as it had seen it: only the lease keeps it from writing.
    assert sequence.state == sequence.beginning
    sequence.the_sleeper_wakes()
    assert sequence.counts["woken and too late"] == 1
    assert sequence.state == sequence.beginning


def test_a_run_that_was_killed_holds_nothing_and_is_told_of(sequence: Sequence) -> None:
    sequence.apply(SOME, 0, Way(Strike("kill", 1, only_writes=True, when="before")), False, None)
    assert sequence.state == sequence.beginning
    sequence.apply(SOME, 1, Way(), False, None)
    assert sequence.counts["applied whole"] == 1
    assert list(sequence.statuses.values()) == ["interrupted", "succeeded"]
    sequence._resume(sequence.runs[0], Way())

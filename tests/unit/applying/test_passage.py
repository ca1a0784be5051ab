"""The way from a look to its write: few at a time, in their order, those in a hurry first, and nobody once it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from lambda_tailor.applying import passage
from lambda_tailor.applying.passage import AT_ONCE, Gate, Passage
from lambda_tailor.aws.quotas import Stopped

SOON_S = 5.0


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage, "_STOP_SEEN_AFTER_S", 0.005)


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not what() and time.monotonic() < end:
        time.sleep(0.001)
    assert what()


class Comers:
    """Those who come to a gate, each in a thread: who waits, who was let in, in that order, who was sent away."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.stop = gate, threading.Event()
        self.inside: list[str] = []
        self.sent_away: list[str] = []
        self.threads: list[threading.Thread] = []

    def comes(self, name: str, *, hurry: bool = False) -> None:
        """One more, who is waiting when this is over."""
        before = len(self.gate._waiting)
        thread = threading.Thread(target=self._enters, args=(name, hurry), daemon=True)
        self.threads.append(thread)
        thread.start()
        until(lambda: len(self.gate._waiting) == before + 1)

    def _enters(self, name: str, hurry: bool) -> None:
        try:
            self.gate.enter(self.stop, hurry=hurry)
        except Stopped:
            self.sent_away.append(name)
        else:
            self.inside.append(name)

    def _are_inside(self, count: int) -> bool:
        return len(self.inside) == count

    def let_in(self, count: int) -> list[str]:
        """Places are given up, one after the other, until so many were let in."""
        while len(self.inside) < count:
            next_one = len(self.inside) + 1
            self.gate.leave()
            until(partial(self._are_inside, next_one))
        return self.inside


@contextmanager
def full(places: int = 1) -> Iterator[Comers]:
    """A gate whose places are all taken."""
    gate = Gate(places)
    for _ in range(places):
        gate.enter(threading.Event())
    comers = Comers(gate)
    yield comers
    comers.stop.set()
    for thread in comers.threads:
        thread.join(SOON_S)
        assert not thread.is_alive()


def test_so_many_are_let_in_at_once_and_no_more() -> None:
    with full(AT_ONCE) as comers:
        comers.comes("late")
        time.sleep(0.02)
        assert comers.inside == []
        assert comers.let_in(1) == ["late"]


def test_they_are_let_in_in_the_order_they_came() -> None:
    with full() as comers:
        names = [f"{n}" for n in range(12)]
        for name in names:
            comers.comes(name)
        assert comers.let_in(12) == names


def test_those_in_a_hurry_go_first_and_among_them_who_came_first() -> None:
    with full() as comers:
        for name, hurry in (("a", False), ("b", True), ("c", False), ("d", True)):
            comers.comes(name, hurry=hurry)
        assert comers.let_in(4) == ["b", "d", "a", "c"]


def test_once_it_stops_who_waits_is_sent_away_and_takes_no_place_with_him() -> None:
    with full() as comers:
        comers.comes("a")
        comers.comes("b")
        comers.stop.set()
        until(lambda: len(comers.sent_away) == 2)
        assert comers.inside == [] and comers.gate._waiting == []
        comers.gate.leave()
        assert comers.gate._free == 1


def test_who_is_given_a_place_as_it_stops_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    # He does not look for the stop before his place comes.
    monkeypatch.setattr(passage, "_STOP_SEEN_AFTER_S", SOON_S)
    with full() as comers:
        comers.comes("a")
        comers.stop.set()
        comers.gate.leave()
        until(lambda: comers.sent_away == ["a"])
        assert comers.gate._free == 1


def test_a_place_is_left_once_however_often_that_is_said() -> None:
    gate = Gate(1)
    with Passage(gate, threading.Event()) as way:
        assert gate._free == 0
        way.leave()
        way.leave()
        assert gate._free == 1
    assert gate._free == 1


def test_a_place_is_left_where_it_ends_with_an_error() -> None:
    gate = Gate(1)
    with pytest.raises(ZeroDivisionError), Passage(gate, threading.Event()):
        raise ZeroDivisionError
    assert gate._free == 1


def test_who_waits_for_aws_lets_others_go_meanwhile() -> None:
    gate, seen = Gate(1), list[int]()
    with Passage(gate, threading.Event()) as way:
        way.sleep(3.0, lambda seconds: seen.append(gate._free * int(seconds)))
        # It has a place again when it goes on.
        assert (seen, gate._free) == ([3], 0)
        way.leave()
        way.sleep(1.0, lambda seconds: seen.append(gate._free))
        assert (seen, gate._free) == ([3, 1], 1)


def test_without_a_gate_it_just_goes() -> None:
    stop = threading.Event()
    stop.set()
    with Passage(None, stop) as way:
        way.leave()

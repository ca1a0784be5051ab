"""The way of a write from its look to its sending: only a few at a time, so that no look grows old on it.

Where AWS's quotas set the pace, few are on that way as it is. Where nothing does, hundreds would look at once,
and each would find its look too old when its turn comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

from lambda_tailor.aws.quotas import Stopped

# Writes of one lane between their look and their sending where no quota paces them. More wait for the journal and
# for each other.
AT_ONCE = 8
_STOP_SEEN_AFTER_S = 0.5


class Gate:
    """Lets so many in at a time, in the order they came; those in a hurry go first. Safe for threads."""

    def __init__(self, places: int = AT_ONCE) -> None:
        self._free = places
        self._numbers = count()
        self._waiting: list[tuple[bool, int, threading.Event]] = []
        self._lock = threading.Lock()

    def enter(self, stop: threading.Event, *, hurry: bool = False) -> None:
        """Wait for a place.

        Raises Stopped where ``stop`` is set before there is one.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return
            ticket = (not hurry, next(self._numbers), threading.Event())
            heappush(self._waiting, ticket)
        while not ticket[2].wait(_STOP_SEEN_AFTER_S):
            if stop.is_set() and self._gives_up(ticket):
                raise Stopped
        if stop.is_set():
            self.leave()
            raise Stopped

    def leave(self) -> None:
        """Give the place to the next."""
        with self._lock:
            if self._waiting:
                heappop(self._waiting)[2].set()
            else:
                self._free += 1

    def _gives_up(self, ticket: tuple[bool, int, threading.Event]) -> bool:
        """False where a place was given meanwhile."""
        with self._lock:
            if ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            heapify(self._waiting)
            return True


class Passage:
    """One write's place, which it leaves as it is sent or gives up; without a gate it just goes."""

    def __init__(self, gate: Gate | None, stop: threading.Event, *, hurry: bool = False) -> None:
        self._gate = gate
        self._stop = stop
        self._hurry = hurry
        self._inside = False

    def __enter__(self) -> Passage:
        if self._gate is not None:
            self._gate.enter(self._stop, hurry=self._hurry)
            self._inside = True
        return self

    def __exit__(self, *_error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back, once."""
        if self._gate is not None and self._inside:
            self._inside = False
            self._gate.leave()

    def sleep(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait for AWS without keeping others from going.

        Raises Stopped.
        """
        inside = self._inside
        self.leave()
        sleep(seconds)
        if inside:
            self.__enter__()

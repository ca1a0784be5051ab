"""Keeps calls under AWS's request quotas."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lambda_tailor.lanes import lane_of, rate_of


class Pace:
    """Spaces calls so that a lane stays under its quota.

    ``share`` is the part of each quota to use (1.0 is all of it). Threads wait their turn in the
    order they came.
    """

    def __init__(
        self,
        share: float = 0.95,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, call: str) -> None:
        """Block until the call may be sent. A lane that rested may send a tenth of a second at once."""
        lane = lane_of(call)
        interval = 1 / (rate_of(lane) * self._share)
        with self._lock:
            now = self._clock()
            at = max(self._next.get(lane, 0.0), now - 0.1)
            self._next[lane] = at + interval
        if at > now:
            self._sleep(at - now)

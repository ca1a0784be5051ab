"""Keeps calls under AWS's request quotas."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from lambda_tailor.model.lanes import DEFAULT_SHARE, GLOBAL_LANES, lane_of, rate_of

# A lane that rested goes so much faster than its share, until a second's worth is sent. More would leave AWS's
# bucket empty, and calls that arrive a little late, close to those behind them, would be refused.
_HASTE = 3

_lock = threading.Lock()
_of_accounts: dict[tuple[str, float], Pace] = {}


def shared_pace(account_id: str, share: float) -> Pace:
    """The one pace of an account for what is global to it, such as IAM, whatever the region it is asked from."""
    with _lock:
        return _of_accounts.setdefault((account_id, share), Pace(share))


class Stopped(Exception):
    """The run was told to stop before the call's turn came: it is not sent."""


class Pace:
    """Delays calls so that in no second a lane has more of them than its quota.

    ``share`` is the part of each quota to use (1.0 is all of it). A lane that rested makes haste for a
    second's worth of calls, and then waits: short work is not slowed down to an even beat. Threads wait
    their turn in the order they came.
    """

    def __init__(
        self,
        share: float = DEFAULT_SHARE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}
        # Keeps the lanes that all regions of the account share; None where this is the only one.
        self.shared: Pace | None = None

    def wait(self, call: str) -> None:
        """Block until the call may be sent."""
        self.until(self.turn(call))

    def turn(self, call: str) -> float:
        """When the call may be sent, by this pace's clock; nobody else gets that place."""
        lane = lane_of(call)
        if lane in GLOBAL_LANES and self.shared is not None:
            return self.shared.turn(call)
        rate = rate_of(lane) * self._share
        # A whole number of calls, in a window that is never shorter than a second: two and a half a second
        # are three in each 1.2 s.
        many = math.ceil(rate)
        window_s = many / rate
        with self._lock:
            sent = self._sent.setdefault(lane, deque(maxlen=many))
            at = self._clock()
            if sent:
                at = max(at, sent[-1] + 1 / (rate * _HASTE))
            if len(sent) == many:
                at = max(at, sent[0] + window_s)
            sent.append(at)
        return at

    def due_in_s(self, turn: float) -> float:
        """Seconds until a turn; negative where it is over."""
        return turn - self._clock()

    def until(self, turn: float, stop: threading.Event | None = None) -> None:
        """Block until that time.

        Raises Stopped where ``stop`` is set before it.
        """
        rest = self.due_in_s(turn)
        if stop is None:
            if rest > 0:
                self._sleep(rest)
        elif stop.wait(max(0.0, rest)):
            raise Stopped

"""The one retry policy: what is sent again, after how long, and when to give up.

https://docs.aws.amazon.com/general/latest/gr/api-retries.html
A refused (throttled) request was not done and is sent again until it is let through. A request
whose answer got lost may have been done: a read is sent again, a write is not; whoever sent it
reads what is there now.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """What went wrong with one attempt."""

    THROTTLED = "throttled"  # refused for its pace: not done
    UNSENT = "unsent"  # never arrived: not done
    LOST = "lost"  # done or not, nobody knows
    FINAL = "final"  # AWS said no


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Times in seconds. Waits double from ``first_wait_s`` up to ``longest_wait_s``, with full jitter."""

    throttled_for_s: float = 900.0
    attempts: int = 5
    first_wait_s: float = 0.2
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def again(self, fault: Fault, *, attempt: int, started: float, writes: bool) -> bool:
        """Whether to send it again after attempt number ``attempt`` (from 1), begun at ``started``."""
        match fault:
            case Fault.THROTTLED:
                return self.clock() - started < self.throttled_for_s
            case Fault.UNSENT:
                return attempt < self.attempts
            case Fault.LOST:
                return not writes and attempt < self.attempts
            case Fault.FINAL:
                return False

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt."""
        longest = min(self.longest_wait_s, self.first_wait_s * 2**attempt)
        self.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter, not cryptography

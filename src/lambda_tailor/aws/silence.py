"""How long nothing has been heard from AWS while somebody waits for an answer. Safe for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Line:
    """The line to AWS: who waits on it since when, and when it last gave an answer; a refusal is an answer too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, float] = {}
        self._numbers = 0
        # Since then nothing was heard; None where something was, and nobody waits longer than that.
        self._silent_since: float | None = None

    @contextmanager
    def waiting(self, silence: tuple[type[Exception], ...]) -> Iterator[None]:
        """Somebody waits for an answer; what is raised of ``silence`` is none."""
        with self._lock:
            self._numbers += 1
            number, began = self._numbers, self._clock()
            self._waiting[number] = began
            if self._silent_since is None:
                self._silent_since = began
        heard = True
        try:
            yield
        except silence:
            heard = False
            raise
        finally:
            with self._lock:
                del self._waiting[number]
                if heard:
                    self._silent_since = self._clock() if self._waiting else None

    def silent_s(self) -> float:
        """Seconds without any answer while one is waited for, or was until just now; else 0."""
        with self._lock:
            return 0.0 if self._silent_since is None else self._clock() - self._silent_since


LINE = Line()

"""Ctrl-C and what else ends a program: while it reads, at once; while it writes, after the calls in flight."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Exit codes: an error, and what shells give a program that Ctrl-C ended.
_INTERRUPTED, _AT_ONCE = 1, 130
_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)


@contextmanager
def ended_at_once() -> Iterator[None]:
    """While nothing is written Ctrl-C ends the program: threads that wait for AWS would keep it to the last answer."""

    def end(_number: int, _frame: Any) -> None:
        _say("Interrupted.")
        os._exit(_INTERRUPTED)

    with _handled([signal.SIGINT], end):
        yield


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C sets ``stop``, the second ends the program; so do SIGTERM, and SIGHUP, which often comes twice.

    Those that whoever started it wants ignored, as nohup does, stay so.
    """

    def handle(number: int, _frame: Any) -> None:
        if stop.is_set() and number != _HANGUP:
            # Every write is journalled before it is sent, so that stopping at once is safe.
            os._exit(_AT_ONCE)
        stop.set()
        _say("Stopping after the calls in flight; once more to stop at once.")

    others = [each for each in (getattr(signal, "SIGTERM", None), _HANGUP) if each is not None]
    ends = [signal.SIGINT, *(each for each in others if signal.getsignal(each) is signal.SIG_DFL)]
    with _handled(ends, handle):
        yield


@contextmanager
def _handled(ends: list[signal.Signals], handle: Callable[[int, Any], None]) -> Iterator[None]:
    """Only the main thread may take signals; elsewhere they are its business."""
    here = threading.current_thread() is threading.main_thread()
    before = {each: signal.signal(each, handle) for each in ends} if here else {}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def _say(text: str) -> None:
    # A terminal that is closed takes no more.
    with suppress(OSError):
        print(f"\n{text}", file=sys.stderr, flush=True)

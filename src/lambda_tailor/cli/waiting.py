"""Says on stderr that AWS gives no answer, before the command gives up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_tailor.aws.silence import LINE, Line

# After so many seconds without any answer a person wonders.
TOLD_AFTER_S = 10.0
_LOOKED_EVERY_S = 0.5


@contextmanager
def told_of_silence(timeout_s: float, line: Line = LINE, *, after_s: float = TOLD_AFTER_S) -> Iterator[None]:
    """While inside: one line where nothing was heard for long, and one where AWS answers after that."""
    over = threading.Event()

    def watch() -> None:
        told = False
        while not over.wait(_LOOKED_EVERY_S):
            silent = line.silent_s()
            if silent >= after_s and not told:
                told = True
                _say(f"AWS has not answered for {silent:.0f} s; given up after {timeout_s:g} s (--timeout).")
            elif told and silent < after_s:
                told = False
                _say("AWS answers again.")

    if timeout_s > after_s:
        threading.Thread(target=watch, daemon=True, name="waiting").start()
    try:
        yield
    finally:
        over.set()


def _say(text: str) -> None:
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)

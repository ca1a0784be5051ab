"""Progress on stderr: a live block of lanes on a terminal; elsewhere only the beginning, failures and long waits."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.report.lanes import Lanes, block
from lambda_tailor.report.texts import clean, count, duration

# How often it is told how far a run is: on a terminal, where it is written over, and elsewhere. Seconds.
LIVE_EVERY_S, SAID_EVERY_S = 0.2, 15.0


class Progress:
    """An observer of the workflow that writes to stderr."""

    def __init__(self, *, quiet: bool = False, quota_share: float = DEFAULT_SHARE) -> None:
        self._quiet = quiet
        self._share = quota_share
        self._live = sys.stderr.isatty() and not quiet
        self._lock = threading.Lock()
        self._lanes: Lanes | None = None
        self._total = self._done = 0
        self._told_at = 0.0
        # Lines of the live block that stand on the terminal now, the cursor behind the last.
        self._shown = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._wipe()

    def reading(self, account_id: str, region: str) -> None:
        """An account and region is about to be read."""
        self._passing(f"Reading {account_id} {region} …")

    def read(self, account_id: str, region: str, functions: int) -> None:
        """An account and region has been read."""
        self._passing(f"Read {account_id} {region}: {count(functions, 'function')}")

    def began(self, run_id: str, operations: Sequence[Operation]) -> None:
        """A run begins; its id is what rollback and resume take."""
        with self._lock:
            self._total, self._done = len(operations), 0
            self._lanes = Lanes(operations, self._share, time.monotonic)
            self._told_at = time.monotonic()
            self._say(f"{run_id}: {count(self._total, 'operation')}")
            self._draw()

    def ended(self, operation: Operation, ended: Ended) -> None:
        """An operation ended: failures are told, and how far it is."""
        with self._lock:
            self._done += 1
            if self._lanes is not None:
                self._lanes.ended(operation)
            if ended.result is Result.FAILED:
                detail = f" ({ended.detail})" if ended.detail else ""
                self._say(f"{operation.key.kind} {operation.key.resource}: {ended.result.value}{detail}")
            now = time.monotonic()
            if now - self._told_at < (LIVE_EVERY_S if self._live else SAID_EVERY_S) and self._done < self._total:
                return
            self._told_at = now
            if self._live:
                self._draw()
            elif self._done < self._total:
                self._say(self._status())

    def _status(self) -> str:
        """How far the run is and what it waits for, on one line."""
        if self._lanes is None:
            return ""
        ((account, region), lane), done, planned = self._lanes.slowest()
        lanes = f"{account} {region} {lane} {done:,}/{planned:,}"
        return f"[{self._done:,}/{self._total:,}] about {duration(self._lanes.left_s())} left; {lanes}"

    def _passing(self, line: str) -> None:
        """A line that the next one is written over; on a terminal only."""
        if self._live:
            with self._lock:
                self._show([clean(line)[: shutil.get_terminal_size().columns - 1]])

    def _draw(self) -> None:
        if not self._live or self._lanes is None or self._total < 2:
            return
        plain = (sys.stderr.encoding or "ascii").lower().replace("-", "") != "utf8"
        self._show(block(self._lanes.states(), shutil.get_terminal_size().columns, plain=plain))

    def _show(self, lines: Sequence[str]) -> None:
        self._wipe()
        print("\n".join(lines), file=sys.stderr, flush=True)
        self._shown = len(lines)

    def _wipe(self) -> None:
        """Take the live lines off the terminal, the cursor where they began."""
        if self._live and self._shown:
            print(f"\x1b[{self._shown}A\r\x1b[J", end="", file=sys.stderr, flush=True)
        self._shown = 0

    def _say(self, line: str) -> None:
        """A line that stays."""
        if self._quiet or not line:
            return
        self._wipe()
        print(clean(line), file=sys.stderr, flush=True)
        if self._live and self._done and self._done < self._total:
            self._draw()

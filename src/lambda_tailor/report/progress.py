"""Progress on stderr: a live line on a terminal, one line for each ending elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType

from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.planning.estimate import lane_of_operation, seconds_left
from lambda_tailor.report.texts import clean, count, duration

# A run of so many operations is told one by one.
FEW = 100
# How often it is told how far a larger run is: on a terminal, whose line is written over, and elsewhere. Seconds.
LIVE_EVERY_S, SAID_EVERY_S = 0.5, 15.0


class Progress:
    """An observer of the workflow that writes to stderr."""

    def __init__(self, *, quiet: bool = False, quota_share: float = DEFAULT_SHARE) -> None:
        self._quiet = quiet
        self._share = quota_share
        self._live = sys.stderr.isatty() and not quiet
        self._lock = threading.Lock()
        self._total = self._done = 0
        self._waiting: Counter[tuple[tuple[str, str], str]] = Counter()
        self._planned: Mapping[tuple[tuple[str, str], str], int] = {}
        self._said_at = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def reading(self, account_id: str, region: str) -> None:
        """An account and region is about to be read."""
        self._say(f"Reading {account_id} {region} …", passing=True)

    def read(self, account_id: str, region: str, functions: int) -> None:
        """An account and region has been read."""
        self._say(f"Read {account_id} {region}: {functions} function{'s' if functions != 1 else ''}", passing=True)

    def began(self, run_id: str, operations: Sequence[Operation]) -> None:
        """A run begins; its id is what rollback and resume take."""
        with self._lock:
            self._total, self._done = len(operations), 0
            self._waiting = Counter(_where(operation) for operation in operations)
            self._planned = dict(self._waiting)
        self._say(f"{run_id}: {count(self._total, 'operation')}")

    def ended(self, operation: Operation, ended: Ended) -> None:
        """An operation ended: each is told where they are few, and otherwise those that failed, and how far it is."""
        with self._lock:
            self._done += 1
            self._waiting[_where(operation)] -= 1
            done, status = self._done, self._status() if self._total > FEW else ""
        if not status or ended.result is Result.FAILED:
            what = f"{operation.key.kind} {operation.key.resource}: {ended.result.value}"
            detail = f" ({ended.detail})" if ended.detail else ""
            self._say(clean(f"[{done}/{self._total}] {what}{detail}"))
        if status:
            self._say(status, passing=self._live)

    def _status(self) -> str:
        """How far the run is and what it waits for; empty where that was said a moment ago."""
        at = time.monotonic()
        if at - self._said_at < (LIVE_EVERY_S if self._live else SAID_EVERY_S) and self._done < self._total:
            return " "
        self._said_at = at
        left = seconds_left(self._waiting, self._share)
        slowest = max(self._waiting, key=lambda where: seconds_left({where: self._waiting[where]}, self._share))
        (account, region), lane = slowest
        done, planned = self._planned[slowest] - self._waiting[slowest], self._planned[slowest]
        lanes = f"{account} {region} {lane} {done:,}/{planned:,}"
        return f"[{self._done:,}/{self._total:,}] about {duration(left)} left; {lanes}"

    def _say(self, line: str, *, passing: bool = False) -> None:
        if self._quiet or not line.strip() or (passing and not self._live):
            return
        with self._lock:
            if self._live:
                # A line that is written over has to be one line.
                line = line[: shutil.get_terminal_size().columns - 1] if passing else line
                print(f"\r\x1b[K{line}", end="" if passing else "\n", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)


def _where(operation: Operation) -> tuple[tuple[str, str], str]:
    return (operation.account_id, operation.region), lane_of_operation(operation)

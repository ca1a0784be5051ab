"""Progress on stderr: a live line on a terminal, one line for each ending elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended
from lambda_tailor.report.texts import clean


class Progress:
    """An observer of the workflow that writes to stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and not quiet
        self._lock = threading.Lock()
        self._total = 0
        self._done = 0

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

    def began(self, run_id: str, operations: int) -> None:
        """A run begins; its id is what rollback and resume take."""
        with self._lock:
            self._total, self._done = operations, 0
        self._say(f"{run_id}: {operations} operation{'s' if operations != 1 else ''}")

    def ended(self, operation: Operation, ended: Ended) -> None:
        """An operation ended."""
        with self._lock:
            self._done += 1
            done = self._done
        what = f"{operation.key.kind} {operation.key.resource}: {ended.result.value}"
        detail = f" ({ended.detail})" if ended.detail else ""
        self._say(clean(f"[{done}/{self._total}] {what}{detail}"))

    def _say(self, line: str, *, passing: bool = False) -> None:
        if self._quiet or (passing and not self._live):
            return
        with self._lock:
            if self._live:
                print(f"\r\x1b[K{line}", end="" if passing else "\n", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)

"""Many threads' small writes in few transactions: what waits together is committed, and synced to disk, together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import sqlalchemy as sa

ScopeRun = Callable[[sa.Connection], object]
# A work, and who waits for it.
_Item = tuple[ScopeRun, Future[None] | None]

# What nobody waits for is committed so many seconds later at the latest: a transaction costs ten times a statement.
_RIDES_S = 0.5


class GroupCommit:
    """Writes to one database in the order they were handed over, by one thread.

    ``written`` returns when the write is durable. ``later`` does not wait: it becomes durable with
    the next write that does, or half a second later, and its failure is raised at the next that does. After
    a failure nothing more is written, since later writes may rest on the lost one.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._pending: deque[_Item | None] = deque()
        self._awaited = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def written(self, work: ScopeRun) -> None:
        """Do it, and return once it is on disk. Raises what the database raises."""
        done: Future[None] = Future()
        self._hand_over((work, done))
        self._awaited.set()
        done.result()

    def later(self, work: ScopeRun) -> None:
        """Do it soon, at the latest with the next one that is waited for."""
        self._hand_over((work, None))

    def close(self) -> None:
        """Write what is left and stop."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._pending.append(None)
            self._awaited.set()
            thread.join()

    def _hand_over(self, item: _Item) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
                self._thread.start()
            self._pending.append(item)

    def _write(self) -> None:
        open_ended = True
        while open_ended:
            self._awaited.wait(_RIDES_S)
            # Before they are taken: whoever comes after that wakes the thread anew.
            self._awaited.clear()
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            open_ended = None not in batch
            self._commit([item for item in batch if item is not None])

    def _commit(self, batch: Sequence[_Item]) -> None:
        if self._failure is None and batch:
            try:
                with self._engine.begin() as connection:
                    for work, _ in batch:
                        work(connection)
            except Exception as error:  # noqa: BLE001 - it is handed to whoever waits
                self._failure = error
        for done in (done for _, done in batch if done is not None):
            if self._failure is None:
                done.set_result(None)
            else:
                done.set_exception(self._failure)

"""Many threads' small writes in few transactions: what waits together is committed, and synced to disk, together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue

import sqlalchemy as sa

ScopeRun = Callable[[sa.Connection], object]


class GroupCommit:
    """Writes to one database in the order they were handed over, by one thread.

    ``written`` returns when the write is durable. ``later`` does not wait: it becomes durable with
    the next write that does, and its failure is raised there. After a failure nothing more is
    written, since later writes may rest on the lost one.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[tuple[ScopeRun, Future[None]] | None] = SimpleQueue()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def written(self, work: ScopeRun) -> None:
        """Do it, and return once it is on disk. Raises what the database raises."""
        self._hand_over(work).result()

    def later(self, work: ScopeRun) -> None:
        """Do it some time soon, at the latest with the next one that is waited for."""
        self._hand_over(work)

    def close(self) -> None:
        """Write what is left and stop."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _hand_over(self, work: ScopeRun) -> Future[None]:
        done: Future[None] = Future()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
                self._thread.start()
            self._queue.put((work, done))
        return done

    def _write(self) -> None:
        open_ended = True
        while open_ended:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            open_ended = None not in batch
            self._commit([item for item in batch if item is not None])

    def _commit(self, batch: Sequence[tuple[ScopeRun, Future[None]]]) -> None:
        if self._failure is None and batch:
            try:
                with self._engine.begin() as connection:
                    for work, _ in batch:
                        work(connection)
            except Exception as error:  # noqa: BLE001 - it is handed to whoever waits
                self._failure = error
        for _, done in batch:
            if self._failure is None:
                done.set_result(None)
            else:
                done.set_exception(self._failure)

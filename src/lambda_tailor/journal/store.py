"""A database with the team's key: every write is durable before it returns, whatever is read is checked like a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from lambda_tailor.errors import JournalError, PlanFileError
from lambda_tailor.journal.database import open_engine, without_password
from lambda_tailor.journal.group_commit import GroupCommit
from lambda_tailor.journal.standing import explained
from lambda_tailor.journal.team_key import TeamKey

T = TypeVar("T")


class Store:
    """The database at a URL. Every method raises JournalError where it fails."""

    def __init__(self, url: str) -> None:
        self.place = without_password(url)
        with explained(self.place):
            self._engine = open_engine(url)
        self._writes = GroupCommit(self._engine.execution_options(writes=True))
        self._key: TeamKey | None = None

    def close(self) -> None:
        """Write what is left, and let go of the database."""
        self._writes.close()
        self._engine.dispose()

    def sign_with(self, key: TeamKey) -> None:
        """Sign what is written from now on, and verify what is read, with the team's key."""
        self._key = key

    @contextmanager
    def _checked(self, run_id: str) -> Iterator[None]:
        """Whatever a database holds is checked like a file: somebody may have been at it."""
        try:
            yield
        except (ValueError, KeyError, TypeError, RecursionError, PlanFileError) as error:
            raise JournalError(f"The journal {self.place} is damaged at run {run_id}: restore it first.") from error

    def _written(self, work: Callable[[sa.Connection], T]) -> T:
        """What the work gave, once it is durable."""
        found: list[T] = []
        self._write(lambda connection: found.append(work(connection)))
        return found[-1]

    def _write(self, work: Callable[[sa.Connection], object]) -> None:
        with explained(self.place):
            self._writes.written(work)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        # What was handed over is in the answer.
        self._write(lambda _connection: None)
        with explained(self.place), self._engine.connect() as connection:
            yield connection

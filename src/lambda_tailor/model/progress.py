"""Who watches: told of what is read and what is done, as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended


class Observer(Protocol):
    """Told of progress, from any thread. Every method may be left as it is."""

    def reading(self, account_id: str, region: str) -> None:
        """An account and region is about to be read."""

    def read(self, account_id: str, region: str, functions: int) -> None:
        """An account and region has been read."""

    def began(self, run_id: str, operations: Sequence[Operation]) -> None:
        """A run is written down and begins."""

    def ended(self, operation: Operation, ended: Ended) -> None:
        """An operation ended."""


class NullObserver:
    """An observer that says nothing."""

    def reading(self, account_id: str, region: str) -> None:
        """Nothing."""

    def read(self, account_id: str, region: str, functions: int) -> None:
        """Nothing."""

    def began(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Nothing."""

    def ended(self, operation: Operation, ended: Ended) -> None:
        """Nothing."""

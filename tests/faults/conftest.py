"""The integration tests' embedded AWS, without request quotas: here only faults slow things down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_tailor.applying import apply_operation
from lambda_tailor.demo.emulator import Emulator
from tests.integration.conftest import aws, stack

__all__ = ["aws", "emulator", "stack"]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded AWS is done with an update at once."""
    monkeypatch.setattr(apply_operation, "UPDATE_TAKES_S", 0.0)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator.start(quota_scale=0) as running:
        yield running

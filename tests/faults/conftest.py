"""The integration tests' embedded AWS, without request quotas: here only faults slow things down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_tailor.demo.emulator import Emulator
from tests.integration.conftest import aws, stack

__all__ = ["aws", "emulator", "stack"]


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator.start(quota_scale=0) as running:
        yield running

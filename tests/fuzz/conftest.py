"""The embedded AWS, as the integration tests have it."""

from __future__ import annotations

from tests.integration.conftest import aws, emulator, stack

__all__ = ["aws", "emulator", "stack"]

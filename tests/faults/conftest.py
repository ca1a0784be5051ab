"""The integration tests' embedded AWS, without request quotas: here only faults slow things down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_tailor.applying import apply_operation
from lambda_tailor.demo.emulator import Emulator
from tests.faults.place import Place, opened, warmed_up
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


@contextmanager
def _settings_of(emulator: Emulator) -> Iterator[None]:
    """What the sequences set is put back."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("LAMBDA_TAILOR_JOURNAL", "LAMBDA_TAILOR_KEY_FILE", *emulator.environment()):
            patched.setenv(name, "")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "LAMBDA_TAILOR_KEY"):
            patched.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def warm_place(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Warmed up once: it takes seconds."""
    with _settings_of(emulator), opened(emulator, tmp_path_factory.mktemp("place")) as made:
        warmed_up(made)
        return made


@pytest.fixture
def place(warm_place: Place, emulator: Emulator, tmp_path: Path) -> Iterator[Place]:
    """The one function, and commands on it in processes that can be struck."""
    with _settings_of(emulator), opened(emulator, tmp_path) as made:
        yield replace(made, access=warm_place.access, hands=warm_place.hands)

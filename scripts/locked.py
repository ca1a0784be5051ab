"""What requirements.lock pins: names, versions and the hashes of their files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package of one version; any of its files with one of these SHA-256 may be installed."""

    name: str
    version: str
    sha256: tuple[str, ...]


def canonical(name: str) -> str:
    """A package's name as it is compared: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> Mapping[str, Pinned]:
    """Every package of a lock by its canonical name.

    Raises ValueError for a line that pins nothing.
    """
    found: dict[str, Pinned] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        pin = _PIN.match(entry)
        if pin is None:
            raise ValueError(f"{entry[:60]!r} pins nothing")
        found[canonical(pin[1])] = Pinned(canonical(pin[1]), pin[2], tuple(_HASH.findall(entry)))
    return found

"""What the GitHub Action installs, by hash: python -m scripts.action_lock writes requirements-action.lock.

The part of requirements.lock that the program and its write-back need, on Linux and each Python from 3.11 to 3.13,
for Intel and ARM: the markers of what is installed are judged for each of them, and what is needed by one is for all.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from itertools import product

from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement

from scripts.locked import LOCK, ROOT, canonical, locked

FILE = ROOT / "requirements-action.lock"
EXTRA = "write-back"
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")


def needed() -> frozenset[str]:
    """The canonical names of all packages that any of those machines needs.

    Raises LookupError where one of them is not locked.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"][EXTRA])]
    pinned = locked(LOCK.read_text())
    found: set[str] = set()
    for environment in _environments():
        seen: set[tuple[str, frozenset[str]]] = set()
        waiting = [(canonical(each.name), frozenset(each.extras)) for each in asked]
        while waiting:
            name, extras = waiting.pop()
            if (name, extras) in seen:
                continue
            seen.add((name, extras))
            if name not in pinned:
                raise LookupError(f"{name} is not locked, and Python {environment['python_version']} needs it")
            lines = importlib.metadata.requires(name) or ()
            waiting += [
                (canonical(each.name), frozenset(each.extras))
                for each in map(Requirement, lines)
                if _holds(each, environment, extras)
            ]
        found |= {name for name, _ in seen}
    return frozenset(found)


def _environments() -> Iterator[Environment]:
    for python, machine in product(PYTHONS, MACHINES):
        yield {
            **default_environment(), "python_version": python, "python_full_version": f"{python}.0",
            "platform_machine": machine, "platform_system": "Linux", "sys_platform": "linux", "os_name": "posix",
        }  # fmt: skip


def _holds(requirement: Requirement, environment: Environment, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in (*extras, ""))


def part(lock: str, names: frozenset[str]) -> str:
    """The lock's lines for these packages, as they stand there."""
    entries = lock.replace("\\\n", "\x00").splitlines()
    kept = [entry for entry in entries if canonical(entry.partition("==")[0]) in names]
    return "".join(f"{entry}\n" for entry in kept).replace("\x00", "\\\n")


def main() -> int:
    """Write the file."""
    names = needed()
    FILE.write_text(part(LOCK.read_text(), names))
    print(f"{FILE.name}: {len(names)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The software bill of materials of the wheel: python -m scripts.sbom --out dist.

CycloneDX 1.6 as JSON, https://cyclonedx.org/docs/1.6/json/: what the wheel needs, and what each of its extras for
users adds, in the versions and with the hashes of requirements.lock. The same input gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import sys
import tomllib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from scripts.locked import LOCK, ROOT, Pinned, canonical, locked

NAME = "lambda-tailor"
FILE = f"{NAME}.cdx.json"
# Extras that only whoever works on the program installs.
_OURS = frozenset({"dev", "docs"})


def bill(project: Mapping[str, Any], version: str, pinned: Mapping[str, Pinned], wheels: Sequence[Path]) -> Any:
    """The document for a project table of pyproject.toml; ``wheels`` are its files, with their hashes."""
    needs = _graph(_direct(project), pinned)
    root = f"pkg:pypi/{NAME}@{version}"
    graph = {root: [_purl(pinned[name]) for name in _names(_direct(project), pinned)]}
    graph |= {_purl(pinned[name]): [_purl(pinned[each]) for each in needs[name]] for name in sorted(needs)}
    component = {
        "type": "application", "bom-ref": root, "name": NAME, "version": version, "purl": root,
        "licenses": [{"license": {"id": project["license"]}}],
        "externalReferences": [
            {"type": "distribution", "url": wheel.name, "hashes": [_hash(hashlib.sha256(wheel.read_bytes()))]}
            for wheel in wheels
        ],
    }  # fmt: skip
    components = [_component(pinned[name]) for name in sorted(needs)]
    said = json.dumps([component, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, said)}",
        "version": 1,
        "metadata": {"component": component},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(others))} for ref, others in graph.items()],
    }


def _direct(project: Mapping[str, Any]) -> list[Requirement]:
    """What the wheel and its extras for users ask for."""
    lines = list(project["dependencies"])
    for extra, more in project["optional-dependencies"].items():
        lines += more if extra not in _OURS else ()
    return [each for each in map(Requirement, lines) if canonical(each.name) != NAME]


def _names(requirements: Iterable[Requirement], pinned: Mapping[str, Pinned]) -> list[str]:
    """Those of them that are locked; what is not is for another system or Python."""
    return sorted({canonical(each.name) for each in requirements} & pinned.keys())


def _graph(direct: Iterable[Requirement], pinned: Mapping[str, Pinned]) -> dict[str, list[str]]:
    """What each package needs, from those on that are asked for; the installed ones tell."""
    needs: dict[str, list[str]] = {}
    waiting = [(canonical(each.name), frozenset(each.extras)) for each in direct]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if name not in pinned or (name, extras) in seen:
            continue
        seen.add((name, extras))
        asked = [Requirement(line) for line in importlib.metadata.requires(name) or ()]
        meant = [each for each in asked if _holds(each, extras)]
        needs[name] = sorted({*needs.get(name, ()), *_names(meant, pinned)})
        waiting += [(canonical(each.name), frozenset(each.extras)) for each in meant]
    return needs


def _holds(requirement: Requirement, extras: frozenset[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in (*extras, ""))


def _component(package: Pinned) -> Mapping[str, Any]:
    said = importlib.metadata.metadata(package.name)
    license_ = said.get("License-Expression")
    found: dict[str, Any] = {
        "type": "library", "bom-ref": _purl(package), "name": package.name, "version": package.version,
        "purl": _purl(package),
        "properties": [{"name": f"{NAME}:file-sha256", "value": each} for each in package.sha256],
    }  # fmt: skip
    return {**found, "licenses": [{"expression": license_}]} if license_ else found


def _purl(package: Pinned) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _hash(digest: Any) -> Mapping[str, str]:
    return {"alg": "SHA-256", "content": digest.hexdigest()}


def main() -> int:
    """Write the bill beside the wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder that the wheel is in")
    folder: Path = parser.parse_args().out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = importlib.metadata.version(NAME)
    folder.mkdir(exist_ok=True)
    wheels = sorted(folder.glob(f"lambda_tailor-{version}-*.whl"))
    made = bill(project, version, locked(LOCK.read_text()), wheels)
    (folder / FILE).write_text(json.dumps(made, indent=2) + "\n")
    print(f"{folder / FILE}: {len(made['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())

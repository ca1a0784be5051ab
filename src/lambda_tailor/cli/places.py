"""Where in the repository a change is decided: where its setting is written, or its rule's line in the policy file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from lambda_tailor import api
from lambda_tailor.model.plan import Plan
from lambda_tailor.policy.file import load_policy
from lambda_tailor.report.sarif import POLICY_FILE, Place, Places, in_the_policy, in_the_source
from lambda_tailor.writeback.model import Edit, NotEdited


def places(plan: Plan, *, policy: str | None, source: str | None, state: str | None) -> Places:
    """Each change where ``source`` has its setting, where it is given and has it, or else in the policy.

    Files are named from the working folder on, which in CI is the repository's root.
    Raises PolicyError, and BadInput where the source cannot be read.
    """
    otherwise = policy_places(Path(policy)) if policy else in_the_policy(POLICY_FILE, {})
    if source is None:
        return otherwise
    document = api.write_back(plan, source=source, state=state, shared=True).document
    written: tuple[Edit | NotEdited, ...] = (*document.not_edited, *document.already, *document.edits)
    found = {(each.function, each.setting): each for each in written}
    return in_the_source(_known(found, Path(source)), otherwise)


def policy_places(file: Path) -> Places:
    """Each change at its rule's line in the policy file, named from the working folder on.

    Raises PolicyError.
    """
    lines: dict[str, int] = {}
    for layer in load_policy(file).layers:
        lines |= {rule: layer.lines[rule] for rule in layer.rules if rule in layer.lines}
    return in_the_policy(_named(file), lines)


def _known(found: Mapping[tuple[str, str], Edit | NotEdited], source: Path) -> dict[tuple[str, str], Place]:
    """The places by function and setting; by function alone, with an empty setting, the first that it has.

    A blocked change and a finding have no edit: they are shown where the function's other settings are.
    """
    known = {
        key: Place(_named(source / edit.file), edit.line)
        for key, edit in found.items()
        if edit.file is not None and edit.line is not None
    }
    return {**_first(known.items()), **known}


def _first(known: Iterable[tuple[tuple[str, str], Place]]) -> dict[tuple[str, str], Place]:
    firsts: dict[tuple[str, str], Place] = {}
    for (function, _), place in known:
        had = firsts.get((function, ""))
        if had is None or (place.file, place.line) < (had.file, had.line):
            firsts[function, ""] = place
    return firsts


def _named(file: Path) -> str:
    """The file from the working folder on; one that lies outside by its name alone."""
    path = Path(os.path.relpath(file.resolve()))
    return file.name if ".." in path.parts else path.as_posix()

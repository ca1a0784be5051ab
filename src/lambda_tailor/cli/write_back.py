"""``write-back``: what a plan or a run changes, written into the source; a diff by default."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lambda_tailor import api, documents
from lambda_tailor.writeback.model import NotEdited, by_cause, functions_of
from lambda_tailor.writeback.service import Done

# Of functions that have the same to say.
_NAMES = 5


def write_back(shown: str, given: dict[str, Any]) -> int:
    """Write back, show it, and say what could not be; the exit code."""
    done = api.write_back(
        shown,
        source=given["source"],
        state=given["state"],
        var_files=given["var_files"],
        write=given["write"],
        branch=given["branch"],
        shared=given["shared"],
        check=given["check"],
        force=given["force"],
        trust_plan=given["trust_plan"],
        journal=given.get("journal"),
    )
    if given["pull_request"]:
        _request(shown, done, given)
    if given["as_json"]:
        print(documents.dumps(done.document))
    else:
        _show(done, given)
    return 0 if done.complete else 2


def _request(shown: str, done: Done, given: dict[str, Any]) -> None:
    from lambda_tailor.report import pull_request

    plan = api.plan_of(shown, journal=given.get("journal"))
    folder = Path(given["pull_request"])
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "title.txt": pull_request.title(plan, done.document) + "\n",
        "body.md": pull_request.body(plan, done.document),
        "labels.txt": "".join(label + "\n" for label in pull_request.labels(plan, done.document)),
    }
    for name, text in texts.items():
        documents.write_file(str(folder / name), (text.encode(),), "The pull request's text")


def _show(done: Done, given: dict[str, Any]) -> None:
    document = done.document
    if not given["write"] and not given["branch"]:
        print(done.diff, end="")
    for edit in document.edits if given["write"] or given["branch"] else ():
        print(f"{edit.file}:{edit.line} {edit.function} {edit.setting}: {_value(edit.before)} -> {_value(edit.after)}")
    for edit in document.edits:
        if edit.also_changes:
            _say(f"{edit.file}:{edit.line} also changes {', '.join(edit.also_changes)}")
    for line in _not_written(document.not_edited):
        _say(line)
    for own in document.to_own:
        _say(f"{own.resource} is made by applying the plan; for the source to own it:\n{own.block}")
    for note in document.notes:
        _say(f"Note: {note}")
    for check in document.checks:
        _say(f"{check.tool} in {check.folder}: {'No changes.' if check.clean else 'left: ' + '; '.join(check.left)}")
    _say(_summary(done, given))


def _not_written(left: Sequence[NotEdited]) -> Iterator[str]:
    """One line each; one for all whose place is not known for the same reason."""
    for those in by_cause(left):
        first = those[0]
        place = f"{first.file}:{first.line} " if first.file else ""
        who = f"{place}{functions_of(those, _NAMES)}"
        alike = {(each.setting, _value(each.wanted)) for each in those}
        if len(alike) == 1:
            yield f"Not written: {who} {first.setting}: {first.because}. Wanted: {_value(first.wanted)}"
        else:
            yield f"Not written: {who}, {len(those)} settings: {first.because}."


def _summary(done: Done, given: dict[str, Any]) -> str:
    document = done.document
    files = len({edit.file for edit in document.edits})
    where = f"committed on {given['branch']}" if done.commit else "written" if given["write"] else "to write"
    counts = f"{len(document.edits)} {'setting' if len(document.edits) == 1 else 'settings'} in {files} "
    counts += "file" if files == 1 else "files"
    already = f", {len(document.already)} as wanted already" if document.already else ""
    return f"{counts} {where}{already}, {len(document.not_edited)} not."


def _value(value: object) -> str:
    return "not set" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _say(text: str) -> None:
    print(text, file=sys.stderr)

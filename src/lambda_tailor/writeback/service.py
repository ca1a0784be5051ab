"""Write-back from end to end: propose the edits, write or commit them, let the deployment's tool prove them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback import files, repository
from lambda_tailor.writeback.checking import check
from lambda_tailor.writeback.engine import Proposal, propose
from lambda_tailor.writeback.model import Wanted, WriteBack


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackOptions:
    """How a source is written back; the paths are as the command line has them.

    ``write`` edits the files, ``branch`` commits them on a branch of that name instead. ``shared`` writes values
    that others share, ``force`` files that have uncommitted changes. ``check`` asks the deployment's tool.
    """

    source: Path
    state: Path | None = None
    var_files: tuple[Path, ...] = ()
    write: bool = False
    branch: str | None = None
    shared: bool = False
    check: bool = False
    force: bool = False
    ignore: tuple[str, ...] = ()
    title: str = "Fit Lambda functions to their load"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: the document, the unified diff, and the commit where one was made."""

    document: WriteBack
    diff: str
    commit: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all is written back and nothing is left to change."""
        return not self.document.not_edited and all(each.clean for each in self.document.checks)


def write_back(wanted: Sequence[Wanted], options: WriteBackOptions) -> Done:
    """Carry out what the options say.

    Raises BadInput where the source or the state cannot be read, a file has uncommitted changes or changed
    meanwhile, or git or the deployment's tool refuses; then nothing is written.
    """
    if options.write and options.branch:
        raise BadInput("Give --write or --branch, not both: a branch leaves the files as they are.")
    proposal = propose(
        options.source, wanted, state=options.state, var_files=options.var_files, shared=options.shared,
        ignore=options.ignore,
    )  # fmt: skip
    made: str | None = None
    if (options.write or options.branch) and proposal.texts:
        _refuse_dirty(proposal, force=options.force)
    if options.write and proposal.texts:
        files.write(proposal.tree, proposal.texts)
    elif options.branch and proposal.texts:
        text = _message(proposal, options.title)
        made = repository.commit(proposal.tree, proposal.texts, options.branch, text, replaces=options.force)
    document = proposal.document
    if options.check:
        checks = check(
            proposal.tree, proposal.texts, proposal.roots, written=options.write, state=options.state,
            var_files=options.var_files,
        )  # fmt: skip
        document = replace(document, checks=tuple(checks))
    return Done(document, unified(proposal), made)


def _refuse_dirty(proposal: Proposal, *, force: bool) -> None:
    if force:
        return
    dirty = repository.uncommitted(proposal.tree, list(proposal.texts))
    if dirty:
        names = ", ".join(sorted(dirty))
        raise BadInput(f"{names} has uncommitted changes: commit them, or write all the same with --force.")


def unified(proposal: Proposal) -> str:
    """The edits as ``git apply`` and ``patch -p1`` take them."""
    pieces: list[str] = []
    for file, text in proposal.texts.items():
        before, after = (_lines(t.decode()) for t in (proposal.tree.text(file), text))
        for line in difflib.unified_diff(before, after, f"a/{file}", f"b/{file}"):
            pieces.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(pieces)


def _lines(text: str) -> list[str]:
    """Lines as git counts them: only a line feed ends one."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _message(proposal: Proposal, title: str) -> str:
    lines = [title, ""]
    lines += [f"{e.function}: {e.setting} {_short(e.before)} -> {_short(e.after)}" for e in proposal.document.edits]
    return "\n".join(lines) + "\n"


def _short(value: object) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 120 else text[:117] + "..."

"""The git repository that a source lies in: what is not committed, and a commit on a branch of its own.

A commit is put together from objects, beside the index: the work tree and what is checked out stay as they are.
https://git-scm.com/docs/git-commit-tree
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Tree

_WITHIN_S = 60


def uncommitted(tree: Tree, files: Sequence[str]) -> list[str]:
    """Those of the files that have changes which no commit has; none where there is no repository."""
    if not files or not _inside(tree.root):
        return []
    listed = _git(tree.root, "status", "--porcelain", "-z", "--", *files)
    changed = [entry[3:].decode() for entry in listed.split(b"\0") if entry]
    top = Path(_git(tree.root, "rev-parse", "--show-toplevel").decode().strip())
    return [tree.key(top / name) for name in changed]


def commit(tree: Tree, texts: Mapping[str, bytes], branch: str, message: str, *, replaces: bool = False) -> str:
    """Commit the new texts on top of HEAD, on that new branch; the commit's id.

    ``replaces`` moves a branch of that name. Raises BadInput where there is no repository or no commit yet, where
    the branch is there already, a file is one that git ignores, or git refuses.
    """
    if not _inside(tree.root):
        raise BadInput(f"{tree.root} is in no git repository: leave out --branch, or run git init first.")
    _git(tree.root, "check-ref-format", "--branch", branch)
    _refuse_ignored(tree, list(texts))
    there = _git(tree.root, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").decode().strip()
    if there and not replaces:
        raise BadInput(f"There is a branch {branch} already: name another one, or move it with --force.")
    current = _git(tree.root, "symbolic-ref", "-q", "HEAD", may_fail=True).decode().strip()
    if there and current == f"refs/heads/{branch}":
        raise BadInput(f"{branch} is checked out: name another branch.")
    head = _git(tree.root, "rev-parse", "--verify", "HEAD").decode().strip()
    top = Path(_git(tree.root, "rev-parse", "--show-toplevel").decode().strip())
    with tempfile.TemporaryDirectory(prefix="lambda-tailor-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(tree.root, "read-tree", head, environment=index)
        for file, text in texts.items():
            name = Path(os.path.relpath(tree.path(file).resolve(), top.resolve())).as_posix()
            blob = _git(top, "hash-object", "-w", "--stdin", f"--path={name}", stdin=text).decode().strip()
            listed = _git(top, "ls-files", "-s", "--", name, environment=index).split()
            mode = listed[0].decode() if listed else "100644"
            _git(top, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}", environment=index)
        written = _git(tree.root, "write-tree", environment=index).decode().strip()
    made = _git(tree.root, "commit-tree", written, "-p", head, stdin=message.encode()).decode().strip()
    # Only where the branch is as it was looked at: somebody may have made it meanwhile.
    was = there or "0" * len(made)
    _git(tree.root, "update-ref", "-m", "lambda-tailor write-back", f"refs/heads/{branch}", made, was)
    return made


def _refuse_ignored(tree: Tree, files: Sequence[str]) -> None:
    """What git is told to ignore, such as variables with secrets, is never committed."""
    if not files:
        return
    asked = b"\0".join(file.encode() for file in files)
    found = _git(tree.root, "check-ignore", "-z", "--stdin", stdin=asked, may_fail=True)
    ignored = ", ".join(sorted(each.decode() for each in found.split(b"\0") if each))
    if ignored:
        raise BadInput(f"git ignores {ignored}, which is never committed: write it with --write, without --branch.")


def _inside(folder: Path) -> bool:
    try:
        return _git(folder, "rev-parse", "--is-inside-work-tree", may_fail=True).strip() == b"true"
    except BadInput:
        return False


def _git(
    folder: Path, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None,
    may_fail: bool = False,
) -> bytes:  # fmt: skip
    try:
        run = subprocess.run(
            ["git", *arguments], cwd=folder, input=stdin, capture_output=True, timeout=_WITHIN_S, check=False,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
        )  # fmt: skip
    except FileNotFoundError as error:
        raise BadInput("git is not installed: leave out --branch, and write the files with --write.") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"git {arguments[0]} did not end within {_WITHIN_S} s: look into {folder}.") from error
    if run.returncode and not may_fail:
        lines = run.stderr.decode(errors="replace").strip().splitlines() or ["it gives no reason"]
        raise BadInput(f"git {arguments[0]} refuses: {lines[-1].removeprefix('fatal: ').rstrip('.')}.")
    return run.stdout

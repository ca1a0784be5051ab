"""The source as it lies on disk: read once, changed only in memory, written whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.errors import BadInput

# CloudFormation takes a template of 1 MB at most, and no Terraform file that people write comes near it.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
LARGEST_BYTES = 1_048_576
_MOST_FOLDERS = 20_000
# Where a generator says so.
_HEAD_LINES = 5
_SKIPPED = {"node_modules", "__pycache__", "cdk.out", "venv"}
_GENERATED = re.compile(
    rb"(?im)^\s*(#|//|/\*|\*).*(code generated|auto-?generated|@generated|generated (by|with)|do not (edit|modify))"
)


@dataclass(frozen=True, slots=True)
class Splice:
    """Bytes ``start`` to ``end`` of a file become ``text``.

    Of two at one place that of lower ``order`` comes first, and ``between`` stands between those of the same order.
    """

    file: str
    start: int
    end: int
    text: bytes
    order: int = 0
    between: bytes = b""


class Tree:
    """The files below a folder, each known by its path relative to it.

    A file that is reached over a symbolic link has the path of where it really lies. What lies outside may
    be read, where a module leads there, and is never edited.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise BadInput(f"{root} is no folder: give the source's folder with --source.")
        self.root = root.resolve()
        self._texts: dict[str, bytes] = {}
        self._listed: list[tuple[Path, Sequence[str]]] = []

    def key(self, path: Path) -> str:
        """The file's name in edits."""
        return Path(os.path.relpath(path.resolve(), self.root)).as_posix()

    def path(self, file: str) -> Path:
        """Where the file lies."""
        return self.root / file

    def text(self, file: str) -> bytes:
        """The file's bytes, as they were when they were first asked for.

        Raises BadInput where it cannot be read or is too large to be written by hand.
        """
        if file not in self._texts:
            path = self.path(file)
            try:
                size = path.stat().st_size
                if size > LARGEST_BYTES:
                    raise BadInput(f"{file}:1 has {size / 1e6:.1f} MB, and no source of more than 1 MB is read.")
                self._texts[file] = path.read_bytes()
            except OSError as error:
                raise BadInput(f"{file} cannot be read: {error.strerror}.") from error
            try:
                self._texts[file].decode()
            except UnicodeDecodeError as error:
                line = self._texts.pop(file).count(b"\n", 0, error.start) + 1
                raise BadInput(f"{file}:{line} is not UTF-8.") from error
        return self._texts[file]

    def line(self, file: str, offset: int) -> int:
        """The number of the line, from 1, that the byte is in."""
        return self.text(file).count(b"\n", 0, offset) + 1

    def barred(self, file: str) -> str | None:
        """Why this file is not edited, or None."""
        if file.startswith("../"):
            return "it lies outside of the source's folder: give a folder that holds both with --source"
        if ".terraform" in file.split("/"):
            return "it is a copy that Terraform fetched: the change belongs where the module comes from"
        if _GENERATED.search(b"\n".join(self.text(file).splitlines()[:_HEAD_LINES])):
            return "it is generated: the change belongs into what generates it"
        path = self.path(file)
        if not os.access(path, os.W_OK) or not path.stat().st_mode & 0o200:
            return "it is read-only"
        return None

    def named(self, *names: str) -> list[str]:
        """The files anywhere below whose name matches one of these patterns, the nearest first."""
        found: list[str] = []
        for folder, files in self._walked():
            for name in sorted(files):
                if any(Path(name).match(pattern) for pattern in names):
                    found.append(self.key(folder / name))
        return sorted(dict.fromkeys(found), key=lambda f: (f.count("/"), f))

    def _walked(self) -> Sequence[tuple[Path, Sequence[str]]]:
        self._listed = self._listed or list(_walk(self.root))
        return self._listed

    def folders(self, pattern: str) -> list[Path]:
        """The folders below that have a file of that pattern, the nearest first."""
        found = [folder for folder, files in self._walked() if any(Path(name).match(pattern) for name in files)]
        return sorted(found, key=lambda folder: (len(folder.parts), folder))


def _walk(root: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    for number, (folder, folders, files) in enumerate(os.walk(root)):
        if number > _MOST_FOLDERS:
            raise BadInput(
                f"{root} has more than {_MOST_FOLDERS} folders: give the folder of the source with --source."
            )
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        yield Path(folder), files


def applied(text: bytes, splices: Iterable[Splice]) -> bytes:
    """The text with every splice in it; of those at one place the first given comes first.

    Raises ValueError where two overlap.
    """
    ordered = sorted(splices, key=lambda s: (s.start, s.end, s.order))
    pieces: list[bytes] = []
    at, last = 0, None
    for splice in ordered:
        if splice.start < at:
            raise ValueError(f"two edits of {splice.file} overlap at byte {splice.start}")
        beside = last is not None and (last.start, last.order) == (splice.start, splice.order)
        pieces += [text[at : splice.start], splice.between if beside else b"", splice.text]
        at, last = splice.end, splice
    return b"".join([*pieces, text[at:]])


def edited(tree: Tree, splices: Sequence[Splice]) -> Mapping[str, bytes]:
    """The new text of every file that an edit changes."""
    by_file: dict[str, list[Splice]] = {}
    for splice in splices:
        by_file.setdefault(splice.file, []).append(splice)
    texts = {file: applied(tree.text(file), dict.fromkeys(those)) for file, those in sorted(by_file.items())}
    return {file: text for file, text in texts.items() if text != tree.text(file)}


def write(tree: Tree, texts: Mapping[str, bytes]) -> None:
    """Write the files: each whole, all of them or none.

    Raises BadInput where a file changed since it was read, or cannot be written.
    """
    for file in texts:
        if tree.path(file).read_bytes() != tree.text(file):
            raise BadInput(f"{file} changed while it was read: nothing is written, run write-back again.")
    prepared: list[tuple[Path, Path]] = []
    done: list[str] = []
    try:
        for file, text in texts.items():
            prepared.append((_beside(tree.path(file), text), tree.path(file)))
        for (new, path), file in zip(prepared, texts, strict=True):
            os.replace(new, path)
            done.append(file)
    except OSError as error:
        for file in done:
            tree.path(file).write_bytes(tree.text(file))
        raise BadInput(f"{error.filename or tree.root} cannot be written: {error.strerror}.") from error
    finally:
        for new, _path in prepared:
            new.unlink(missing_ok=True)


def _beside(path: Path, text: bytes) -> Path:
    """The text in a new file in the same folder, with the mode of the old one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, path.stat().st_mode & 0o7777)
    return Path(name)

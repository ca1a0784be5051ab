"""Where the team's key is: a file that only its owner may read, or a variable."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lambda_tailor import paths
from lambda_tailor.errors import KeyRefused
from lambda_tailor.journal.team_key import TeamKey

VARIABLE = "LAMBDA_TAILOR_KEY"
# No key file is longer; whatever is, is another file.
_LONGEST = 4096


class KeySource(Protocol):
    """Gives the team's key. ``place`` is what complaints call it."""

    @property
    def place(self) -> str:
        """Where the key is."""
        ...

    def load(self, wrapped: str, *, make: bool) -> TeamKey | None:
        """The key; ``wrapped`` is one that KMS encrypted, or empty. None where there is none and none may be made.

        Raises KeyRefused, and what KMS raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class VariableKey:
    """The key itself, in LAMBDA_TAILOR_KEY."""

    text: str

    @property
    def place(self) -> str:
        """The variable."""
        return VARIABLE

    def load(self, wrapped: str, *, make: bool) -> TeamKey | None:  # noqa: ARG002 - the same for every source
        """The key."""
        return TeamKey.of(self.text, VARIABLE)


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key in a file that only its owner may read."""

    file: Path

    @property
    def place(self) -> str:
        """The file."""
        return str(self.file)

    def load(self, wrapped: str, *, make: bool) -> TeamKey | None:  # noqa: ARG002 - the same for every source
        """The key; made where there is none and ``make`` says so."""
        try:
            text = self._read()
        except FileNotFoundError:
            return self.make() if make else None
        except OSError as error:
            raise KeyRefused(f"The key file {self.file} cannot be used: {error.strerror}.") from error
        return TeamKey.of(text, f"The key file {self.file}")

    def make(self) -> TeamKey:
        """A new key in a new file.

        Raises KeyRefused where there is one already.
        """
        key = TeamKey.made()
        try:
            paths.make_private_folder(self.file.parent)
            # Made exclusively, so that two processes never use two keys, and nothing is followed.
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyRefused(f"{self.file} is there already: a key that was in use is never overwritten.") from None
        except OSError as error:
            raise KeyRefused(f"The key file {self.file} cannot be used: {error.strerror}.") from error
        with os.fdopen(descriptor, "w") as file:
            file.write(key.text().reveal())
            file.flush()
            os.fsync(file.fileno())
        return key

    def _read(self) -> str:
        # A pipe would be waited for, and a link may lead anywhere.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        if self.file.is_symlink():
            raise KeyRefused(f"The key file {self.file} is a link: name the file itself.")
        descriptor = os.open(self.file, flags)
        with os.fdopen(descriptor, "rb") as file:
            self._check(os.fstat(descriptor))
            return file.read(_LONGEST).decode("ascii", "replace")

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise KeyRefused(f"The key file {self.file} is no file.")
        if os.name != "posix":
            return
        if found.st_nlink > 1:
            raise KeyRefused(
                f"The key file {self.file} has another name too (a hard link): copy it to a file of its own."
            )
        if found.st_uid != os.geteuid():
            raise KeyRefused(f"The key file {self.file} belongs to somebody else: make it your own, or take another.")
        if found.st_mode & 0o077:
            raise KeyRefused(
                f"Others may read the key file {self.file}: chmod 600 {self.file}, and think of a new key."
            )


def local_source() -> FileKey | VariableKey:
    """LAMBDA_TAILOR_KEY if it is set, else the key file."""
    text = os.environ.get(VARIABLE)
    return VariableKey(text) if text else FileKey(paths.key_file())

"""Where the program keeps its things on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """The platform's state folder (XDG_STATE_HOME, Application Support, LocalAppData)."""
    from platformdirs import user_state_path

    return user_state_path("lambda-tailor")


def make_private_folder(folder: Path) -> None:
    """The folder, made so that only its owner may look; the state folder is made private again where it is not.

    Raises OSError.
    """
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    elif folder == state_folder() and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def journal_url() -> str:
    """``LAMBDA_TAILOR_JOURNAL``, or SQLite in the state folder."""
    return os.environ.get("LAMBDA_TAILOR_JOURNAL") or f"sqlite:///{state_folder() / 'journal.db'}"


def key_file() -> Path:
    """``LAMBDA_TAILOR_KEY_FILE``, or vault.key in the state folder."""
    named = os.environ.get("LAMBDA_TAILOR_KEY_FILE")
    return Path(named) if named else state_folder() / "vault.key"

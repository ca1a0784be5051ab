"""``lambda-tailor key``: the team's key made, named, and handed on. What is heavy is imported late."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambda_tailor import paths
from lambda_tailor.cli.arguments import Arguments
from lambda_tailor.errors import KeyRefused
from lambda_tailor.journal.key_sources import FileKey, local_source
from lambda_tailor.journal.vault import Vault
from lambda_tailor.planning.options import ConnectionOptions


def make(file: str | None) -> int:
    """Make a key; 0.

    Raises KeyRefused where there is one already.
    """
    place = Path(file) if file else paths.key_file()
    made = FileKey(place).make()
    print(f"{place}: {made.fingerprint}")
    print("Keep a copy where you keep passwords: nobody can make this key again.", file=sys.stderr)
    return 0


def fingerprint(arguments: Mapping[str, Any]) -> int:
    """Print the fingerprint; 0.

    Raises KeyRefused where there is no key; with a symmetric key of KMS there is none until something is signed.
    """
    from lambda_tailor.planning.options import team_vault

    asked = Arguments(arguments)
    vault = team_vault(ConnectionOptions(**asked.connecting()).connection(), asked.get("kms_key"))
    if (found := vault.known_key()) is None:
        raise KeyRefused(f"There is no key at {vault.place}: make one with 'lambda-tailor key make'.")
    print(found.fingerprint)
    return 0


def export() -> int:
    """Print the key itself; 0.

    Raises KeyRefused where there is none.
    """
    vault = Vault(local_source())
    if (found := vault.known_key()) is None:
        raise KeyRefused(f"There is no key at {vault.place}: make one with 'lambda-tailor key make'.")
    print(found.text().reveal())
    print("This is the key itself: keep it as you keep passwords.", file=sys.stderr)
    return 0

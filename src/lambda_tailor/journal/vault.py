"""Where a value that was overwritten is kept for rollback: encrypted, with a key that is not in the journal.

The key is a local file that only its owner may read (mode 0600), made when it is first needed. A
team that shares a journal shares the file, by ``LAMBDA_TAILOR_KEY_FILE``.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from lambda_tailor.errors import JournalError
from lambda_tailor.model.secret import Secret


class Vault:
    """Seals values and recognises them again."""

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._key: bytes | None = None

    def seal(self, value: Secret) -> str:
        """The value, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
        from cryptography.fernet import Fernet

        return Fernet(self._load()).encrypt(value.reveal().encode()).decode()

    def unseal(self, sealed: str) -> Secret:
        """The value again.

        Raises JournalError where it was sealed with another key.
        """
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return Secret(Fernet(self._load()).decrypt(sealed.encode()).decode())
        except InvalidToken as error:
            raise JournalError(
                f"A value was sealed with another key than {self._file}: name its file in LAMBDA_TAILOR_KEY_FILE."
            ) from error

    def fingerprint(self, value: Secret) -> str:
        """A keyed hash that recognises the value and tells nothing of it without the key."""
        return hmac.new(self._load(), value.reveal().encode(), hashlib.sha256).hexdigest()

    def _load(self) -> bytes:
        if self._key is None:
            try:
                self._key = self._read_or_make()
            except OSError as error:
                raise JournalError(f"The key file {self._file} cannot be used: {error.strerror}.") from error
        return self._key

    def _read_or_make(self) -> bytes:
        from cryptography.fernet import Fernet

        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Made exclusively, so that two processes never use two keys.
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = self._file.read_bytes().strip()
            if len(key) != len(Fernet.generate_key()):
                raise JournalError(f"{self._file} is no key file: put back the right one.") from None
            return key
        with os.fdopen(descriptor, "wb") as file:
            key = Fernet.generate_key()
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return key

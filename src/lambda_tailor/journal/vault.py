"""The team's key at work: it seals values that are overwritten, recognises them, and signs plans and steps.

A team that shares a journal shares the key: by file, by variable, or by KMS. The key is not in the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from lambda_tailor.errors import JournalError, KeyRefused
from lambda_tailor.journal.key_sources import FileKey, KeySource
from lambda_tailor.journal.team_key import JournalKey, TeamKey
from lambda_tailor.model.secret import Secret


def _silent(_told: str) -> None:
    pass


class Vault:
    """Seals, recognises and signs with the team's key, which is read, or made, when it is first needed.

    ``tell`` hears of a key that was made. Every method raises KeyRefused where the key cannot be used.
    """

    def __init__(self, source: KeySource | Path, tell: Callable[[str], None] = _silent) -> None:
        self._source: KeySource = FileKey(source) if isinstance(source, Path) else source
        self._tell = tell
        self._keys: dict[str, TeamKey] = {}
        self._wrapped = ""
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Where the key is."""
        return self._source.place

    def use(self, wrapped: str) -> None:
        """From now on the key that KMS wrapped so; a key from a file or a variable stays what it is."""
        self._wrapped = wrapped

    def key(self) -> TeamKey:
        """The key, which is made where there is none."""
        return self._known(self._wrapped, make=True)

    def known_key(self, wrapped: str | None = None) -> TeamKey | None:
        """The key where there is one; of KMS the one that is wrapped so."""
        try:
            return self._known(self._wrapped if wrapped is None else wrapped, make=False)
        except _Missing:
            return None

    def one_of(self, written: Sequence[JournalKey]) -> TeamKey | None:
        """The key here, where it is one of those that a journal is written with; it is used from now on."""
        for each in written:
            try:
                found = self.known_key(each.wrapped)
            except KeyRefused:
                # Another key of KMS wrapped it.
                if not each.wrapped:
                    raise
                continue
            if found is not None and found.fingerprint == each.fingerprint:
                self.use(each.wrapped)
                return found
        return None

    def _known(self, wrapped: str, *, make: bool) -> TeamKey:
        with self._lock:
            if wrapped not in self._keys:
                found = self._source.load(wrapped, make=False)
                if found is None and make:
                    found = self._source.load(wrapped, make=True)
                    if found is not None:
                        self._tell(
                            f"A new key was made: {self.place}, fingerprint {found.fingerprint}. Keep a copy where you "
                            "keep passwords: without it nothing that it seals or signs can be opened or verified."
                        )
                if found is None:
                    raise _Missing(f"There is no key at {self.place}: put it back.")
                self._keys[wrapped] = found
            return self._keys[wrapped]

    def seal(self, value: Secret) -> str:
        """The value, encrypted and authenticated."""
        return self.key().seal(value)

    def unseal(self, sealed: str) -> Secret:
        """The value again.

        Raises JournalError where it was sealed with another key.
        """
        value = self.key().unseal(sealed)
        if value is None:
            raise JournalError(
                f"A value was sealed with another key than {self.place}: name its file in LAMBDA_TAILOR_KEY_FILE."
            )
        return value

    def fingerprint(self, value: Secret) -> str:
        """A keyed hash that recognises the value and tells nothing of it without the key."""
        return self.key().mark(value)

    def recognises(self, value: Secret, mark: str) -> bool:
        """Whether the mark is the value's, by this key."""
        return self.key().recognises(value, mark)


class _Missing(KeyRefused):
    pass

"""The team's key: what it seals, recognises and signs with, each by a key of its own that is derived from it.

Derived by HKDF with SHA-256 (RFC 5869), so that none of the derived keys tells anything of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from lambda_tailor.errors import KeyRefused
from lambda_tailor.model.secret import Secret

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class JournalKey:
    """A key that a journal is written with, by its fingerprint; ``wrapped`` is what KMS made of it, or empty."""

    fingerprint: str
    wrapped: str


def derive(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose: HKDF with an empty salt, whose one block SHA-256 fills."""
    extracted = hmac.new(bytes(hashlib.sha256().digest_size), master, hashlib.sha256).digest()
    return hmac.new(extracted, b"lambda-tailor " + purpose.encode() + b"\x01", hashlib.sha256).digest()


class TeamKey:
    """A key that was read. ``wrapped`` is the key itself as KMS encrypted it, where KMS did; it is no secret.

    ``fingerprint`` names the key and tells nothing of it.
    """

    __slots__ = ("_master", "_recognising", "_sealing", "_signing", "fingerprint", "wrapped")

    def __init__(self, master: bytes, wrapped: str = "") -> None:
        self._master = master
        self.wrapped = wrapped
        self._sealing = base64.urlsafe_b64encode(derive(master, "sealing"))
        self._signing = derive(master, "signing")
        self._recognising = derive(master, "recognising")
        self.fingerprint = derive(master, "fingerprint").hex()[:16]

    def __repr__(self) -> str:
        return f"TeamKey({self.fingerprint})"

    @classmethod
    def made(cls) -> TeamKey:
        """A new one."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def of(cls, text: str, place: str) -> TeamKey:
        """The key that a file or a variable holds.

        Raises KeyRefused where it holds none; the text is not repeated.
        """
        try:
            master = base64.b64decode(text.strip().encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            master = b""
        # One byte over and over is a placeholder that anybody could guess.
        if len(master) != KEY_BYTES or len(set(master)) == 1:
            raise KeyRefused(f"{place} is no key: put back the right one, or make one with 'lambda-tailor key make'.")
        return cls(master)

    def text(self) -> Secret:
        """What a file or a variable holds of it."""
        return Secret(base64.urlsafe_b64encode(self._master).decode())

    def seal(self, value: Secret) -> str:
        """The value, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
        from cryptography.fernet import Fernet

        return Fernet(self._sealing).encrypt(value.reveal().encode()).decode()

    def unseal(self, sealed: str) -> Secret | None:
        """The value again; None where another key sealed it. Journals of before were sealed with the key itself."""
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        both = MultiFernet([Fernet(self._sealing), Fernet(base64.urlsafe_b64encode(self._master))])
        try:
            return Secret(both.decrypt(sealed.encode()).decode())
        except (InvalidToken, ValueError):
            return None

    def mark(self, value: Secret) -> str:
        """A keyed hash that recognises the value and tells nothing of it without the key."""
        return hmac.new(self._recognising, value.reveal().encode(), hashlib.sha256).hexdigest()

    def recognises(self, value: Secret, mark: str) -> bool:
        """Whether the mark is the value's."""
        before = base64.urlsafe_b64encode(self._master)
        known = self.mark(value), hmac.new(before, value.reveal().encode(), hashlib.sha256).hexdigest()
        return any(hmac.compare_digest(each.encode(), mark.encode()) for each in known)

    def sign(self, what: str, *parts: str | None) -> str:
        """The signature of some text, for one use of it: the key's fingerprint and an HMAC."""
        said = json.dumps([what, *parts]).encode()
        return f"{self.fingerprint}:{hmac.new(self._signing, said, hashlib.sha256).hexdigest()}"

    def verifies(self, signature: str | None, what: str, *parts: str | None) -> bool:
        """Whether that is this key's signature of it."""
        known = signature if isinstance(signature, str) else ""
        return hmac.compare_digest(known.encode(), self.sign(what, *parts).encode())


def signer_of(signature: str | None) -> str:
    """The fingerprint of the key that a signature says it is of."""
    return (signature or "").partition(":")[0]

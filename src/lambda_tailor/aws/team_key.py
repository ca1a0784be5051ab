"""The team's key by KMS: an HMAC key gives it, or a symmetric key wraps it.

With an HMAC key, it is the HMAC of a fixed text, the same for whoever may use the key. With a symmetric key it is a
data key, which travels wrapped beside what it signed and is unwrapped by whoever may decrypt (envelope encryption).
https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html#enveloping
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from lambda_tailor import arns
from lambda_tailor.aws.gateway import Connection, Gateway, open_session
from lambda_tailor.errors import AwsRefused, BadInput, KeyRefused
from lambda_tailor.iam.permission import KMS_KEY, Action
from lambda_tailor.journal.team_key import KEY_BYTES, TeamKey
from lambda_tailor.settings.setting import Call

_MESSAGE = b"lambda-tailor team key 1"
_CONTEXT = {"lambda-tailor": "team-key"}
ACTIONS = (
    Action("kms:DescribeKey", KMS_KEY),
    Action("kms:GenerateMac", KMS_KEY),
    Action("kms:GenerateDataKey", KMS_KEY),
    Action("kms:Decrypt", KMS_KEY),
)


@dataclass(frozen=True, slots=True)
class KmsKey:
    """A key of KMS, by id, ARN or alias."""

    connection: Connection
    key: str

    @property
    def place(self) -> str:
        """The key."""
        return f"KMS key {self.key}"

    def load(self, wrapped: str, *, make: bool) -> TeamKey | None:
        """The team's key; with a symmetric key the one that was wrapped, or a new one where it may be made.

        Raises KeyRefused where KMS will not, and what Gateway.call raises.
        """
        gateway = self._gateway()
        try:
            about = gateway.call(Call("kms", "DescribeKey", {"KeyId": self.key}))["KeyMetadata"]
            if about.get("KeyUsage") == "GENERATE_VERIFY_MAC":
                algorithm = (about.get("MacAlgorithms") or ["HMAC_SHA_256"])[0]
                asked = {"KeyId": self.key, "Message": _MESSAGE, "MacAlgorithm": algorithm}
                return TeamKey(_bytes(gateway.call(Call("kms", "GenerateMac", asked))["Mac"])[:KEY_BYTES])
            if wrapped:
                blob = {"CiphertextBlob": base64.b64decode(wrapped, validate=True), "KeyId": self.key}
                found = gateway.call(Call("kms", "Decrypt", {**blob, "EncryptionContext": _CONTEXT}))
                return TeamKey(_bytes(found["Plaintext"]), wrapped)
            if not make:
                return None
            asked = {"KeyId": self.key, "KeySpec": "AES_256", "EncryptionContext": _CONTEXT}
            made = gateway.call(Call("kms", "GenerateDataKey", asked))
            return TeamKey(_bytes(made["Plaintext"]), base64.b64encode(made["CiphertextBlob"]).decode())
        except ValueError as error:
            raise KeyRefused(f"{self.place} wrapped no such key: it is damaged.") from error
        except AwsRefused as error:
            raise KeyRefused(f"{self.place} gives no key: {error}.") from error

    def _gateway(self) -> Gateway:
        session = open_session(self.connection)
        region = arns.part(self.key, 3) if self.key.startswith("arn:") else session.region_name
        if not region:
            raise BadInput("No region is known for --kms-key: give the key's ARN, or set AWS_REGION.")
        return Gateway(session, region, self.connection)


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) < KEY_BYTES:
        raise ValueError("no key")
    return value

"""Values that must never leave memory, and what stands for them in plans and journals."""

from __future__ import annotations

import hmac
import json
from typing import Final, NoReturn

from pydantic import JsonValue

# In a plan or a journal, a variable's value is one of these single-key objects instead.
REFERENCE: Final = "$reference"  # where the value is to be read: "secretsmanager:NAME[#KEY]", "ssm:NAME"
PRESENT: Final = "$present"  # there is some value; which one is nobody's business
FINGERPRINT: Final = "$fingerprint"  # keyed hash of a value, to recognise it again
SEALED: Final = "$sealed"  # the value, encrypted with the vault's key


class Secret:
    """A string that cannot be printed, pickled, formatted or serialised by accident.

    ``reveal`` is the only way to the value; it is called where a request to AWS is built and
    nowhere else.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the body of a request."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret stays in memory: it cannot be pickled or copied out")

    def __len__(self) -> int:
        return len(self._value.encode())

    def json_bytes(self) -> int:
        """How long the value is as JSON text, quotes and all."""
        return len(json.dumps(self._value, ensure_ascii=False).encode())


def reference(source: str) -> dict[str, JsonValue]:
    """The plan's stand-in for a value that is read from ``source`` when it is applied."""
    return {REFERENCE: source}


def token(value: object, kind: str) -> str | None:
    """The content of a stand-in of that kind, or None if ``value`` is not one."""
    if isinstance(value, dict) and len(value) == 1:
        content = value.get(kind)
        return content if isinstance(content, str) else None
    return None

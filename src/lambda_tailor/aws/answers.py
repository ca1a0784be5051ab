"""AWS's answers as its API describes them: what is of another kind counts as absent, and what is absent is named.

botocore parses answers but checks none. An endpoint that lies must end in a sentence, not in a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lambda_tailor.errors import AwsRefused


class Parts(dict[str, Any]):
    """A structure of an answer. A member that is needed and not there raises AwsRefused, which names it."""

    __slots__ = ("call",)

    def __init__(self, call: str, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self.call = call

    def __missing__(self, member: str) -> Any:
        raise AwsRefused(f"{self.call}: AWS's answer has no usable {member}", code="MalformedAnswer")


def conform(call: str, value: Any, shape: Any) -> Any:
    """The answer without the members that are not what the shape (botocore's model) says of them."""
    if shape is None:
        return value
    known = _kept(call, value, shape)
    return Parts(call, {}) if known is None else known


def _kept(call: str, value: Any, shape: Any) -> Any:
    match shape.type_name:
        case "structure":
            if not isinstance(value, Mapping):
                return None
            members = shape.members
            # What botocore adds by itself, such as ResponseMetadata, is not in the model.
            kept = ((k, _kept(call, v, members[k]) if k in members else v) for k, v in value.items())
            return Parts(call, {key: part for key, part in kept if part is not None})
        case "map":
            if not isinstance(value, Mapping):
                return None
            pairs = ((k, _kept(call, v, shape.value)) for k, v in value.items() if isinstance(k, str))
            return {key: part for key, part in pairs if part is not None}
        case "list":
            if not isinstance(value, list):
                return None
            return [part for item in value if (part := _kept(call, item, shape.member)) is not None]
        case "string":
            # botocore reads policies and other JSON in strings by itself.
            readable = shape.name == "policyDocumentType" or getattr(shape, "serialization", {}).get("jsonvalue")
            return value if isinstance(value, str) or (readable and isinstance(value, Mapping)) else None
        case kind:
            return value if _SCALARS.get(kind, _anything)(value) else None


def _anything(_value: Any) -> bool:
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "timestamp": lambda value: isinstance(value, datetime),
}

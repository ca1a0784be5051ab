"""JSON whose every value knows its bytes, so that one can be replaced and all else stays.

https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Splice

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
# Deeper than any template; it keeps a hostile file from exhausting the stack.
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A JSON value; ``start`` and ``end`` are byte offsets. Keys of an object have their own nodes in ``keys``."""

    start: int
    end: int
    data: bool | int | float | str | tuple[JsonNode, ...] | dict[str, JsonNode] | None
    keys: tuple[JsonNode, ...] = ()


class _Reader:
    def __init__(self, file: str, text: bytes) -> None:
        self._file = file
        self._bytes = text
        self._at = 0

    def document(self) -> JsonNode:
        node = self._value(0)
        self._skip()
        if self._at != len(self._bytes):
            raise self._wrong()
        return node

    def _skip(self) -> None:
        found = _SPACE.match(self._bytes, self._at)
        self._at = found.end() if found else self._at

    def _wrong(self) -> BadInput:
        line = self._bytes.count(b"\n", 0, self._at) + 1
        return BadInput(f"{self._file}:{line} does not parse as JSON.")

    def _taken(self, sign: bytes) -> bool:
        self._skip()
        if self._bytes.startswith(sign, self._at):
            self._at += 1
            return True
        return False

    def _value(self, depth: int) -> JsonNode:
        self._skip()
        if depth > _DEEPEST:
            raise self._wrong()
        start = self._at
        if self._taken(b"{"):
            return self._object(start, depth)
        if self._taken(b"["):
            return self._array(start, depth)
        found = _STRING.match(self._bytes, start) or _SCALAR.match(self._bytes, start)
        if found is None:
            raise self._wrong()
        try:
            data = json.loads(found[0], strict=False)
        except ValueError as error:
            raise self._wrong() from error
        self._at = found.end()
        return JsonNode(start, self._at, data)

    def _object(self, start: int, depth: int) -> JsonNode:
        members: dict[str, JsonNode] = {}
        keys: list[JsonNode] = []
        while not self._taken(b"}"):
            if keys and not self._taken(b","):
                raise self._wrong()
            key = self._value(depth + 1)
            if not isinstance(key.data, str) or not self._taken(b":"):
                raise self._wrong()
            keys.append(key)
            members[key.data] = self._value(depth + 1)
        return JsonNode(start, self._at, members, tuple(keys))

    def _array(self, start: int, depth: int) -> JsonNode:
        items: list[JsonNode] = []
        while not self._taken(b"]"):
            if items and not self._taken(b","):
                raise self._wrong()
            items.append(self._value(depth + 1))
        return JsonNode(start, self._at, tuple(items))


def parse(file: str, text: bytes) -> JsonNode:
    """The document.

    Raises BadInput, with file and line.
    """
    # A byte order mark is no part of JSON, and editors write it all the same.
    lead = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    reader = _Reader(file, text)
    reader._at = lead
    return reader.document()


def added(file: str, text: bytes, node: JsonNode, key: str, value: str) -> Splice:
    """What to insert so that the object gets a last member of that key, in the style of the others."""
    member = (json.dumps(key) + ": " + value).encode()
    if not node.keys:
        return Splice(file, node.start + 1, node.start + 1, member, between=b", ")
    last = list(node.data.values())[-1] if isinstance(node.data, dict) else node
    first = node.keys[0]
    between = text[node.start + 1 : first.start] if len(node.keys) == 1 else _gap(text, node)
    separator = between if len(node.keys) > 1 or b"\n" in between else b" "
    return Splice(file, last.end, last.end, b"," + separator + member)


def _gap(text: bytes, node: JsonNode) -> bytes:
    """What stands between the last two members, behind the comma."""
    before = text.rfind(b",", 0, node.keys[-1].start)
    return text[before + 1 : node.keys[-1].start]

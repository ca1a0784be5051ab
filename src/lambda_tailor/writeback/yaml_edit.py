"""YAML edited by position: a scalar replaced, a key added in the style of its neighbours."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

from lambda_tailor.writeback.files import Splice
from lambda_tailor.writeback.yaml_text import YamlNode

_PLAIN = re.compile(r"[A-Za-z_./][\w./-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def scalar(value: JsonValue) -> str:
    """A value in one line of YAML."""
    if isinstance(value, str):
        return (
            value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)
        )
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {scalar(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def replaced(file: str, text: bytes, node: YamlNode, value: JsonValue) -> list[Splice]:
    """The scalar replaced, its quotes kept; a list that only grows gets its elements added."""
    if isinstance(node.data, tuple) and isinstance(value, list) and len(value) > len(node.data) and node.data:
        return _appended(file, text, node, value[len(node.data) :])
    if isinstance(node.data, tuple | dict) and not node.flow:
        end = node.start + len(text[node.start : node.end].rstrip())
        return [Splice(file, node.start, end, scalar(value).encode())]
    written = scalar(value)
    old = text[node.start : node.end]
    if node.style in ("'", '"') and old[:1] in (b"'", b'"') and not isinstance(value, list | dict | None):
        inner = str(value)
        written = json.dumps(inner, ensure_ascii=False) if old[:1] == b'"' else "'" + inner.replace("'", "''") + "'"
    lead = b"" if node.end > node.start or text[node.start - 1 : node.start] in (b" ", b"\t") else b" "
    return [Splice(file, node.start, node.end, lead + written.encode())]


# Of insertions at one place the deeper one comes first: an element of a list before the key behind that list.
def _appended(file: str, text: bytes, node: YamlNode, values: list[JsonValue]) -> list[Splice]:
    assert isinstance(node.data, tuple)
    last = node.data[-1]
    if node.flow:
        return [Splice(file, last.end, last.end, "".join(f", {scalar(v)}" for v in values).encode())]
    at, newline = line_behind(text, _end(last))
    lines = "".join(f"{' ' * node.indent}- {scalar(v)}{newline}" for v in values)
    return [Splice(file, at, at, _begun(text, at, newline) + lines.encode(), -node.indent - 1)]


def _end(node: YamlNode) -> int:
    """Where the node's last scalar ends: the end of a block is behind the comments that follow it."""
    if isinstance(node.data, tuple) and node.data and not node.flow:
        return _end(node.data[-1])
    if isinstance(node.data, dict) and node.data and not node.flow:
        return _end(list(node.data.values())[-1])
    return node.end


def line_behind(text: bytes, at: int) -> tuple[int, str]:
    """Where the next line begins, and how lines end here."""
    newline = "\r\n" if b"\r\n" in text else "\n"
    if at and text[at - 1 : at] == b"\n":
        return at, newline
    found = text.find(b"\n", at)
    return (len(text) if found < 0 else found + 1), newline


def _begun(text: bytes, at: int, newline: str) -> bytes:
    """A line break where the file's last line has none."""
    return newline.encode() if at and text[at - 1 : at] != b"\n" else b""


def member(file: str, text: bytes, node: YamlNode, key: str, value: JsonValue) -> list[Splice]:
    """One more key at the end of a mapping; a dictionary becomes a block of its own."""
    assert isinstance(node.data, dict)
    if node.flow or not node.keys:
        if not node.keys:
            at = node.start + 1
            return [Splice(file, at, at, f"{key}: {scalar(value)}".encode(), between=b", ")]
        last = list(node.data.values())[-1]
        return [Splice(file, last.end, last.end, f", {key}: {scalar(value)}".encode())]
    at, newline = line_behind(text, _end(list(node.data.values())[-1]))
    lines = newline.join(block_lines(key, value, node.indent)) + newline
    return [Splice(file, at, at, _begun(text, at, newline) + lines.encode(), -node.indent)]


def block_lines(key: str, value: JsonValue, indent: int) -> list[str]:
    """``key: value`` over as many lines as it takes, indented by so many columns."""
    lead = " " * indent
    if isinstance(value, dict) and value:
        return [f"{lead}{key}:", *(line for k, v in value.items() for line in block_lines(k, v, indent + 2))]
    if isinstance(value, list) and value:
        return [f"{lead}{key}:", *(f"{lead}  - {scalar(item)}" for item in value)]
    return [f"{lead}{key}: {scalar(value)}"]

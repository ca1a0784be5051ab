"""YAML whose every value knows its bytes; tags such as ``!Ref`` are kept, not resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lambda_tailor.errors import BadInput

_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A YAML value; ``start`` and ``end`` are byte offsets, ``indent`` the column of a block mapping's keys.

    ``tag`` is the node's own tag, such as ``!Ref``, or None. ``flow`` tells ``{a: b}`` from a block, ``style``
    is a scalar's quote.
    """

    start: int
    end: int
    data: bool | int | float | str | tuple[YamlNode, ...] | dict[str, YamlNode] | None
    tag: str | None = None
    flow: bool = False
    style: str | None = None
    indent: int = 0
    keys: tuple[YamlNode, ...] = ()


def parse(file: str, text: bytes) -> YamlNode:
    """The first document.

    Raises BadInput, with file and line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    decoded = text.decode()
    try:
        node = YAML(typ="rt").compose(decoded)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadInput(f"{file}:{mark.line + 1 if mark else 1} does not parse as YAML: {error.problem}.") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"{file}:1 does not parse as YAML.") from error
    if node is None:
        return YamlNode(0, len(text), None)
    return _Reader(file, decoded, text).node(node, 0)


class _Reader:
    def __init__(self, file: str, decoded: str, text: bytes) -> None:
        self._file = file
        self._plain = len(decoded) == len(text)
        self._decoded = decoded
        self._text = text
        # The byte at which each line begins: positions are counted in characters.
        self._starts: list[tuple[int, int]] = []

    def _byte(self, index: int) -> int:
        if self._plain:
            return index
        if not self._starts:
            at = byte = 0
            for line in self._decoded.splitlines(keepends=True):
                self._starts.append((at, byte))
                at += len(line)
                byte += len(line.encode())
        import bisect

        number = max(0, bisect.bisect_right(self._starts, (index, 1 << 62)) - 1)
        at, byte = self._starts[number] if self._starts else (0, 0)
        return byte + len(self._decoded[at:index].encode())

    def _pair(self, key_node: Any, value_node: Any, depth: int) -> tuple[YamlNode, YamlNode]:
        """A key and its value; one that is not there stands behind the colon, not at what comes next."""
        key, value = self.node(key_node, depth), self.node(value_node, depth)
        if value.start == value.end and value.data is None and value.tag is None:
            colon = self._text.find(b":", key.end) + 1
            value = replace(value, start=colon, end=colon)
        return key, value

    def node(self, node: Any, depth: int) -> YamlNode:
        if depth > _DEEPEST:
            raise BadInput(f"{self._file}:{node.start_mark.line + 1} is nested too deeply.")
        start, end = self._byte(node.start_mark.index), self._byte(node.end_mark.index)
        tag = str(node.tag) if str(node.tag).startswith("!") else None
        kind = type(node).__name__
        if kind == "MappingNode":
            pairs = [self._pair(k, v, depth + 1) for k, v in node.value]
            members = {str(k.data): v for k, v in pairs}
            indent = (pairs and node.value[0][0].start_mark.column) or 0
            flow = bool(node.flow_style)
            return YamlNode(start, end, members, tag, flow, None, indent, tuple(k for k, _ in pairs))
        if kind == "SequenceNode":
            items = tuple(self.node(item, depth + 1) for item in node.value)
            column = node.start_mark.column
            return YamlNode(start, end, items, tag, bool(node.flow_style), None, column)
        data = str(node.value)
        plain = node.style in (None, "") and tag is None
        return YamlNode(start, end, _scalar(data) if plain else data, tag, False, node.style or None)


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def _scalar(text: str) -> bool | int | float | str | None:
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def walk(node: YamlNode) -> Iterator[YamlNode]:
    """The node and all below it."""
    yield node
    if isinstance(node.data, dict):
        for item in node.data.values():
            yield from walk(item)
    elif isinstance(node.data, tuple):
        for item in node.data:
            yield from walk(item)

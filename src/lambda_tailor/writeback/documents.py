"""A YAML or JSON document seen the same way: nodes with positions, edited in its own syntax."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.writeback import json_text, yaml_edit, yaml_text
from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.yaml_text import YamlNode


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file."""

    file: str
    text: bytes
    root: YamlNode
    is_json: bool

    def line(self, node: YamlNode) -> int:
        """The line that the node begins on, from 1."""
        return self.text.count(b"\n", 0, node.start) + 1

    def replaced(self, node: YamlNode, value: JsonValue) -> list[Splice]:
        """Splices after which the node has the value."""
        if not self.is_json:
            return yaml_edit.replaced(self.file, self.text, node, value)
        quotes = (
            self.text[node.start : node.start + 1] == b'"' and isinstance(value, int) and not isinstance(value, bool)
        )
        written = f'"{value}"' if quotes else json.dumps(value, ensure_ascii=False)
        if isinstance(node.data, tuple) and isinstance(value, list) and node.data and len(value) > len(node.data):
            more = "".join(", " + json.dumps(item) for item in value[len(node.data) :])
            return [Splice(self.file, node.data[-1].end, node.data[-1].end, more.encode())]
        return [Splice(self.file, node.start, node.end, written.encode())]

    def added(self, node: YamlNode, path: Sequence[str], value: JsonValue) -> list[Splice]:
        """Splices after which the mapping has the value at that path below it."""
        *outer, last = path
        for key in outer:
            inner = node.data.get(key) if isinstance(node.data, dict) else None
            if inner is None or not isinstance(inner.data, dict) or inner.tag:
                at = list(path).index(key)
                for name in reversed(path[at + 1 :]):
                    value = {name: value}
                last = key
                break
            node = inner
        if not self.is_json:
            return yaml_edit.member(self.file, self.text, node, last, value)
        return [json_text.added(self.file, self.text, _as_json(node), last, self._written(node, value))]

    def _written(self, node: YamlNode, value: JsonValue) -> str:
        """An object over several lines, indented as its neighbours are."""
        if not isinstance(value, dict) or not node.keys:
            return json.dumps(value, ensure_ascii=False)
        line = self.text[self.text.rfind(b"\n", 0, node.keys[-1].start) + 1 : node.keys[-1].start]
        if line.strip():
            return json.dumps(value, ensure_ascii=False)
        step = "\t" if line.startswith(b"\t") else self._step()
        newline = "\r\n" if b"\r\n" in self.text else "\n"
        return json.dumps(value, indent=step, ensure_ascii=False).replace("\n", newline + line.decode())

    def _step(self) -> str:
        first = self.root.keys[0] if self.root.keys else None
        before = self.text[: first.start].rpartition(b"\n")[2] if first is not None else b"  "
        return before.decode() if before and not before.strip() else "  "


def _as_json(node: YamlNode) -> json_text.JsonNode:
    members = (
        {k: json_text.JsonNode(v.start, v.end, None) for k, v in node.data.items()}
        if isinstance(node.data, dict)
        else {}
    )
    return json_text.JsonNode(
        node.start, node.end, members, tuple(json_text.JsonNode(k.start, k.end, None) for k in node.keys)
    )


def load(tree: Tree, file: str) -> Document:
    """The file, parsed.

    Raises BadInput, with file and line.
    """
    text = tree.text(file)
    if file.endswith((".json", ".template")) and text.lstrip()[:1] == b"{":
        return Document(file, text, _from_json(json_text.parse(file, text)), True)
    return Document(file, text, yaml_text.parse(file, text), False)


def _from_json(node: json_text.JsonNode) -> YamlNode:
    match node.data:
        case dict():
            keys = tuple(
                YamlNode(k.start, k.end, k.data if isinstance(k.data, str) else "", flow=True) for k in node.keys
            )
            return YamlNode(
                node.start, node.end, {k: _from_json(v) for k, v in node.data.items()}, flow=True, keys=keys
            )
        case tuple():
            return YamlNode(node.start, node.end, tuple(map(_from_json, node.data)), flow=True)
    return YamlNode(node.start, node.end, node.data, style='"' if isinstance(node.data, str) else None)


def child(node: YamlNode | None, *path: str) -> YamlNode | None:
    """The node at that path below, or None."""
    for key in path:
        if node is None or not isinstance(node.data, dict):
            return None
        node = node.data.get(key)
    return node


def plain(node: YamlNode) -> JsonValue:
    """The node's value without positions; tags are lost."""
    match node.data:
        case dict():
            return {key: plain(item) for key, item in node.data.items()}
        case tuple():
            return [plain(item) for item in node.data]
    return node.data

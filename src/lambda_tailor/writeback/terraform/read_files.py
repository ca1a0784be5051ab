"""``yamldecode(file(…))`` and ``jsondecode(file(…))``: values that are written in files of their own."""

from __future__ import annotations

from pathlib import Path

from lambda_tailor.writeback import json_text, yaml_text
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.terraform.values import Spot, Value, error, unknown
from lambda_tailor.writeback.terraform.variables import from_node


def decoded(tree: Tree, folder: Path, name: str) -> Value:
    """The content of a JSON or YAML file, by its name, with its places."""
    path = Path(name) if Path(name).is_absolute() else folder / name
    if not path.is_file():
        return error()
    file = tree.key(path)
    if file.endswith(".json"):
        return from_node(file, json_text.parse(file, tree.text(file)))
    if file.endswith((".yaml", ".yml")):
        return _from_yaml(file, yaml_text.parse(file, tree.text(file)))
    return unknown()


def _from_yaml(file: str, node: yaml_text.YamlNode) -> Value:
    spot = Spot(file, node.start, node.end)
    match node.data:
        case tuple():
            return Value(tuple(_from_yaml(file, item) for item in node.data), spot, frozenset({spot}), (spot,))
        case dict():
            return Value({k: _from_yaml(file, item) for k, item in node.data.items()}, spot, places=(spot,))
    return Value(node.data, spot, frozenset({spot}))

"""The root module's variables, from where Terraform takes them, the later ones winning.

https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback import json_text
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.terraform.parser import parse
from lambda_tailor.writeback.terraform.syntax import Expr
from lambda_tailor.writeback.terraform.values import Spot, Value

ENVIRONMENT = "TF_VAR_"


@dataclass(frozen=True, slots=True)
class Given:
    """A variable's value: an expression of a file, a value of a JSON file, or what the environment says."""

    expression: Expr | None = None
    value: Value | None = None
    environment: str | None = None


def given(tree: Tree, root: Path, more: Sequence[Path] = (), problems: list[str] | None = None) -> Mapping[str, Given]:
    """Each variable that is given a value; ``more`` are files named with ``-var-file``.

    What does not parse goes into ``problems``. Raises BadInput for it where there are none to go into.
    """
    found = {
        name.removeprefix(ENVIRONMENT): Given(environment=value)
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT)
    }
    for path in [*automatic(root), *more]:
        try:
            found |= dict(_file(tree, tree.key(path)))
        except BadInput as error:
            if problems is None:
                raise
            problems.append(str(error))
    return found


def automatic(root: Path) -> list[Path]:
    """The files that Terraform loads by itself, in its order."""
    fixed = [root / "terraform.tfvars", root / "terraform.tfvars.json"]
    auto = sorted([*root.glob("*.auto.tfvars"), *root.glob("*.auto.tfvars.json")], key=lambda p: p.name)
    return [path for path in (*fixed, *auto) if path.is_file()]


def _file(tree: Tree, file: str) -> Iterator[tuple[str, Given]]:
    if file.endswith(".json"):
        document = json_text.parse(file, tree.text(file))
        if isinstance(document.data, dict):
            for name, node in document.data.items():
                yield name, Given(value=from_node(file, node))
        return
    for name, attribute in parse(file, tree.text(file)).attributes.items():
        yield name, Given(expression=attribute.expression)


def from_node(file: str, node: json_text.JsonNode) -> Value:
    """A JSON value with its places."""
    spot = Spot(file, node.start, node.end)
    match node.data:
        case tuple():
            return Value(tuple(from_node(file, item) for item in node.data), spot, frozenset({spot}), (spot,))
        case dict():
            return Value({k: from_node(file, item) for k, item in node.data.items()}, spot, places=(spot,))
    return Value(node.data, spot, frozenset({spot}))

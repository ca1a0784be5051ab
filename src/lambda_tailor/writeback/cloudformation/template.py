"""A template: resources, parameters, mappings and conditions, and what intrinsic functions lead to.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.writeback.cloudformation.samconfig import Override
from lambda_tailor.writeback.documents import Document, child, plain
from lambda_tailor.writeback.yaml_text import YamlNode, walk

FUNCTIONS = {"AWS::Lambda::Function", "AWS::Serverless::Function"}
_WHOLE_SUB = re.compile(r"\$\{([\w:.]+)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written. ``parameter`` or ``mapping`` name what it is shared through."""

    value: JsonValue
    node: YamlNode | None = None
    override: Override | None = None
    shared_as: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A document that is a template, with what is known of its deployment.

    ``overrides`` are the parameters' values of the deployment's own configuration, ``pseudo`` those of
    ``AWS::Region`` and the like.
    """

    document: Document
    overrides: Mapping[str, Override] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)

    def resource(self, logical_id: str) -> YamlNode | None:
        """The resource of that logical id."""
        return child(self.document.root, "Resources", logical_id)

    def resources(self, *types: str) -> Iterator[tuple[str, YamlNode]]:
        """The resources of these types."""
        resources = child(self.document.root, "Resources")
        for name, node in resources.data.items() if resources is not None and isinstance(resources.data, dict) else ():
            type_ = child(node, "Type")
            if type_ is not None and type_.data in types:
                yield name, node

    def type_of(self, logical_id: str) -> str:
        """A resource's type."""
        node = child(self.resource(logical_id), "Type")
        return str(node.data) if node is not None else ""

    def globals(self) -> YamlNode | None:
        """SAM's ``Globals.Function``."""
        return child(self.document.root, "Globals", "Function")

    def follow(self, node: YamlNode) -> Place | None:
        """Where the node's value is written; None where that cannot be told."""
        name, argument = intrinsic(node)
        match name:
            case None:
                return Place(plain(node), node)
            case "Ref":
                return self._parameter(str(argument.data))
            case "Fn::Sub":
                whole = _WHOLE_SUB.fullmatch(str(argument.data)) if isinstance(argument.data, str) else None
                return self._parameter(whole[1]) if whole else None
            case "Fn::FindInMap":
                return self._mapped(argument)
            case "Fn::If":
                return self._chosen(argument)
        return None

    def _parameter(self, name: str) -> Place | None:
        if name in self.pseudo:
            return Place(self.pseudo[name])
        if name in self.overrides:
            given = self.overrides[name]
            return Place(_number(given.value), override=given, shared_as=f"parameter {name}")
        default = child(self.document.root, "Parameters", name, "Default")
        return Place(_number(plain(default)), default, shared_as=f"parameter {name}") if default is not None else None

    def _mapped(self, argument: YamlNode) -> Place | None:
        if not isinstance(argument.data, tuple) or len(argument.data) < 3:
            return None
        keys = [place.value for item in argument.data[:3] if (place := self.follow(item)) is not None]
        if len(keys) < 3 or not all(isinstance(key, str | int) for key in keys):
            return None
        found = child(self.document.root, "Mappings", *map(str, keys))
        return (
            Place(plain(found), found, shared_as="mapping " + ".".join(map(str, keys))) if found is not None else None
        )

    def _chosen(self, argument: YamlNode) -> Place | None:
        if not isinstance(argument.data, tuple) or len(argument.data) != 3:
            return None
        condition, yes, no = argument.data
        met = self._condition(str(condition.data))
        return None if met is None else self.follow(yes if met else no)

    def _condition(self, name: str) -> bool | None:
        node = child(self.document.root, "Conditions", name)
        return self._met(node) if node is not None else None

    def _met(self, node: YamlNode) -> bool | None:
        name, argument = intrinsic(node)
        items = argument.data if isinstance(argument.data, tuple) else ()
        if name == "Condition":
            return self._condition(str(argument.data))
        if name == "Fn::Equals" and len(items) == 2:
            one, other = self.follow(items[0]), self.follow(items[1])
            return None if one is None or other is None else str(one.value) == str(other.value)
        parts = [self._met(item) for item in items]
        if name is None or None in parts:
            return None
        return {"Fn::Not": not any(parts), "Fn::And": all(parts), "Fn::Or": any(parts)}.get(name)

    def users(self, place: Place) -> list[str]:
        """Every resource's property that follows from the same parameter or mapping's entry, as ``Id.Property``."""
        found: list[str] = []
        resources = child(self.document.root, "Resources")
        members = dict(resources.data) if resources is not None and isinstance(resources.data, dict) else {}
        if (every := self.globals()) is not None:
            members["Globals"] = YamlNode(every.start, every.end, {"Properties": every})
        for logical_id, resource in members.items():
            properties = child(resource, "Properties")
            items = properties.data if properties is not None and isinstance(properties.data, dict) else {}
            found += [f"{logical_id}.{name}" for name, node in items.items() if self._uses(node, place)]
        return found

    def _uses(self, node: YamlNode, place: Place) -> bool:
        for each in walk(node):
            name, argument = intrinsic(each)
            if name is None:
                continue
            reached = self.follow(each)
            same = reached is not None and reached.shared_as == place.shared_as
            parameter = (place.shared_as or "").removeprefix("parameter ")
            if same or (name == "Fn::Sub" and f"${{{parameter}}}" in str(plain(argument))):
                return True
        return False


def intrinsic(node: YamlNode) -> tuple[str | None, YamlNode]:
    """The function and its argument, in the long form or the short one; None where the node is a plain value."""
    if node.tag is not None and node.tag != "!":
        name = node.tag.removeprefix("!")
        bare = YamlNode(node.start, node.end, node.data, None, node.flow, node.style, node.indent, node.keys)
        return (name if name in ("Ref", "Condition") else f"Fn::{name}"), bare
    if isinstance(node.data, dict) and len(node.data) == 1:
        ((name, argument),) = node.data.items()
        if name in ("Ref", "Condition") or name.startswith("Fn::"):
            return name, argument
    return None, node


def _number(value: JsonValue) -> JsonValue:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value

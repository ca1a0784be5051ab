"""One wanted value of a template: where it is, what it says, and whether two of them touch each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.writeback.cloudformation.properties import written
from lambda_tailor.writeback.cloudformation.template import FUNCTIONS, Place, Template, intrinsic
from lambda_tailor.writeback.documents import child
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.yaml_text import YamlNode


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A setting, where its value is now, and whether SAM's ``Globals`` have it."""

    wanted: Wanted
    template: Template
    logical_id: str
    path: tuple[str, ...]
    place: Place | None
    in_globals: bool = False

    @property
    def value(self) -> JsonValue:
        return written(self.wanted.setting, self.wanted.after)

    @property
    def properties(self) -> YamlNode:
        """The mapping that a new property goes into."""
        resource = self.template.resource(self.logical_id)
        assert resource is not None
        return child(resource, "Properties") or resource

    @property
    def own_path(self) -> tuple[str, ...]:
        """The property's path from there."""
        has = child(self.template.resource(self.logical_id), "Properties") is not None
        return self.path if has else ("Properties", *self.path)

    @property
    def line(self) -> int:
        node = self.place.node if self.place is not None else None
        return self.template.document.line(node or self.properties)


def ids_of(template: Template, wanted: Wanted) -> Iterator[str]:
    for name, _ in template.resources(*FUNCTIONS):
        if wanted.logical_id is not None:
            if name == wanted.logical_id:
                yield name
        elif physical(template, name, wanted.function) or given(wanted, name):
            yield name


def given(wanted: Wanted, logical_id: str) -> bool:
    """Whether the name is the one that CloudFormation gives: ``STACK-LOGICALID-SUFFIX``."""
    stack = re.escape(wanted.stack) if wanted.stack else r"[\w-]+"
    return re.fullmatch(rf"{stack}-{re.escape(logical_id)}-[A-Za-z0-9]{{6,}}", wanted.function) is not None


def physical(template: Template, logical_id: str, function: str) -> bool:
    node = child(template.resource(logical_id), "Properties", "FunctionName")
    return node is not None and text_of(template, node, {}) == function


def text_of(template: Template, node: YamlNode, names: dict[str, str]) -> str | None:
    """A name, with parameters, pseudo parameters and these references filled in."""
    kind, argument = intrinsic(node)
    if kind == "Fn::Sub" and isinstance(argument.data, str):

        def filled(match: re.Match[str]) -> str:
            known = names.get(match[1])
            reached = template.follow(YamlNode(0, 0, match[1], "!Ref")) if known is None else None
            return known if known is not None else str(reached.value) if reached is not None else match[0]

        return re.sub(r"\$\{([\w:]+)\}", filled, argument.data)
    if kind == "Fn::Join" and isinstance(argument.data, tuple) and len(argument.data) == 2:
        items = argument.data[1].data if isinstance(argument.data[1].data, tuple) else ()
        parts = [text_of(template, item, names) for item in items]
        return None if None in parts else str(argument.data[0].data).join(part or "" for part in parts)
    if kind == "Ref" and str(argument.data) in names:
        return names[str(argument.data)]
    place = template.follow(node)
    return str(place.value) if place is not None else None


def grows(task: Task, says: list[JsonValue]) -> bool:
    before, after = task.wanted.before, task.value
    return (
        isinstance(before, list)
        and isinstance(after, list)
        and len(says) == len(before)
        and after[: len(before)] == before
    )


def beside(one: Task, other: Task) -> bool:
    same = one.template.document.file == other.template.document.file
    return same and one.wanted.setting == other.wanted.setting and one.in_globals

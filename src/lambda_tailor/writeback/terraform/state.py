"""Terraform's state: which address has which resource. Files of version 4, and ``terraform show -json``.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.terraform.values import Key

ModulePath = tuple[tuple[str, Key], ...]
_STEP = re.compile(r'module\.([\w-]+)(?:\[(?:"((?:[^"\\]|\\.)*)"|(\d+))\])?\.?')


@dataclass(frozen=True, slots=True)
class Instance:
    """One resource as the state has it; ``type`` of a data source begins with ``data.``."""

    module: ModulePath
    type: str
    name: str
    key: Key
    attributes: Mapping[str, JsonValue] = field(hash=False)

    @property
    def address(self) -> str:
        """As Terraform writes it: ``module.a["x"].aws_lambda_function.this[0]``."""
        return ".".join((*(f"module.{n}{suffix(k)}" for n, k in self.module), f"{self.type}.{self.name}")) + suffix(
            self.key
        )


def suffix(key: Key) -> str:
    """``["a"]``, ``[0]`` or nothing."""
    return "" if key is None else f"[{json.dumps(key)}]"


class State:
    """All instances, by what they are looked up by."""

    def __init__(self, instances: Sequence[Instance] = (), workspace: str = "default") -> None:
        self.instances = tuple(instances)
        self.workspace = workspace
        self._of: dict[tuple[ModulePath, str, str], list[Instance]] = {}
        for instance in instances:
            self._of.setdefault((instance.module, instance.type, instance.name), []).append(instance)

    def of(self, module: ModulePath, type_: str, name: str) -> Sequence[Instance]:
        """The instances of a resource in an instance of a module."""
        return self._of.get((module, type_, name), ())

    def module_keys(self, module: ModulePath, name: str) -> list[Key]:
        """The keys of a module call's instances, where the configuration does not tell them."""
        depth = len(module)
        paths = (i.module for i in self.instances if len(i.module) > depth)
        return list(dict.fromkeys(p[depth][1] for p in paths if p[:depth] == module and p[depth][0] == name))

    def functions(self) -> Iterator[Instance]:
        """The functions in it."""
        return (i for i in self.instances if i.type == "aws_lambda_function")

    def find(self, type_: str, attribute: str, value: JsonValue, near: Instance | None = None) -> Instance | None:
        """The instance of that type with that value; in the region of ``near``, if any."""
        found = [i for i in self.instances if i.type == type_ and i.attributes.get(attribute) == value]
        if near is not None and len(found) > 1:
            region = str(near.attributes.get("arn", "")).split(":")[3:4]
            found = [i for i in found if str(i.attributes.get("arn", "")).split(":")[3:4] == region] or found
        return found[0] if found else None


def loads(text: bytes, name: str) -> State:
    """A state from either of its two forms.

    Raises BadInput where it is neither, or of a version that nobody writes any more.
    """
    again = "pull it again with: terraform state pull"
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{name} is no Terraform state: {again}.") from error
    if not isinstance(document, dict):
        raise BadInput(f"{name} is no Terraform state: {again}.")
    try:
        if "format_version" in document:
            return State(list(_shown((document.get("values") or {}).get("root_module") or {}, ())))
        if document.get("version") != 4:
            raise BadInput(f"{name} is no Terraform state of version 4: {again}.")
        return State(list(_stored(document.get("resources") or ())))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{name} is damaged: {again}.") from error


def module_path(address: str) -> ModulePath:
    """``module.a["x"].module.b`` taken apart."""
    return tuple(
        (m[1], json.loads(f'"{m[2]}"') if m[2] is not None else int(m[3]) if m[3] is not None else None)
        for m in _STEP.finditer(address)
    )


def _stored(resources: Sequence[Mapping[str, Any]]) -> Iterator[Instance]:
    for resource in resources:
        path = module_path(resource.get("module", ""))
        type_ = ("data." if resource["mode"] == "data" else "") + resource["type"]
        for instance in resource["instances"]:
            if not instance.get("deposed"):
                attributes = instance.get("attributes") or {}
                yield Instance(path, type_, resource["name"], instance.get("index_key"), attributes)


def _shown(module: Mapping[str, Any], path: ModulePath) -> Iterator[Instance]:
    for resource in module.get("resources") or ():
        type_ = ("data." if resource["mode"] == "data" else "") + resource["type"]
        yield Instance(path, type_, resource["name"], resource.get("index"), resource.get("values") or {})
    for child in module.get("child_modules") or ():
        yield from _shown(child, module_path(child["address"]))

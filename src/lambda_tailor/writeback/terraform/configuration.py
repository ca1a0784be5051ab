"""A module's configuration: what its files declare.

https://developer.hashicorp.com/terraform/language/files
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.terraform.parser import parse
from lambda_tailor.writeback.terraform.syntax import Attr, Block, Literal


@dataclass(frozen=True, slots=True)
class Module:
    """One folder's declarations. ``resources`` is by ``(type, name)``, data sources by ``("data.TYPE", name)``.

    ``problems`` are the sentences about files that could not be read; the others were.
    """

    folder: Path
    variables: Mapping[str, Block] = field(default_factory=dict)
    locals: Mapping[str, Attr] = field(default_factory=dict)
    resources: Mapping[tuple[str, str], Block] = field(default_factory=dict)
    calls: Mapping[str, Block] = field(default_factory=dict)
    outputs: Mapping[str, Block] = field(default_factory=dict)
    providers: Mapping[str, Block] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def text_of(block: Block, name: str) -> str | None:
    """A string attribute that is written out."""
    attribute = block.attributes.get(name)
    value = attribute.expression.value if attribute and isinstance(attribute.expression, Literal) else None
    return value if isinstance(value, str) else None


def _override(name: str) -> bool:
    stem = name.removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


@dataclass(slots=True)
class Modules:
    """The modules below a source's folder, each read once."""

    tree: Tree
    _read: dict[Path, Module] = field(default_factory=dict)
    _installed: dict[Path, Mapping[str, str]] = field(default_factory=dict)

    def at(self, folder: Path) -> Module:
        """The module of that folder; what does not parse is in its ``problems``."""
        folder = folder.resolve()
        if folder not in self._read:
            self._read[folder] = self._load(folder)
        return self._read[folder]

    def _load(self, folder: Path) -> Module:
        parts = _Parts()
        problems: list[str] = []
        names = sorted(p.name for p in folder.glob("*.tf")) if folder.is_dir() else []
        # An override file's attributes take the place of the same ones elsewhere.
        for name in [*(n for n in names if not _override(n)), *filter(_override, names)]:
            file = self.tree.key(folder / name)
            try:
                body = parse(file, self.tree.text(file))
            except BadInput as error:
                problems.append(str(error))
                continue
            for block in body.blocks:
                parts.declare(block, replaces=_override(name))
        for path in sorted(folder.glob("*.tf.json")) if folder.is_dir() else ():
            problems.append(
                f"{self.tree.key(path)}:1 is configuration in JSON, which programs write: it is not edited."
            )
        return Module(
            folder, parts.variables, parts.locals, parts.resources, parts.calls, parts.outputs, parts.providers,
            problems=tuple(problems),
        )  # fmt: skip

    def called(self, root: Path, caller: Module, call: Block, path: str) -> Path | None:
        """The folder of the module that a call leads to; None where it is not on this machine.

        ``path`` is the call's dotted names from the root module, as Terraform's list of installed modules has it.
        """
        source = text_of(call, "source") or ""
        if source.startswith(("./", "../")):
            return (caller.folder / source).resolve()
        entry = self._manifest(root).get(path)
        return (root / entry).resolve() if entry and (root / entry).is_dir() else None

    def _manifest(self, root: Path) -> Mapping[str, str]:
        if root not in self._installed:
            try:
                listed = json.loads((root / ".terraform/modules/modules.json").read_bytes())
                self._installed[root] = {each["Key"]: each["Dir"] for each in listed["Modules"]}
            except (OSError, ValueError, KeyError, TypeError):
                self._installed[root] = {}
        return self._installed[root]


@dataclass(slots=True)
class _Parts:
    variables: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Attr] = field(default_factory=dict)
    resources: dict[tuple[str, str], Block] = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    providers: dict[str, Block] = field(default_factory=dict)

    def declare(self, block: Block, *, replaces: bool) -> None:
        """Take in a block of a file; one of an override file ``replaces`` attributes of the same block."""
        match block.type, block.labels:
            case "variable", (name,):
                self.variables[name] = _over(self.variables.get(name), block, replaces)
            case "locals", ():
                self.locals |= block.attributes
            case "resource", (type_, name):
                self.resources[type_, name] = _over(self.resources.get((type_, name)), block, replaces)
            case "data", (type_, name):
                kind = f"data.{type_}"
                self.resources[kind, name] = _over(self.resources.get((kind, name)), block, replaces)
            case "module", (name,):
                self.calls[name] = _over(self.calls.get(name), block, replaces)
            case "output", (name,):
                self.outputs[name] = _over(self.outputs.get(name), block, replaces)
            case "provider", (name,):
                alias = text_of(block, "alias")
                self.providers[f"{name}.{alias}" if alias else name] = block


def _over(old: Block | None, new: Block, replaces: bool) -> Block:
    """https://developer.hashicorp.com/terraform/language/files/override"""
    if old is None or not replaces:
        return new
    kinds = {block.type for block in new.blocks}
    kept = tuple(block for block in old.blocks if block.type not in kinds)
    return Block(
        old.file, old.type, old.labels, old.start, old.open_end, old.close, old.end,
        {**old.attributes, **new.attributes}, (*kept, *new.blocks),
    )  # fmt: skip


def roots(modules: Modules) -> list[Path]:
    """The folders below the source that no local module call leads to, the nearest first."""
    folders = modules.tree.folders("*.tf")
    called = {
        modules.called(folder, module, call, "")
        for folder in folders
        for module in (modules.at(folder),)
        for call in module.calls.values()
        if (text_of(call, "source") or "").startswith(("./", "../"))
    }
    return [folder for folder in folders if folder not in called]

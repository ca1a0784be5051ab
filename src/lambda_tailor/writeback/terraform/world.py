"""A whole configuration, evaluated: modules in modules, with their inputs, and the instances of resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lambda_tailor.writeback.terraform.attributes import META
from lambda_tailor.writeback.terraform.configuration import Module, Modules
from lambda_tailor.writeback.terraform.evaluate import Evaluator, Overlay
from lambda_tailor.writeback.terraform.read_files import decoded
from lambda_tailor.writeback.terraform.state import Instance, ModulePath, State
from lambda_tailor.writeback.terraform.syntax import Block, Expr
from lambda_tailor.writeback.terraform.types import converted
from lambda_tailor.writeback.terraform.values import (
    Data,
    Hole,
    Key,
    Special,
    Value,
    as_number,
    as_text,
    each,
    error,
    from_json,
    taken,
    unknown,
)
from lambda_tailor.writeback.terraform.variables import Given


@dataclass(slots=True)
class World:
    """The configuration below a root module, with the state it is deployed as.

    ``overlay`` puts other values at some places. ``label`` stands before its addresses where there are several
    root modules; ``problems`` are the files of values that could not be read. Everything is evaluated when it is
    asked for, once.
    """

    modules: Modules
    root: Path
    state: State
    given: Mapping[str, Given]
    overlay: Overlay = field(default_factory=dict)
    var_files: tuple[Path, ...] = ()
    label: str = ""
    problems: tuple[str, ...] = ()
    _scopes: dict[ModulePath, Scope | None] = field(default_factory=dict)

    def under(self, overlay: Overlay) -> World:
        """The same with other values at some places."""
        return World(
            self.modules, self.root, self.state, self.given, {**self.overlay, **overlay}, self.var_files, self.label
        )

    def scope(self, path: ModulePath) -> Scope | None:
        """An instance of a module; None where its source is not on this machine or no call leads there."""
        if path not in self._scopes:
            self._scopes[path] = self._make(path)
        return self._scopes[path]

    def _make(self, path: ModulePath) -> Scope | None:
        if not path:
            return Scope(self, self.modules.at(self.root), path)
        parent = self.scope(path[:-1])
        name, key = path[-1]
        call = parent.module.calls.get(name) if parent is not None else None
        if parent is None or call is None:
            return None
        dotted = ".".join(step for step, _ in path)
        folder = self.modules.called(self.root, parent.module, call, dotted)
        if folder is None or len(path) > 20:
            return None
        return Scope(self, self.modules.at(folder), path, parent, call, parent.evaluator_of(call, key))

    def scopes(self, path: ModulePath = ()) -> Iterator[Scope]:
        """Every instance of every module, from the root down."""
        scope = self.scope(path)
        if scope is None:
            return
        yield scope
        for name, call in scope.module.calls.items():
            for key, _ in scope.instances(call, self.state.module_keys(path, name)):
                yield from self.scopes((*path, (name, key)))


class _Attributes(dict[str, Value]):
    """A resource's attributes: those of the configuration evaluated when asked for, the others as in the state."""

    def __init__(self, scope: Scope, block: Block, instance: Instance, evaluator: Evaluator) -> None:
        super().__init__((key, from_json(value)) for key, value in instance.attributes.items())
        self._scope, self._block, self._evaluator = scope, block, evaluator

    def get(self, key: str, _default: object = None) -> Value | None:  # type: ignore[override]
        deployed = super().get(key)
        attribute = self._block.attributes.get(key)
        if attribute is None or key in META:
            return deployed
        value = self._scope.guarded(attribute.expression, self._evaluator)
        if isinstance(value.data, Special) and deployed is not None:
            return deployed.resting(value.everything())
        return value


@dataclass(slots=True)
class Scope:
    """An instance of a module: what names mean in it."""

    world: World
    module: Module
    path: ModulePath
    parent: Scope | None = None
    call: Block | None = None
    inputs: Evaluator | None = None
    _known: dict[tuple[str, str], Value] = field(default_factory=dict)
    _instances: dict[tuple[str, int], dict[Key, Evaluator]] = field(default_factory=dict)
    _resources: dict[tuple[str, str], Value] = field(default_factory=dict)
    _busy: set[object] = field(default_factory=set)

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def evaluator(self) -> Evaluator:
        """Evaluates what stands in the module outside of any resource."""
        return Evaluator(self.lookup, self.world.overlay)

    def lookup(self, root: str, names: tuple[str, ...]) -> Value | None:
        """What a traversal means, ``var.a.b`` as ``var`` and ``a``, ``b``."""
        if root == "#file":
            return overlaid(decoded(self.world.modules.tree, self.world.root, names[0]), self.world.overlay)
        if root == "path":
            folders = {"module": self.module.folder, "root": self.world.root, "cwd": self.world.root}
            folder = folders.get(names[0]) if names else None
            return Value(str(folder)) if folder is not None else None
        if root == "terraform":
            return Value(self.world.state.workspace) if names == ("workspace",) else None
        if not names:
            return None
        if root == "var":
            return _along(self._once("var", names[0]), names[1:])
        if root == "local":
            return _along(self._once("local", names[0]), names[1:])
        if root == "module":
            return self._module(names)
        if root == "data":
            return self._resource(f"data.{names[0]}", names[1:])
        return self._resource(root, names)

    def _once(self, kind: str, name: str) -> Value:
        known = self._known.get((kind, name))
        if known is None:
            if (kind, name) in self._busy:
                return unknown()
            self._busy.add((kind, name))
            known = self._variable(name) if kind == "var" else self._local(name)
            self._busy.discard((kind, name))
            self._known[kind, name] = known
        return known

    def _local(self, name: str) -> Value:
        attribute = self.module.locals.get(name)
        return self.evaluator(attribute.expression) if attribute is not None else unknown()

    def _variable(self, name: str) -> Value:
        block = self.module.variables.get(name)
        if block is None:
            return unknown()
        type_ = block.attributes["type"].expression if "type" in block.attributes else None
        given = self._given(name)
        default = block.attributes.get("default")
        if default is not None and (given is None or (given.data is None and not self._nullable(block))):
            absent = self.evaluator(default.expression)
            rests = {Hole(self.call.file, self.call.start, name)} if self.call is not None and given is None else ()
            given = absent.resting(rests).resting(given.deps if given is not None else ())
        return unknown() if given is None else converted(given, type_, self.evaluator)

    def _nullable(self, block: Block) -> bool:
        attribute = block.attributes.get("nullable")
        return attribute is None or self.evaluator(attribute.expression).data is not False

    def _given(self, name: str) -> Value | None:
        if self.call is not None and self.inputs is not None:
            hole = Hole(self.call.file, self.call.start, name)
            if hole in self.world.overlay:
                return self.world.overlay[hole]
            attribute = self.call.attributes.get(name)
            return self.inputs(attribute.expression) if attribute is not None else None
        found = self.world.given.get(name)
        if found is None:
            return None
        if found.expression is not None:
            return Evaluator(lambda _root, _names: None, self.world.overlay)(found.expression)
        if found.value is not None:
            return overlaid(found.value, self.world.overlay)
        number = as_number(found.environment)
        return Value(found.environment if number is None else number)

    def instances(self, block: Block, otherwise: Sequence[Key] = ()) -> list[tuple[Key, Evaluator]]:
        """A resource's or module call's instances; ``otherwise`` are their keys where these are not known."""
        known = self._instances.setdefault((block.file, block.start), {})
        if not known:
            known |= self._expanded(block, otherwise)
        return list(known.items())

    def _expanded(self, block: Block, otherwise: Sequence[Key]) -> dict[Key, Evaluator]:
        plain = self.evaluator
        if "for_each" in block.attributes:
            collection = plain(block.attributes["for_each"].expression)
            pairs: list[tuple[Key, Value]]
            if isinstance(collection.data, dict):
                pairs = list(collection.data.items())
            elif isinstance(collection.data, tuple):
                pairs = [(as_text(item.data), item) for item in collection.data if as_text(item.data) is not None]
            else:
                pairs = [(key, unknown()) for key in otherwise]
            return {key: plain.binding("each", each(key, value)) for key, value in pairs}
        if "count" in block.attributes:
            number = as_number(plain(block.attributes["count"].expression).data)
            keys = list(range(number)) if isinstance(number, int) else otherwise
            return {key: plain.binding("count", Value({"index": Value(key)})) for key in keys}
        return {None: plain}

    def evaluator_of(self, block: Block, key: Key) -> Evaluator:
        """The evaluator within one instance of a resource or module call."""
        self.instances(block, (key,))
        found = self._instances[block.file, block.start].get(key)
        return found if found is not None else self.evaluator

    def guarded(self, expression: Expr, evaluator: Evaluator) -> Value:
        """The expression's value; unknown where it leads back to itself."""
        token = (expression.file, expression.start, evaluator.bound.get("each", Value(None)).plain().__repr__())
        if token in self._busy:
            return unknown()
        self._busy.add(token)
        try:
            return evaluator(expression)
        finally:
            self._busy.discard(token)

    def _resource(self, type_: str, names: tuple[str, ...]) -> Value | None:
        if not names:
            return None
        block = self.module.resources.get((type_, names[0]))
        if block is None:
            return None
        if (type_, names[0]) not in self._resources:
            self._resources[type_, names[0]] = self._whole(type_, names[0], block)
        return _along(self._resources[type_, names[0]], names[1:])

    def _whole(self, type_: str, name: str, block: Block) -> Value:
        """A resource with all of its instances, each with the attributes of the configuration and the state."""
        instances = self.world.state.of(self.path, type_, name)
        if not instances:
            return unknown()
        objects = {
            instance.key: Value(_Attributes(self, block, instance, self.evaluator_of(block, instance.key)))
            for instance in instances
        }
        if "for_each" in block.attributes:
            return Value({str(key): value for key, value in objects.items()})
        if "count" in block.attributes:
            return Value(tuple(objects[key] for key in sorted(objects, key=lambda k: k if isinstance(k, int) else 0)))
        return next(iter(objects.values()))

    def _module(self, names: tuple[str, ...]) -> Value | None:
        call = self.module.calls.get(names[0])
        if call is None:
            return None
        outputs: dict[Key, Value] = {}
        for key, _ in self.instances(call, self.world.state.module_keys(self.path, names[0])):
            scope = self.world.scope((*self.path, (names[0], key)))
            if scope is None:
                return unknown()
            wanted = names[1:2] if key is None else tuple(scope.module.outputs)
            outputs[key] = Value({name: scope.output(name) for name in wanted})
        if "for_each" in call.attributes:
            whole = Value({str(key): value for key, value in outputs.items()})
        elif "count" in call.attributes:
            whole = Value(tuple(outputs.values()))
        else:
            whole = outputs.get(None, unknown())
        return _along(whole, names[1:])

    def output(self, name: str) -> Value:
        """One of the module's outputs."""
        block = self.module.outputs.get(name)
        if block is None or "value" not in block.attributes:
            return error()
        return self.guarded(block.attributes["value"].expression, self.evaluator)


def _along(value: Value, names: Sequence[str]) -> Value:
    for name in names:
        value = taken(value, name)
    return value


def overlaid(value: Value, overlay: Overlay) -> Value:
    """A value that was read whole, with other values at some places."""
    if not overlay:
        return value
    if value.site is not None and value.site in overlay:
        return overlay[value.site]
    data: Data = value.data
    if isinstance(data, tuple):
        data = tuple(overlaid(item, overlay) for item in data)
    elif isinstance(data, dict):
        data = {key: overlaid(item, overlay) for key, item in data.items()}
        for site, put in overlay.items():
            if value.site and isinstance(site, Hole) and (site.file, site.start) == value.site[:2]:
                data[site.key] = put
    return Value(data, value.site, value.deps, value.places)

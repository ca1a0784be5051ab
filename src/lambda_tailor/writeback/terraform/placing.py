"""Where a setting is to be edited: the places it rests on, tried one after another.

A place is right where, with the wanted value put there, the whole configuration gives the wanted value; and
the first choice is one that changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.terraform.attributes import Found, attributes, setting
from lambda_tailor.writeback.terraform.evaluate import Evaluator
from lambda_tailor.writeback.terraform.state import Instance
from lambda_tailor.writeback.terraform.syntax import Block
from lambda_tailor.writeback.terraform.targets import Target, same
from lambda_tailor.writeback.terraform.values import Hole, Site, Spot, Value, from_json
from lambda_tailor.writeback.terraform.world import Scope, World

# Something that follows from a place: a resource's address and the path of its attribute.
Consumer = tuple[str, tuple[str, ...]]
# More places than these are no value that is passed on, but a computation.
_MOST_TRIED = 40


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A setting to be written, with its block and what the configuration says of it now."""

    wanted: Wanted
    target: Target
    instance: Instance
    scope: Scope
    block: Block
    evaluator: Evaluator
    value: JsonValue
    now: Found | Value

    @property
    def consumer(self) -> Consumer:
        """What it is among all that follows from a place."""
        return self.scope.world.label + self.instance.address, self.target.path

    @property
    def current(self) -> Value:
        """What the configuration gives now; null where nothing is written."""
        return self.now.value if isinstance(self.now, Found) else self.now

    @property
    def own_hole(self) -> Hole:
        """The place in its block where the attribute could be added."""
        return Hole(self.block.file, self.block.start, ".".join(self.target.path))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place and what to put there."""

    site: Site
    value: JsonValue
    direct: bool


@dataclass(slots=True)
class Consumers:
    """What follows from each place, over the configurations of all root modules.

    ``functions`` has the functions' names by their addresses.
    """

    of: dict[Site, set[Consumer]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    values: dict[Consumer, Value] = field(default_factory=dict)

    @classmethod
    def of_worlds(cls, worlds: Iterable[World]) -> Consumers:
        """Every attribute of every managed resource, and the root modules' outputs."""
        found = cls()
        for world in worlds:
            for scope in world.scopes():
                found._add_scope(world, scope)
        return found

    def _add_scope(self, world: World, scope: Scope) -> None:
        for (type_, name), block in scope.module.resources.items():
            if type_.startswith("data."):
                continue
            keys = [i.key for i in world.state.of(scope.path, type_, name)]
            for key, evaluator in scope.instances(block, keys):
                address = world.label + Instance(scope.path, type_, name, key, {}).address
                for path, value in attributes(block, evaluator):
                    self._add((address, path), value)
                    if path == ("function_name",) and isinstance(value.data, str):
                        self.functions[address] = value.data
        for name, block in scope.module.providers.items():
            for path, value in attributes(block, scope.evaluator):
                self._add((f"{world.label}provider.{name}", path), value)
        if not scope.path:
            for name in scope.module.outputs:
                self._add((f"{world.label}output.{name}", ()), scope.output(name))

    def told(self, consumer: Consumer) -> str:
        """For people: ``aws_lambda_function.b.memory_size``, and whose it is where the resource is a function."""
        function = self.functions.get(consumer[0])
        return named(consumer) + (f" of {function}" if function else "")

    def _add(self, consumer: Consumer, value: Value) -> None:
        self.values[consumer] = value
        for site in value.everything():
            self.of.setdefault(site, set()).add(consumer)


def gives(task: Task, value: Value) -> bool:
    """Whether the value is what the task wants; elements that nobody knows here are as they are deployed."""
    if value.known or not isinstance(value.data, tuple):
        return value.known and same(task.target, value.plain(), task.value)
    before = task.wanted.before if isinstance(task.wanted.before, list) else []
    items = list(enumerate(value.data))
    if any(not item.known and number >= len(before) for number, item in items):
        return False
    return [item.plain() if item.known else before[number] for number, item in items] == task.value


def named(consumer: Consumer) -> str:
    """``aws_lambda_function.b.memory_size``."""
    return ".".join((consumer[0], *consumer[1]))


def is_output(consumer: Consumer) -> bool:
    """Whether it is an output of a root module, which belongs to no resource."""
    return not consumer[1]


def instances_of(worlds: Iterable[World], wanted: Block) -> Iterator[tuple[Scope, Evaluator, str]]:
    """Every instance of a resource's block, over all instances of its module."""
    for scope in (scope for world in worlds for scope in world.scopes()):
        world = scope.world
        for (type_, name), block in scope.module.resources.items():
            if (block.file, block.start) != (wanted.file, wanted.start):
                continue
            keys = [i.key for i in world.state.of(scope.path, type_, name)]
            for key, evaluator in scope.instances(block, keys):
                yield scope, evaluator, world.label + Instance(scope.path, type_, name, key, {}).address


def candidates(world: World, task: Task) -> list[Candidate]:
    """The places that give the wanted value, those that are written before those that are not."""
    current = task.current
    found = [Candidate(site, value, direct) for site, value, direct in _tried(world, task, current)]
    if not isinstance(task.now, Found) and not any(c for c in found if isinstance(c.site, Spot)):
        found.append(Candidate(task.own_hole, task.value, direct=True))
    return found


def _tried(world: World, task: Task, current: Value) -> Iterator[tuple[Site, JsonValue, bool]]:
    for site, value in _worth_trying(task, current):
        direct = site == current.site
        if direct and task.target.kind != "list(string)":
            yield site, value, True
            continue
        scope = world.under({site: _put(value, site)}).scope(task.scope.path)
        if scope is None:
            continue
        name, key = task.block.labels[1], task.instance.key
        block = scope.module.resources.get((task.instance.type, name))
        then = setting(task.block, scope.evaluator_of(block or task.block, key), task.target.path)
        result = then.value if isinstance(then, Found) else then
        if gives(task, result):
            yield site, value, direct


def _put(value: JsonValue, site: Site) -> Value:
    made = from_json(value)
    return made.resting({site})


def _worth_trying(task: Task, current: Value) -> list[tuple[Site, JsonValue]]:
    """Each place that the value rests on with what could be put there, the nearest first."""
    sites: list[Site] = [] if current.site is None else [current.site]
    spots = sorted((s for s in current.deps if isinstance(s, Spot)), key=lambda s: (s.file, s.start), reverse=True)
    gaps = sorted((s for s in current.deps if isinstance(s, Hole)), key=lambda s: (s.file, s.start), reverse=True)
    sites += [*current.places, *spots, *gaps]
    if task.target.kind == "list(string)" and isinstance(task.value, list):
        return [(s, v) for s in dict.fromkeys(sites) for v in _lists(task, task.value, current)][:_MOST_TRIED]
    return [(site, task.value) for site in dict.fromkeys(sites)][:_MOST_TRIED]


def _lists(task: Task, wanted: list[JsonValue], current: Value) -> Iterable[JsonValue]:
    """The whole list, or, for a part of one that is put together, what has to be in that part."""
    yield wanted
    before = current.plain() if current.known else task.wanted.before
    items = current.data if isinstance(current.data, tuple) else ()
    if isinstance(before, list) and wanted[: len(before)] == before:
        added = wanted[len(before) :]
        yield added
        # A part that ends the list has some of the elements already.
        for first in range(1, len(items)):
            yield wanted[first:]
        for last in range(len(items) - 1, 0, -1):
            yield [*before[:last], *added]


@dataclass(slots=True)
class Effects:
    """What would change, and is not wanted so, with a value put at a place; each found out once."""

    worlds: Sequence[World]
    consumers: Consumers
    tasks: Mapping[Consumer, Task]
    _known: dict[tuple[Site, str], list[Consumer]] = field(default_factory=dict)

    def unwanted(self, candidate: Candidate, task: Task) -> list[Consumer]:
        """The attributes that nobody wants to be what they would be."""
        token = (candidate.site, repr(candidate.value))
        if token not in self._known:
            added = candidate.site == task.own_hole
            self._known[token] = self._all_instances(task) if added else self._following(candidate)
        return self._known[token]

    def _all_instances(self, task: Task) -> list[Consumer]:
        everywhere = [(address, task.target.path) for _, _, address in instances_of(self.worlds, task.block)]
        return [c for c in everywhere if not self._as_wanted(c, from_json(task.value))]

    def _following(self, candidate: Candidate) -> list[Consumer]:
        following = sorted(self.consumers.of.get(candidate.site, set()))
        following = [self._whole(c) for c in following if not is_output(c)]
        if len(following) == 1 and following[0] in self.tasks:
            return []
        overlay = {candidate.site: _put(candidate.value, candidate.site)}
        then = Consumers.of_worlds(world.under(overlay) for world in self.worlds).values
        return [c for c in dict.fromkeys(following) if not self._as_wanted(c, then.get(c))]

    def _whole(self, consumer: Consumer) -> Consumer:
        """A nested block that is not there yet stands for the attribute that is wanted in it."""
        address, path = consumer
        return next((c for c in self.tasks if c[0] == address and c[1][: len(path)] == path), consumer)

    def _as_wanted(self, consumer: Consumer, then: Value | None) -> bool:
        task = self.tasks.get(consumer)
        if task is not None:
            return then is not None and gives(task, then)
        before = self.consumers.values.get(consumer)
        known = before is not None and then is not None and before.known and then.known
        return known and before is not None and then is not None and before.plain() == then.plain()


def outputs(consumers: Consumers, candidate: Candidate) -> list[Consumer]:
    """The root module's outputs that follow from the place."""
    return [c for c in sorted(consumers.of.get(candidate.site, set())) if is_output(c)]

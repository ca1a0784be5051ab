"""The edits tried in memory: what the configuration then says, before anybody sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Splice, Tree, applied
from lambda_tailor.writeback.terraform.attributes import Found, setting
from lambda_tailor.writeback.terraform.configuration import Modules
from lambda_tailor.writeback.terraform.placing import Consumer, Consumers, Task, gives, is_output
from lambda_tailor.writeback.terraform.targets import TARGETS, same
from lambda_tailor.writeback.terraform.values import Value
from lambda_tailor.writeback.terraform.variables import given
from lambda_tailor.writeback.terraform.world import World


class Changed(Tree):
    """A tree in which some files have another text."""

    def __init__(self, tree: Tree, texts: Mapping[str, bytes]) -> None:
        super().__init__(tree.root)
        self._other = texts
        self._before = tree

    def text(self, file: str) -> bytes:
        """The new text, or that of the tree before."""
        return self._other[file] if file in self._other else self._before.text(file)


def wrong(
    worlds: Sequence[World],
    tree: Tree,
    splices: Sequence[Splice],
    tasks: Sequence[Task],
    before: Consumers,
    told: Collection[Consumer],
) -> set[Consumer]:
    """The tasks whose value is not as wanted once the splices are in, or with which something else would change.

    ``before`` is what the configuration says now, ``told`` what is known to change with it.
    """
    by_file: dict[str, list[Splice]] = {}
    for splice in dict.fromkeys(splices):
        by_file.setdefault(splice.file, []).append(splice)
    bad: set[Consumer] = set()
    texts: dict[str, bytes] = {}
    for file, those in by_file.items():
        try:
            texts[file] = applied(tree.text(file), those)
        except ValueError:
            return {task.consumer for task in tasks}
    changed = Changed(tree, texts)
    again = {world.label: _again(world, changed) for world in worlds}
    for task in tasks:
        then = again[task.scope.world.label]
        if then is None:
            bad.add(task.consumer)
            continue
        scope = then.scope(task.instance.module)
        block = scope.module.resources.get((task.instance.type, task.instance.name)) if scope is not None else None
        if scope is None or block is None:
            bad.add(task.consumer)
            continue
        found = setting(block, scope.evaluator_of(block, task.instance.key), task.target.path)
        value = found.value if isinstance(found, Found) else found
        if not gives(task, value):
            bad.add(task.consumer)
    if bad or None in again.values():
        return bad
    after = Consumers.of_worlds(replace(world, label=label) for label, world in again.items() if world is not None)
    return _with_others(tasks, _unexpected(before, after, {t.consumer for t in tasks}, told))


def _unexpected(
    before: Consumers, after: Consumers, wanted: set[Consumer], told: Collection[Consumer]
) -> set[Consumer]:
    """What changes although nobody wants it to."""
    found: set[Consumer] = set()
    # A resource that the edits add, such as a log group, changes no other.
    addresses = {address for address, _ in before.values}
    for consumer, value in after.values.items():
        address, path = consumer
        if address not in addresses:
            continue
        inside = any(a == address and p[: len(path)] == path for a, p in wanted)
        had = before.values.get(consumer, Value(None))
        if inside or is_output(consumer) or consumer in told or not value.known or not had.known:
            continue
        target = next((t for t in TARGETS.values() if t.path == path), None)
        same_ = same(target, had.plain(), value.plain()) if target is not None else had.plain() == value.plain()
        if not same_ and path[:1] != ("environment",) and (consumer in before.values or target is not None):
            found.add(consumer)
    return found


def _with_others(tasks: Sequence[Task], unexpected: set[Consumer]) -> set[Consumer]:
    """The tasks that an unexpected change comes with: those of the same attribute, else all."""
    paths = {path for _, path in unexpected}
    bad = {task.consumer for task in tasks if task.target.path in paths}
    return bad or ({task.consumer for task in tasks} if unexpected else set())


def _again(world: World, tree: Tree) -> World | None:
    try:
        return World(
            Modules(tree),
            world.root,
            world.state,
            given(tree, world.root, world.var_files, []),
            var_files=world.var_files,
        )
    except BadInput:
        return None

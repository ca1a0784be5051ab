"""Instances of one block that want different values: each gets its own.

By an expression of ``each.key`` where the value follows from the name; else by an optional attribute of the map
that the instances come from; else by a table in the block. Where the instances are those of a module, the module
gets a variable, and each call its argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.terraform.attributes import Found
from lambda_tailor.writeback.terraform.evaluate import Evaluator
from lambda_tailor.writeback.terraform.parser import quoted
from lambda_tailor.writeback.terraform.places import splices as put
from lambda_tailor.writeback.terraform.placing import Task, instances_of
from lambda_tailor.writeback.terraform.syntax import Attr, Block, Literal
from lambda_tailor.writeback.terraform.targets import Target
from lambda_tailor.writeback.terraform.text import Page, attribute, hcl, key, member, nested, replacement
from lambda_tailor.writeback.terraform.types import object_types
from lambda_tailor.writeback.terraform.values import Hole, Site, Spot, Value, as_text, taken
from lambda_tailor.writeback.terraform.world import Scope, World


@dataclass(frozen=True, slots=True)
class _Instance:
    """An instance of a resource or module call; ``wanted`` is None where it keeps what it has."""

    scope: Scope
    evaluator: Evaluator
    wanted: JsonValue
    name: str = ""


@dataclass(slots=True)
class Made:
    """The edits that give every instance its own value."""

    own: dict[str, Site] = field(default_factory=dict)
    splices: list[Splice] = field(default_factory=list)
    site: Site = field(default_factory=lambda: Hole("", 0, ""))

    def site_of(self, task: Task) -> Site:
        """Where the task's own value is written."""
        return self.own.get(task.consumer[0], self.site)

    def splices_of(self, _task: Task) -> Sequence[Splice]:
        """All of them: none makes sense without the others."""
        return self.splices


def edits(worlds: Sequence[World], tree: Tree, group: Sequence[Task]) -> Made | None:
    """Edits for tasks of one block and attribute; None where no way is known, or the files are barred."""
    first = group[0]
    wanted = {task.consumer[0]: task.value for task in group}
    instances = [_Instance(s, e, wanted.get(a), a) for s, e, a in instances_of(worlds, first.block)]
    return _Individual(tree, first).edits(instances)


def edits_at_call(worlds: Sequence[World], tree: Tree, group: Sequence[Task], site: Site) -> Made | None:
    """The same where the value is written, or could be, as an argument of a module call that has several instances."""
    scopes = [scope for world in worlds for scope in world.scopes()]
    found = next(((c, n) for s in scopes for n, c in s.module.calls.items() if _covers(c, site)), None)
    if found is None or not {"for_each", "count"} & found[0].attributes.keys():
        return None
    call, name = found
    argument = (
        site.key if isinstance(site, Hole) else next((a.name for a in call.attributes.values() if _is(a, site)), None)
    )
    instances: list[_Instance] = []
    for scope in scopes:
        if scope.module.calls.get(name) is not call:
            continue
        for index, evaluator in scope.instances(call):
            path = (*scope.path, (name, index))
            tasks = [t for t in group if t.scope.world is scope.world and t.instance.module[: len(path)] == path]
            if len({hcl(task.value) for task in tasks}) > 1:
                return None
            wanted, names = (tasks[0].value, tasks[0].consumer[0]) if tasks else (None, "")
            instances.append(_Instance(scope, evaluator, wanted, names))
    if argument is None or not instances:
        return None
    return _Individual(tree, group[0]).at_call(call, argument, instances, _default(group[0].scope, call, argument))


def _default(scope: Scope, call: Block, argument: str) -> str | None:
    """What the module takes where a call does not give the argument, as an expression."""
    at: Scope | None = scope
    while at is not None and at.call is not call:
        at = at.parent
    variable = at.module.variables.get(argument) if at is not None else None
    default = variable.attributes.get("default") if variable is not None else None
    literal = default.expression if default is not None else None
    return hcl(literal.value) if isinstance(literal, Literal) and literal.value is not None else None


def _covers(call: Block, site: Site) -> bool:
    return call.file == site.file and call.start <= site.start < call.end


def _is(attribute_: Attr, site: Site) -> bool:
    e = attribute_.expression
    return isinstance(site, Spot) and (e.start, e.end) == (site.start, site.end)


class _Individual:
    def __init__(self, tree: Tree, task: Task) -> None:
        self._tree, self._task = tree, task
        self._target: Target = task.target
        self._made = Made(site=task.own_hole)
        self._name = task.target.variable

    def edits(self, instances: Sequence[_Instance]) -> Made | None:
        task = self._task
        expression = self._expression(task.block, instances, self._old())
        if expression is None or self._tree.barred(task.block.file):
            return None
        self._put(expression, partial=any(i.wanted is None for i in instances) and not isinstance(task.now, Found))
        return self._made if all(self._tree.barred(s.file) is None for s in self._made.splices) else None

    def at_call(self, call: Block, argument: str, instances: Sequence[_Instance], default: str | None) -> Made | None:
        """An expression as the call's argument; ``default`` is what the module takes without one."""
        there = call.attributes.get(argument)
        page = self._page(call.file)
        e = there.expression if there is not None else None
        old = page.text[e.start : e.end].decode() if e is not None else default
        expression = self._expression(call, instances, old)
        if expression is None:
            return None
        self._made.site = Hole(call.file, call.start if there is None else there.start, argument)
        if e is not None:
            self._made.splices += replacement(page, e.start, e.end, expression)
        else:
            self._made.splices += attribute(page, call, argument, expression)
        return self._made if all(self._tree.barred(s.file) is None for s in self._made.splices) else None

    def _page(self, file: str) -> Page:
        return Page(file, self._tree.text(file))

    def _old(self) -> str | None:
        now = self._task.now
        if not isinstance(now, Found):
            return None
        e = now.attribute.expression
        return self._tree.text(e.file)[e.start : e.end].decode()

    def _put(self, expression: str, *, partial: bool) -> None:
        """The expression into the block: instead of the old one, or as a new attribute or nested block."""
        task, path = self._task, self._target.path
        if isinstance(task.now, Found):
            e = task.now.attribute.expression
            self._made.splices += replacement(self._page(e.file), e.start, e.end, expression)
        elif len(path) == 1:
            self._made.splices += attribute(self._page(task.block.file), task.block, path[0], expression)
        elif partial:
            inner = (
                f"compact([{expression}])"
                if self._target.kind == "string"
                else f"[for v in [{expression}] : v if v != null]"
            )
            lines = [
                f'dynamic "{path[0]}" {{',
                f"  for_each = {inner}",
                "  content {",
                f"    {path[1]} = {path[0]}.value",
                "  }",
                "}",
            ]
            self._made.splices += nested(self._page(task.block.file), task.block, lines)
        else:
            lines = [f"{path[0]} {{", f"  {path[1]} = {expression}", "}"]
            self._made.splices += nested(self._page(task.block.file), task.block, lines)

    def _expression(self, block: Block, instances: Sequence[_Instance], old: str | None) -> str | None:
        """An expression that gives each instance what it wants, and the others what they had."""
        if len({hcl(i.wanted) for i in instances}) == 1:
            return hcl(instances[0].wanted)
        within: dict[object, set[str]] = {}
        for each in instances:
            within.setdefault(each.scope.path, set()).add(hcl(each.wanted))
        if all(len(values) == 1 for values in within.values()):
            return self._by_variable(block, instances, old)
        if "for_each" in block.attributes:
            return (
                self._by_name(instances, "each")
                or self._by_map(instances, old)
                or self._by_table(instances, "each.key", old)
            )
        if "count" in block.attributes:
            return self._by_table(instances, "count.index", old)
        return None

    def _by_name(self, instances: Sequence[_Instance], root: str) -> str | None:
        """``"arn:…:dlq-${each.key}"`` where every value has the instance's name in the same place."""
        if any(not isinstance(i.wanted, str) for i in instances) or len(instances) < 2:
            return None
        first = instances[0].evaluator.bound.get(root, Value(None))
        value = taken(first, "value")
        names = [
            ("key",),
            ("value",),
            *(("value", str(k)) for k in (value.data if isinstance(value.data, dict) else ())),
        ]
        for path in names:
            ends = {_around(i, root, path) for i in instances}
            if len(ends) == 1 and None not in ends:
                before, after = next(end for end in ends if end is not None)
                return f'"{quoted(before)[1:-1]}${{{".".join((root, *path))}}}{quoted(after)[1:-1]}"'
        return None

    def _by_map(self, instances: Sequence[_Instance], old: str | None) -> str | None:
        """An attribute of the map's entries, for those that want one."""
        entries = [(i, taken(i.evaluator.bound.get("each", Value(None)), "value")) for i in instances]
        if any(not isinstance(v.data, dict) or not v.places for _, v in entries):
            return None
        name = self._name
        if any(
            isinstance(v.data, dict) and v.data.get(name) is not None and v.data[name].data is not None
            for _, v in entries
        ):
            return None
        typed = False
        for each, value in entries:
            place = next((p for p in value.places if self._tree.barred(p.file) is None), None)
            if each.wanted is None:
                continue
            if place is None:
                return None
            hole = Hole(place.file, place.start, name)
            self._made.splices += put(self._tree, hole, each.wanted, {})
            self._made.own[each.name] = hole
            typed = self._typed(each.scope, place) or typed
        every = all(i.wanted is not None for i in instances)
        reached = f"each.value.{name}"
        if every:
            return reached
        if typed:
            return f"coalesce({reached}, {old})" if old else reached
        return f"try({reached}, {old or 'null'})"

    def _typed(self, scope: Scope, place: Spot) -> bool:
        """Let the variables that the entry comes through take the attribute; whether there are such."""
        found = False
        at: Scope | None = scope
        while at is not None:
            for variable, block in at.module.variables.items():
                type_ = block.attributes.get("type")
                value = at.lookup("var", (variable,))
                if type_ is None or value is None or not _holds(value, place):
                    continue
                for pairs in object_types(type_.expression):
                    found = True
                    names = [k.value for k, _ in pairs.pairs if isinstance(k, Literal)]
                    if self._name not in names:
                        made = member(self._page(pairs.file), pairs, self._name, f"optional({self._target.kind})")
                        self._made.splices += [s for s in made if s not in self._made.splices]
            at = at.parent
        return found

    def _by_table(self, instances: Sequence[_Instance], index: str, old: str | None) -> str | None:
        table: dict[str, JsonValue] = {}
        root, part = index.split(".")
        for each in instances:
            name = as_text(taken(each.evaluator.bound.get(root, Value(None)), part).data)
            if name is None:
                return None
            if each.wanted is not None:
                table[name] = each.wanted
        written = ", ".join(f"{key(n) if root == 'each' else quoted(n)} = {hcl(v)}" for n, v in table.items())
        if len(table) == len(instances) and root == "each":
            return f"{{ {written} }}[{index}]"
        return f"lookup({{ {written} }}, {index}, {old or 'null'})"

    def _by_variable(self, block: Block, instances: Sequence[_Instance], old: str | None) -> str | None:
        """A variable of the module, given by the calls that want it."""
        first = instances[0].scope
        if any(i.scope.call is None or i.scope.parent is None or i.scope.inputs is None for i in instances):
            return None
        name = self._name
        if name in first.module.variables:
            name = f"{block.labels[-1]}_{name}"
        if name in first.module.variables:
            return None
        calls: dict[tuple[str, int], tuple[Block, list[_Instance]]] = {}
        for each in {i.scope.path: i for i in instances}.values():
            call, parent, inputs = each.scope.call, each.scope.parent, each.scope.inputs
            assert call is not None and parent is not None and inputs is not None
            calls.setdefault((call.file, call.start), (call, []))[1].append(
                _Instance(parent, inputs, each.wanted, each.name)
            )
        conditional = False
        for call, those in calls.values():
            if all(i.wanted is None for i in those):
                continue
            conditional = conditional or any(i.wanted is None for i in those)
            argument = self._expression(call, those, None)
            if argument is None:
                return None
            self._made.splices += attribute(self._page(call.file), call, name, argument)
            for each in those:
                self._made.own.setdefault(each.name, Hole(call.file, call.start, name))
        default = (
            old
            if old
            and not conditional
            and isinstance(self._task.now, Found)
            and isinstance(self._task.now.attribute.expression, Literal)
            else None
        )
        self._declare(first, name, default)
        return f"coalesce(var.{name}, {old})" if old and default is None else f"var.{name}"

    def _declare(self, scope: Scope, name: str, default: str | None) -> None:
        variables = list(scope.module.variables.values())
        file = variables[-1].file if variables else self._task.block.file
        page = self._page(file)
        lines = [f'variable "{name}" {{', f"  type    = {self._target.kind}", f"  default = {default or 'null'}", "}"]
        text = page.newline.join(line.encode() for line in ["", *lines]) + page.newline
        begun = b"" if page.text.endswith(b"\n") or not page.text else page.newline
        self._made.splices.append(Splice(file, len(page.text), len(page.text), begun + text))


def _around(each: _Instance, root: str, path: Sequence[str]) -> tuple[str, str] | None:
    value = each.evaluator.bound.get(root, Value(None))
    for name in path:
        value = taken(value, name)
    text = value.data
    if not isinstance(text, str) or not text or not isinstance(each.wanted, str) or text not in each.wanted:
        return None
    before, _, after = each.wanted.rpartition(text)
    return before, after


def _holds(value: Value, place: Spot) -> bool:
    return place in value.places or any(_holds(item, place) for item in value.elements())

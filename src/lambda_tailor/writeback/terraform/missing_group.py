"""A log group that no resource of the source has: the resource is written, and its import where AWS has the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Edit, Wanted
from lambda_tailor.writeback.terraform.parser import quoted
from lambda_tailor.writeback.terraform.state import Instance, suffix
from lambda_tailor.writeback.terraform.syntax import Block
from lambda_tailor.writeback.terraform.targets import FUNCTION, LOG_GROUP, log_group
from lambda_tailor.writeback.terraform.text import Page, hcl
from lambda_tailor.writeback.terraform.world import World


@dataclass(frozen=True, slots=True)
class Group:
    """A function's log group that wants a retention, in days."""

    world: World
    function: Instance
    wanted: Wanted


@dataclass(slots=True)
class Added:
    """The blocks to write, or why none can be."""

    splices: list[Splice] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    refused: list[tuple[Wanted, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def add(tree: Tree, groups: Sequence[Group]) -> Added:
    """One resource behind each function's block, for all of its instances that want one."""
    added = Added()
    by_block: dict[tuple[str, int], tuple[Block, list[Group]]] = {}
    for group in groups:
        scope = group.world.scope(group.function.module)
        block = scope.module.resources.get((FUNCTION, group.function.name)) if scope is not None else None
        if block is None:
            added.refused.append((group.wanted, f"no file has a block for {group.function.address}"))
        elif because := tree.barred(block.file):
            added.refused.append((group.wanted, because))
        else:
            by_block.setdefault((block.file, block.start), (block, []))[1].append(group)
    for block, those in by_block.values():
        _add(those[0].world, tree, block, those, added)
    return added


def _add(world: World, tree: Tree, block: Block, groups: Sequence[Group], added: Added) -> None:
    label = block.labels[1]
    state = world.state
    everyone = [i for i in state.instances if i.type == FUNCTION and i.name == label and _same_block(world, i, block)]
    days = {hcl(g.wanted.after) for g in groups}
    modules = {i.module for i in everyone}
    whole = len(groups) == len(everyone)
    plain = all(log_group(g.function, g.wanted) == f"/aws/lambda/{g.wanted.function}" for g in groups)
    if len(days) > 1 or (len(modules) > 1 and not whole) or not plain:
        because = "no resource has its log group, and the instances of the block want different ones"
        added.refused += [(g.wanted, because) for g in groups]
        return
    page = Page(block.file, tree.text(block.file))
    scope = world.scope(groups[0].function.module)
    name = label if scope is None or (LOG_GROUP, label) not in scope.module.resources else f"{label}_lambda"
    lines = [
        f'resource "{LOG_GROUP}" "{name}" {{',
        *_repeated(label, groups, whole),
        f"  retention_in_days = {days.pop()}",
        "}",
    ]
    at = page.next_line(block.end)
    added.splices.append(Splice(block.file, at, at, _written(page, lines, at)))
    line = tree.line(block.file, block.start)
    for group in groups:
        w = group.wanted
        added.edits.append(
            Edit(file=block.file, line=line, function=w.function, setting=w.setting, before=w.before, after=w.after)
        )
        _import(world, tree, group, name, added)


def _same_block(world: World, instance: Instance, block: Block) -> bool:
    scope = world.scope(instance.module)
    found = scope.module.resources.get((instance.type, instance.name)) if scope is not None else None
    return found is not None and (found.file, found.start) == (block.file, block.start)


def _repeated(label: str, groups: Sequence[Group], whole: bool) -> list[str]:
    source = f"{FUNCTION}.{label}"
    keys = [g.function.key for g in groups]
    if isinstance(keys[0], str):
        each = source if whole else f"toset({hcl([str(k) for k in keys])})"
        value = "each.value" if whole else f"{source}[each.key]"
        return [f"  for_each          = {each}", f'  name              = "/aws/lambda/${{{value}.function_name}}"']
    if isinstance(keys[0], int) and whole:
        return [
            f"  count             = length({source})",
            f'  name              = "/aws/lambda/${{{source}[count.index].function_name}}"',
        ]
    if isinstance(keys[0], int):
        numbers = ", ".join(f'"{k}"' for k in keys)
        return [
            f"  for_each          = toset([{numbers}])",
            f'  name              = "/aws/lambda/${{{source}[tonumber(each.key)].function_name}}"',
        ]
    return [f'  name              = "/aws/lambda/${{{source}.function_name}}"']


def _written(page: Page, lines: Sequence[str], at: int) -> bytes:
    begun = b"" if at == 0 or page.text[at - 1 : at] == b"\n" else page.newline
    return begun + page.newline.join(line.encode() for line in ("", *lines)) + page.newline


def _import(world: World, tree: Tree, group: Group, name: str, added: Added) -> None:
    """An import stands in the root module. https://developer.hashicorp.com/terraform/language/import"""
    function, wanted = group.function, group.wanted
    to = Instance(function.module, LOG_GROUP, name, function.key, {}).address
    group_name = log_group(function, wanted)
    if not wanted.group_exists:
        known = "once it is in AWS" if wanted.group_exists is None else "if it is in AWS by then"
        added.notes.append(f"{to} is new to Terraform; {known}: terraform import '{to}' {group_name}")
        return
    root = world.scope(())
    call = root.module.calls.get(function.module[0][0]) if root is not None and function.module else None
    file = call.file if call is not None else next(s.file for s in added.splices)
    page = Page(file, tree.text(file))
    end = call.end if call is not None else max(s.start for s in added.splices if s.file == file) - 1
    at = page.next_line(end)
    lines = ["import {", f"  to = {to}", f"  id = {quoted(group_name)}", "}"]
    added.splices.append(Splice(file, at, at, _written(page, lines, at)))
    added.notes.append(f"the next terraform apply imports {group_name}{suffix(None)}")

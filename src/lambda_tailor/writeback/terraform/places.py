"""A place and a value turned into the bytes that are edited."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache

from pydantic import JsonValue

from lambda_tailor.writeback import json_text, yaml_edit, yaml_text
from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.terraform.parser import parse
from lambda_tailor.writeback.terraform.syntax import Block, Expr, Items, Literal, Pairs
from lambda_tailor.writeback.terraform.text import Page, attribute, element, hcl, member, nested, replacement
from lambda_tailor.writeback.terraform.values import Hole, Site


def splices(tree: Tree, site: Site, value: JsonValue, references: Mapping[str, str]) -> list[Splice]:
    """What has to be done to the file so that the place has the value; ``references`` are HCL expressions by value."""
    text = tree.text(site.file)
    if site.file.endswith(".json"):
        return _json(site, text, value)
    if site.file.endswith((".yaml", ".yml")):
        return _yaml(site, text, value)
    page, body = Page(site.file, text), parse(site.file, text)
    if isinstance(site, Hole):
        return _added(page, body, site, value, references)
    found = _by_bytes(site.file, text).get((site.start, site.end))
    if isinstance(value, list) and isinstance(found, Items):
        return _list(page, found, value, references)
    return replacement(page, site.start, site.end, hcl(value, references))


def _added(page: Page, body: Block, site: Hole, value: JsonValue, references: Mapping[str, str]) -> list[Splice]:
    expression = hcl(value, references)
    block = next((b for b in every_block(body) if b.start == site.start), None)
    if block is None:
        every = _by_bytes(page.file, page.text).values()
        found = next((e for e in every if e.start == site.start and isinstance(e, Pairs)), None)
        assert isinstance(found, Pairs)
        return member(page, found, site.key, expression)
    *outer, name = site.key.split(".")
    for kind in outer:
        inner = next(block.nested(kind), None)
        if inner is None:
            return nested(page, block, [f"{kind} {{", f"  {name} = {expression}", "}"])
        block = inner
    return attribute(page, block, name, expression)


def _list(page: Page, items: Items, value: Sequence[JsonValue], references: Mapping[str, str]) -> list[Splice]:
    """Elements that stay keep their text: what is new at the end is added, else the list is written anew."""
    kept = len(items.items)
    if len(value) >= kept:
        new = [hcl(item, references) for item in value[kept:]]
        changed = [
            (item, wanted)
            for item, wanted in zip(items.items, value, strict=False)
            if isinstance(item, Literal) and item.value != wanted
        ]
        replaced = [
            s for item, wanted in changed for s in replacement(page, item.start, item.end, hcl(wanted, references))
        ]
        return replaced + (element(page, items, new) if new else [])
    return replacement(page, items.start, items.end, hcl(list(value), references))


def _json(site: Site, text: bytes, value: JsonValue) -> list[Splice]:
    written = json.dumps(value)
    document = json_text.parse(site.file, text)
    if isinstance(site, Hole):
        node = next(n for n in _nodes(document) if n.start == site.start and isinstance(n.data, dict))
        return [json_text.added(site.file, text, node, site.key, written)]
    if text[site.start : site.start + 1] == b'"' and isinstance(value, int):
        written = f'"{value}"'
    return [Splice(site.file, site.start, site.end, written.encode())]


def _nodes(node: json_text.JsonNode) -> Iterator[json_text.JsonNode]:
    yield node
    for item in (
        node.data.values() if isinstance(node.data, dict) else node.data if isinstance(node.data, tuple) else ()
    ):
        yield from _nodes(item)


def _yaml(site: Site, text: bytes, value: JsonValue) -> list[Splice]:
    document = yaml_text.parse(site.file, text)
    if isinstance(site, Hole):
        node = next(n for n in yaml_text.walk(document) if n.start == site.start and isinstance(n.data, dict))
        return yaml_edit.member(site.file, text, node, site.key, value)
    node = next(n for n in yaml_text.walk(document) if (n.start, n.end) == (site.start, site.end))
    return yaml_edit.replaced(site.file, text, node, value)


def every_block(block: Block) -> Iterator[Block]:
    """The blocks inside, at any depth."""
    for inner in block.blocks:
        yield inner
        yield from every_block(inner)


def every_expression(block: Block) -> Iterator[Expr]:
    """The expressions inside, at any depth."""
    for each in (block, *every_block(block)):
        for attribute_ in each.attributes.values():
            yield from _inside(attribute_.expression)


def _inside(expression: Expr) -> Iterator[Expr]:
    yield expression
    for name in (f.name for f in fields(expression)):
        yield from _expressions(getattr(expression, name))


def _expressions(value: object) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield from _inside(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


@lru_cache(maxsize=8)
def _by_bytes(file: str, text: bytes) -> Mapping[tuple[int, int], Expr]:
    """The file's expressions by their bytes; of two with the same bytes the outer one."""
    found: dict[tuple[int, int], Expr] = {}
    for expression in every_expression(parse(file, text)):
        found.setdefault((expression.start, expression.end), expression)
    return found

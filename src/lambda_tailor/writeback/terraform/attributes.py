"""A resource's attributes, through nested and dynamic blocks, with their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambda_tailor.writeback.terraform.evaluate import Evaluator
from lambda_tailor.writeback.terraform.syntax import Attr, Block
from lambda_tailor.writeback.terraform.values import Site, Value, each

# What is no attribute of the resource itself.
META = {"for_each", "count", "provider", "providers", "depends_on", "source", "version"}
META_BLOCKS = {"lifecycle", "provisioner", "connection", "timeouts"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a setting is written: the attribute's value and the body that has it."""

    value: Value
    attribute: Attr
    body: Block


def setting(block: Block, evaluator: Evaluator, path: Sequence[str]) -> Found | Value:
    """The attribute at that path, through nested and dynamic blocks; else null, resting on what decides that."""
    if len(path) == 1:
        attribute = block.attributes.get(path[0])
        if attribute is None:
            return Value(None)
        return Found(evaluator(attribute.expression), attribute, block)
    rests: frozenset[Site] = frozenset()
    for body, inner, deps in _bodies(block, evaluator, path[0]):
        rests |= deps
        if body is not None:
            found = setting(body, inner, path[1:])
            if isinstance(found, Found):
                return Found(found.value.resting(deps), found.attribute, found.body)
    return Value(None, deps=rests)


def _bodies(
    block: Block, evaluator: Evaluator, type_: str
) -> Iterator[tuple[Block | None, Evaluator, frozenset[Site]]]:
    for nested in block.nested(type_):
        yield nested, evaluator, frozenset()
    for dynamic in block.nested("dynamic"):
        content = next(dynamic.nested("content"), None)
        if dynamic.labels != (type_,) or content is None or "for_each" not in dynamic.attributes:
            continue
        collection = evaluator(dynamic.attributes["for_each"].expression)
        items = list(collection.elements())
        iterator = dynamic.attributes.get("iterator")
        name = getattr(iterator.expression, "name", type_) if iterator is not None else type_
        for number, item in enumerate(items):
            key = list(collection.data)[number] if isinstance(collection.data, dict) else number
            yield content, evaluator.binding(name, each(key, item)), frozenset(collection.deps)
        if not items:
            yield None, evaluator, frozenset(collection.everything())


def attributes(
    block: Block, evaluator: Evaluator, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Value]]:
    """Every attribute of a resource with its value, nested ones by their path."""
    for name, attribute in block.attributes.items():
        if path or name not in META:
            yield (*path, name), evaluator(attribute.expression)
    kinds = dict.fromkeys(b.labels[0] if b.type == "dynamic" and b.labels else b.type for b in block.blocks)
    for kind in kinds:
        if not path and kind in META_BLOCKS:
            continue
        for body, inner, deps in _bodies(block, evaluator, kind):
            if body is None:
                yield (*path, kind), Value(None, deps=deps)
            else:
                yield from attributes(body, inner, (*path, kind))

"""A variable's type, as far as it decides what becomes of the value given: ``optional`` and conversions.

https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lambda_tailor.writeback.terraform.syntax import Expr, FunctionCall, Literal, Name, Pairs
from lambda_tailor.writeback.terraform.values import Value, as_number, as_text, holes

Evaluate = Callable[[Expr], Value]


def converted(value: Value, type_: Expr | None, evaluate: Evaluate) -> Value:
    """The value as a variable of that type has it. ``evaluate`` gives the value of an optional's default."""
    match type_:
        case Name(name="number"):
            number = as_number(value.data)
            return value if number is None else replace(value, data=number)
        case Name(name="string"):
            text = as_text(value.data)
            return value if text is None else replace(value, data=text)
        case FunctionCall(name="map", arguments=(inner,)) if isinstance(value.data, dict):
            return replace(value, data={key: converted(v, inner, evaluate) for key, v in value.data.items()})
        case FunctionCall(name="list" | "set", arguments=(inner,)) if isinstance(value.data, tuple):
            return replace(value, data=tuple(converted(v, inner, evaluate) for v in value.data))
        case FunctionCall(name="object", arguments=(Pairs() as pairs, *_)) if isinstance(value.data, dict):
            return replace(value, data=dict(_members(value, pairs, evaluate)))
        case FunctionCall(name="optional", arguments=(inner, *_)):
            return converted(value, inner, evaluate)
    return value


def _members(value: Value, pairs: Pairs, evaluate: Evaluate) -> Iterator[tuple[str, Value]]:
    """An object has just the attributes of its type; one that was left out could be added."""
    assert isinstance(value.data, dict)
    for key, type_ in pairs.pairs:
        name = str(key.value) if isinstance(key, Literal) else ""
        given = value.data.get(name)
        optional = isinstance(type_, FunctionCall) and type_.name == "optional"
        default = (
            type_.arguments[1] if isinstance(type_, FunctionCall) and optional and len(type_.arguments) > 1 else None
        )
        if given is not None and not (given.data is None and default is not None):
            yield name, converted(given, type_, evaluate)
        elif optional:
            rests = holes(value, name) | (given.deps if given is not None else frozenset())
            absent = evaluate(default) if default is not None else Value(None)
            yield name, converted(absent, type_, evaluate).resting(rests)


def object_types(type_: Expr | None) -> Iterator[Pairs]:
    """The object types that entries of a map or list of this type have."""
    match type_:
        case FunctionCall(name="object", arguments=(Pairs() as pairs, *_)):
            yield pairs
        case FunctionCall(name="map" | "list" | "set" | "optional", arguments=(inner, *_)):
            yield from object_types(inner)

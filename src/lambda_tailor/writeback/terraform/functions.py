"""Terraform's functions, as far as values are passed through or chosen by them.

https://developer.hashicorp.com/terraform/language/functions
A function that is not here gives an unknown value that rests on its arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from lambda_tailor.writeback.terraform.values import (
    Data,
    Site,
    Special,
    Value,
    as_number,
    as_text,
    error,
    holes,
    taken,
    unknown,
)

Function = Callable[[Sequence[Value]], Value]


def call(name: str, arguments: Sequence[Value]) -> Value:
    """What the function gives."""
    rests = frozenset[Site]().union(*(argument.everything() for argument in arguments))
    if name in _LAZY:
        return _LAZY[name](arguments)
    if any(argument.data is Special.ERROR for argument in arguments):
        return error(rests)
    if name in _PASSING and not any(argument.data is Special.UNKNOWN for argument in arguments):
        return _PASSING[name](arguments)
    if name in _COMPUTED and all(argument.known for argument in arguments):
        try:
            return Value(_COMPUTED[name](*arguments), deps=rests)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError, re.error):
            return error(rests)
    return unknown(rests)


def _try(arguments: Sequence[Value]) -> Value:
    rests: frozenset[Site] = frozenset()
    for argument in arguments:
        if argument.data is not Special.ERROR:
            return argument.resting(rests)
        rests |= argument.deps
    return error(rests)


def _can(arguments: Sequence[Value]) -> Value:
    data = arguments[0].data if arguments else Special.ERROR
    rests = arguments[0].everything() if arguments else ()
    return unknown(rests) if data is Special.UNKNOWN else Value(data is not Special.ERROR, deps=frozenset(rests))


def _coalesce(arguments: Sequence[Value]) -> Value:
    rests: frozenset[Site] = frozenset()
    for argument in arguments:
        if isinstance(argument.data, Special):
            return Value(argument.data, deps=rests | argument.deps)
        if argument.data is not None and argument.data != "":
            return argument.resting(rests)
        rests |= argument.deps
    return error(rests)


def _coalesce_list(arguments: Sequence[Value]) -> Value:
    rests: frozenset[Site] = frozenset()
    for argument in arguments:
        if argument.data:
            return argument.resting(rests)
        rests |= argument.deps
    return error(rests)


def _lookup(arguments: Sequence[Value]) -> Value:
    if len(arguments) < 2 or isinstance(arguments[0].data, Special):
        return unknown(frozenset[Site]().union(*(a.everything() for a in arguments)))
    found = taken(arguments[0], arguments[1].data).resting(arguments[1].deps)
    if found.data is Special.ERROR and len(arguments) > 2:
        return arguments[2].resting(found.deps)
    return found


def _merge(arguments: Sequence[Value]) -> Value:
    """A key of a later object hides an earlier one; where a later object lacks it, it could be added there."""
    merged: dict[str, Value] = {}
    places: list[object] = []
    rests: frozenset[Site] = frozenset()
    for argument in arguments:
        rests |= argument.deps
        if argument.data is None:
            continue
        if not isinstance(argument.data, dict):
            return unknown(rests | argument.everything())
        for key in merged.keys() - argument.data.keys():
            merged[key] = merged[key].resting(holes(argument, key))
        merged |= argument.data
        places = [*argument.places, *places]
    return Value(merged, deps=rests, places=tuple(places))  # type: ignore[arg-type]


def _same(arguments: Sequence[Value]) -> Value:
    return arguments[0]


def _to_list(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if isinstance(value.data, dict):
        return error(value.deps)
    return value


def _to_set(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if not isinstance(value.data, tuple):
        return value
    seen: dict[str, Value] = {}
    for item in value.data:
        seen.setdefault(json.dumps(item.plain(), sort_keys=True), item)
    return replace(value, data=tuple(seen[key] for key in sorted(seen)))


def _to_number(arguments: Sequence[Value]) -> Value:
    number = as_number(arguments[0].data)
    return arguments[0] if arguments[0].data is None else replace(arguments[0], data=number)


def _to_string(arguments: Sequence[Value]) -> Value:
    text = as_text(arguments[0].data)
    return arguments[0] if arguments[0].data is None else replace(arguments[0], data=text)


def _to_bool(arguments: Sequence[Value]) -> Value:
    known = {"true": True, "false": False, True: True, False: False}
    data = arguments[0].data
    return replace(arguments[0], data=known.get(data) if isinstance(data, str | bool) else None)


def _concat(arguments: Sequence[Value]) -> Value:
    items: list[Value] = []
    rests: frozenset[Site] = frozenset()
    for argument in arguments:
        rests |= argument.deps
        if not isinstance(argument.data, tuple):
            return unknown(rests)
        items += argument.data
    return Value(tuple(items), deps=rests, places=next((a.places for a in reversed(arguments) if a.places), ()))


def _values(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if not isinstance(value.data, dict):
        return error(value.deps)
    return Value(tuple(value.data[key] for key in sorted(value.data)), deps=value.deps)


def _flatten(arguments: Sequence[Value]) -> Value:
    def leaves(value: Value) -> list[Value]:
        return [leaf for item in value.data for leaf in leaves(item)] if isinstance(value.data, tuple) else [value]

    return Value(tuple(leaves(arguments[0])), deps=arguments[0].everything())


def _compact(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if not isinstance(value.data, tuple):
        return error(value.deps)
    gone = [item for item in value.data if item.data in (None, "")]
    rests = value.deps.union(*(item.deps for item in gone))
    return replace(value, data=tuple(i for i in value.data if i.data not in (None, "")), deps=rests)


def _element(arguments: Sequence[Value]) -> Value:
    items, number = arguments[0].data, as_number(arguments[1].data)
    if not isinstance(items, tuple) or not items or not isinstance(number, int):
        return error(arguments[0].deps)
    return items[number % len(items)].resting(arguments[0].deps | arguments[1].deps)


def _one(arguments: Sequence[Value]) -> Value:
    items = arguments[0].data
    if not isinstance(items, tuple) or len(items) > 1:
        return error(arguments[0].deps)
    return items[0].resting(arguments[0].deps) if items else Value(None, deps=arguments[0].deps)


def _zipmap(arguments: Sequence[Value]) -> Value:
    keys, items = arguments[0].data, arguments[1].data
    if not isinstance(keys, tuple) or not isinstance(items, tuple) or len(keys) != len(items):
        return error(arguments[0].deps)
    paired = {as_text(k.data) or "": v for k, v in zip(keys, items, strict=True)}
    return Value(paired, deps=arguments[0].everything() | arguments[1].deps)


def _extreme(choose: Callable[..., Value]) -> Function:
    def chosen(arguments: Sequence[Value]) -> Value:
        rests = frozenset[Site]().union(*(a.everything() for a in arguments))
        if any(as_number(a.data) is None for a in arguments):
            return error(rests)
        return choose(arguments, key=lambda a: as_number(a.data) or 0).resting(rests)

    return chosen


def _format(pattern: Value, *given: Value) -> Data:
    left = iter(given)

    def filled(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        data = next(left).data
        return (match[0] % data) if match[2] in "dfg" and isinstance(data, int | float) else as_text(data) or ""

    return re.sub(r"%([-+0-9.]*)([svdqfg%])", filled, str(pattern.data))


def _text(value: Value) -> str:
    text = as_text(value.data)
    if text is None:
        raise TypeError("a string is wanted")
    return text


def _strings(value: Value) -> list[str]:
    if not isinstance(value.data, tuple):
        raise TypeError("a list is wanted")
    return [_text(item) for item in value.data]


def _replace(text: Value, old: Value, new: Value) -> Data:
    sought = _text(old)
    if len(sought) > 1 and sought.startswith("/") and sought.endswith("/"):
        return re.sub(sought[1:-1], re.sub(r"\$(\d)", r"\\\1", _text(new)), _text(text))
    return _text(text).replace(sought, _text(new))


def _substr(text: Value, start: Value, length: Value) -> Data:
    begin, count = int(as_number(start.data) or 0), int(as_number(length.data) or 0)
    whole = _text(text)
    begin = begin if begin >= 0 else len(whole) + begin
    return whole[begin:] if count < 0 else whole[begin : begin + count]


def _length(value: Value) -> Data:
    if isinstance(value.data, str | tuple | dict):
        return len(value.data)
    raise TypeError("a collection is wanted")


def _values_of(texts: Sequence[str]) -> Data:
    return tuple(Value(text) for text in texts)


_LAZY: dict[str, Function] = {
    "try": _try, "can": _can, "coalesce": _coalesce, "lookup": _lookup, "nonsensitive": _same, "sensitive": _same,
    "merge": _merge,
}  # fmt: skip
_PASSING: dict[str, Function] = {
    "tomap": _same, "tolist": _to_list, "toset": _to_set, "tonumber": _to_number, "tostring": _to_string,
    "tobool": _to_bool, "concat": _concat, "values": _values, "flatten": _flatten, "compact": _compact,
    "element": _element, "one": _one, "zipmap": _zipmap, "coalescelist": _coalesce_list, "distinct": _to_list,
    "max": _extreme(max), "min": _extreme(min), "ephemeralasnull": _same,
}  # fmt: skip
_COMPUTED: dict[str, Callable[..., Data]] = {
    "format": _format,
    "join": lambda by, items: _text(by).join(_strings(items)),
    "split": lambda by, text: _values_of(_text(text).split(_text(by))),
    "replace": _replace,
    "substr": _substr,
    "lower": lambda text: _text(text).lower(),
    "upper": lambda text: _text(text).upper(),
    "title": lambda text: _text(text).title(),
    "trimspace": lambda text: _text(text).strip(),
    "trimprefix": lambda text, what: _text(text).removeprefix(_text(what)),
    "trimsuffix": lambda text, what: _text(text).removesuffix(_text(what)),
    "trim": lambda text, what: _text(text).strip(_text(what)),
    "startswith": lambda text, what: _text(text).startswith(_text(what)),
    "endswith": lambda text, what: _text(text).endswith(_text(what)),
    "length": _length,
    "keys": lambda value: _values_of(sorted(value.data)),
    "contains": lambda items, item: any(item.plain() == each.plain() for each in items.data),
    "basename": lambda text: _text(text).rsplit("/", 1)[-1],
    "dirname": lambda text: _text(text).rpartition("/")[0] or ".",
    "range": lambda *given: tuple(Value(n) for n in range(*(int(g.data) for g in given))),
    "abs": lambda value: abs(as_number(value.data) or 0),
    "floor": lambda value: int((as_number(value.data) or 0) // 1),
    "ceil": lambda value: -int(-(as_number(value.data) or 0) // 1),
    "index": lambda items, item: [each.plain() for each in items.data].index(item.plain()),
}

"""Terraform's values, each with where it is written and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from pydantic import JsonValue


class Spot(NamedTuple):
    """An expression as it stands in a file, by byte offsets."""

    file: str
    start: int
    end: int


class Hole(NamedTuple):
    """A place where something is not written and could be: a key of an object, an argument of a block.

    ``start`` is where that object or block begins.
    """

    file: str
    start: int
    key: str


Site = Spot | Hole
# The key of an instance of a resource or module; None where there is only one.
Key = str | int | None


class Special(Enum):
    """What stands for a value that cannot be had."""

    UNKNOWN = "unknown"  # known to Terraform only, or not understood here
    ERROR = "error"  # Terraform would complain, unless try() or lookup() is around


Data = None | bool | int | float | str | tuple["Value", ...] | dict[str, "Value"] | Special
NOTHING: frozenset[Site] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """A value. ``site`` is where exactly it is written, None where it is computed.

    ``deps`` is every place that it rests on; the elements of a collection have their own. ``places`` is, for
    an object, where a key could be added to it, the most specific first.
    """

    data: Data
    site: Spot | None = None
    deps: frozenset[Site] = NOTHING
    places: tuple[Spot, ...] = ()

    def resting(self, more: Iterable[Site]) -> Value:
        """The same value, resting on more."""
        wider = self.deps.union(more)
        return self if wider == self.deps else replace(self, deps=wider)

    @property
    def known(self) -> bool:
        """Whether all of it is known."""
        match self.data:
            case Special():
                return False
            case tuple():
                return all(item.known for item in self.data)
            case dict():
                return all(item.known for item in self.data.values())
        return True

    def everything(self) -> frozenset[Site]:
        """What it and its elements rest on."""
        return self.deps.union(*(item.everything() for item in self.elements()))

    def elements(self) -> Iterator[Value]:
        """The elements of a collection; nothing for others."""
        if isinstance(self.data, tuple):
            yield from self.data
        elif isinstance(self.data, dict):
            yield from self.data.values()

    def plain(self) -> JsonValue:
        """The value without its places; unknown parts are None."""
        match self.data:
            case Special():
                return None
            case tuple():
                return [item.plain() for item in self.data]
            case dict():
                return {key: item.plain() for key, item in self.data.items()}
        return self.data


def unknown(deps: Iterable[Site] = ()) -> Value:
    """A value that nobody knows here."""
    return Value(Special.UNKNOWN, deps=frozenset(deps))


def error(deps: Iterable[Site] = ()) -> Value:
    """What Terraform would complain about."""
    return Value(Special.ERROR, deps=frozenset(deps))


def from_json(value: JsonValue) -> Value:
    """A value that is written nowhere in the source, such as one of the state."""
    match value:
        case list():
            return Value(tuple(map(from_json, value)))
        case dict():
            return Value({key: from_json(item) for key, item in value.items()})
    return Value(value)


def as_text(data: Data) -> str | None:
    """A scalar as Terraform puts it into a string; None for others."""
    match data:
        case bool():
            return "true" if data else "false"
        case str():
            return data
        case int() | float():
            return f"{data:g}" if isinstance(data, float) else str(data)
    return None


def as_number(data: Data) -> int | float | None:
    """A scalar as a number, where it is one or reads as one."""
    if isinstance(data, bool):
        return None
    if isinstance(data, int | float):
        return data
    if isinstance(data, str):
        try:
            return int(data)
        except ValueError:
            try:
                return float(data)
            except ValueError:
                return None
    return None


def holes(value: Value, key: str) -> frozenset[Site]:
    """Where that key could be added to the object."""
    return frozenset(Hole(place.file, place.start, key) for place in value.places)


def taken(base: Value, key: Data) -> Value:
    """``base.key`` or ``base[key]``; an error where it has none, resting on where it could be added."""
    if isinstance(base.data, Special):
        return Value(base.data, deps=base.everything())
    if isinstance(base.data, dict):
        name = as_text(key)
        if name is None:
            return unknown(base.deps)
        found = base.data.get(name)
        return error(base.deps | holes(base, name)) if found is None else found.resting(base.deps)
    if isinstance(base.data, tuple):
        number = as_number(key)
        if isinstance(number, int) and -1 < number < len(base.data):
            return base.data[number].resting(base.deps)
    return error(base.deps)


def each(key: Key, value: Value) -> Value:
    """What ``each`` or a dynamic block's iterator is."""
    return Value({"key": Value(key), "value": value})

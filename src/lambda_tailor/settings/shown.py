"""Whether what an operation writes is what the reader was shown. Pure, and the same for doing and for undoing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from lambda_tailor.model.plan import Change, PlannedFunction

# No number that AWS takes here is larger.
_MOST = 10**9
Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One field that an operation writes, beside the change that it is written for.

    Both have the direction of doing: where something is undone, both are turned round, and secrets
    are known by their seal or their fingerprint (``undoing``).
    """

    function: PlannedFunction
    change: Change
    resource: str
    field: str
    before: JsonValue
    after: JsonValue
    undoing: bool = False

    @property
    def of_the_function(self) -> bool:
        """Whether it is written to the function itself, under the setting's own name."""
        return self.resource == self.function.name and self.field == self.change.setting

    @property
    def of_the_resource(self) -> bool:
        """Whether it is written to the resource that the change names."""
        return self.change.resource is None or self.resource == self.change.resource

    def valued(self, check: Check) -> bool:
        """Whether before and after are those of the change, and of the right type."""
        pairs = (self.before, self.change.before), (self.after, self.change.after)
        return all(check(value) and same(value, told) for value, told in pairs)

    @property
    def made(self) -> bool:
        """Whether the resource is made: it was not there, and shall be."""
        return self.field == "exists" and self.before is False and self.after is True


def same(one: JsonValue, other: JsonValue) -> bool:
    """Equality that takes True for no number, at any depth."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other


def whole(value: object) -> bool:
    """A whole number that AWS could take."""
    return type(value) is int and 0 <= value <= _MOST


def text(value: object) -> bool:
    """A string."""
    return isinstance(value, str)


def texts(value: object) -> bool:
    """A list of strings."""
    return isinstance(value, list | tuple) and all(map(text, value))


def maybe(check: Check) -> Check:
    """None, or what ``check`` takes."""
    return lambda value: value is None or check(value)

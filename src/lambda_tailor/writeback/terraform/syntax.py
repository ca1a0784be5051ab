"""HCL as an expression tree whose every node knows its bytes.

https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Expr:
    """A piece of an expression; ``start`` and ``end`` are byte offsets in ``file``."""

    file: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A number, string, true, false or null."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Template(Expr):
    """A string with interpolations; text parts are unescaped."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Items(Expr):
    """``[a, b]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Pairs(Expr):
    """``{ a = b }``; a key that is a bare word is a literal."""

    pairs: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """The root of a traversal: ``var``, ``local``, ``each``, a resource type, a loop variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute(Expr):
    """``base.name``."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expr):
    """``base[key]``."""

    base: Expr
    key: Expr


@dataclass(frozen=True, slots=True)
class Splat(Expr):
    """``base[*].a.b``: the names taken of each."""

    base: Expr
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall(Expr):
    """``name(arguments)``; ``expands`` where the last one ends with ``...``."""

    name: str
    arguments: tuple[Expr, ...]
    expands: bool


@dataclass(frozen=True, slots=True)
class Conditional(Expr):
    """``condition ? yes : no``."""

    condition: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class For(Expr):
    """``[for k, v in collection : value if condition]``; ``key`` is set where it makes an object."""

    names: tuple[str, ...]
    collection: Expr
    key: Expr | None
    value: Expr
    condition: Expr | None
    grouped: bool


@dataclass(frozen=True, slots=True)
class Operation(Expr):
    """``left operator right``; ``left`` is None where the operator has one operand."""

    operator: str
    left: Expr | None
    right: Expr


@dataclass(frozen=True, slots=True)
class Opaque(Expr):
    """An expression that is not understood; ``parts`` are the expressions inside."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Attr:
    """``name = expression`` in a body; ``start`` is where the name begins."""

    name: str
    start: int
    expression: Expr


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its labels; ``open_end`` is behind its ``{``, ``close`` at its ``}``."""

    file: str
    type: str
    labels: tuple[str, ...]
    start: int
    open_end: int
    close: int
    end: int
    attributes: Mapping[str, Attr] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    def nested(self, type_: str) -> Iterator[Block]:
        """The blocks of that type directly inside."""
        return (block for block in self.blocks if block.type == type_)

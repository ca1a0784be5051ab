"""Expressions as CloudWatch metric math and Logs Insights both write them, read into a tree. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
        | (?P<text>"[^"]*"|'[^']*')
        | (?P<regex>/(?:[^/\\]|\\.)+/)
        | (?P<name>[@A-Za-z_][\w.@]*)
        | (?P<sign>==|!=|<=|>=|=~|&&|\|\||[-+*/^%<>=(),])
    )""",
    re.VERBOSE,
)
_WORDS = {"&&": "and", "||": "or"}
# From the loosest to the tightest; ``like`` is Insights' own.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"=", "==", "!=", "<", ">", "<=", ">=", "like", "=~"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
    frozenset({"^"}),
)
_DEEPEST = 100


class ExpressionError(ValueError):
    """The text is no expression; ``position`` is where, counted in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text, or a regular expression between slashes."""

    value: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A query's id or a field."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """A function or an operator with its operands; ``*`` alone, as in ``count(*)``, is a Name."""

    function: str
    operands: tuple[Tree, ...]


Tree = Number | Text | Name | Apply


def parse(text: str) -> Tree:
    """The tree of an expression. Raises ExpressionError."""
    reader = _Reader(text)
    tree = reader.level(0, 0)
    if reader.kind != "end":
        raise reader.unexpected()
    return tree


def names(tree: Tree) -> Iterator[str]:
    """Every name in an expression, in order."""
    match tree:
        case Name(name):
            yield name
        case Apply(_, operands):
            for operand in operands:
                yield from names(operand)


class _Reader:
    """Recursive descent over one token at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = self._end = 0
        self.kind = self.token = ""
        self._next(operand=True)

    def unexpected(self) -> ExpressionError:
        """What to say of the token at hand."""
        found = f"unexpected symbol found {self.token}" if self.token else "unexpected end of the expression"
        return ExpressionError(found, self._at)

    def level(self, level: int, depth: int) -> Tree:
        """Operators of one precedence and all that bind tighter, from left to right."""
        if depth > _DEEPEST:
            raise ExpressionError("the expression is too deep", self._at)
        if level == len(_LEVELS):
            return self._unary(depth)
        tree = self.level(level + 1, depth)
        while self.kind in ("sign", "name") and self.token.lower() in _LEVELS[level]:
            operator = self.token.lower()
            self._next(operand=True)
            tree = Apply(operator, (tree, self.level(level + 1, depth)))
        return tree

    def _unary(self, depth: int) -> Tree:
        if self.token.lower() in ("-", "not") and self.kind in ("sign", "name"):
            operator = "negative" if self.token == "-" else "not"
            self._next(operand=True)
            return Apply(operator, (self._unary(depth + 1) if depth < _DEEPEST else self.level(0, depth + 1),))
        return self._operand(depth)

    def _operand(self, depth: int) -> Tree:
        kind, token = self.kind, self.token
        if (kind, token) == ("sign", "("):
            self._next(operand=True)
            tree = self.level(0, depth + 1)
            self._closing()
            return tree
        if kind not in ("number", "text", "regex", "name"):
            raise self.unexpected()
        self._next(operand=False)
        if kind == "number":
            return Number(float(token))
        if kind in ("text", "regex"):
            return Text(token[1:-1], regex=kind == "regex")
        if (self.kind, self.token) == ("sign", "("):
            return Apply(token.lower(), self._operands(depth))
        return Name(token)

    def _operands(self, depth: int) -> tuple[Tree, ...]:
        self._next(operand=True)
        if (self.kind, self.token) == ("sign", "*"):
            self._next(operand=False)
            self._closing()
            return (Name("*"),)
        found: list[Tree] = []
        while (self.kind, self.token) != ("sign", ")"):
            if found:
                if (self.kind, self.token) != ("sign", ","):
                    raise self.unexpected()
                self._next(operand=True)
            found.append(self.level(0, depth + 1))
        self._closing()
        return tuple(found)

    def _closing(self) -> None:
        if (self.kind, self.token) != ("sign", ")"):
            raise self.unexpected()
        self._next(operand=False)

    def _next(self, *, operand: bool) -> None:
        """Step on. A slash starts a regular expression where an operand is due, else it divides."""
        rest = self._text[self._end :]
        self._at = self._end + len(rest) - len(rest.lstrip())
        if not rest.strip():
            self.kind, self.token = "end", ""
            return
        found = _TOKEN.match(self._text, self._end)
        if found is None:
            raise ExpressionError(f"unexpected symbol found {self._text[self._at]}", self._at)
        self.kind = str(found.lastgroup)
        self.token, self._end = found[self.kind], found.end()
        if self.kind == "regex" and not operand:
            self.kind, self.token, self._end = "sign", "/", self._at + 1
        if self.kind == "sign":
            self.token = _WORDS.get(self.token, self.token)

"""A query in the language of Logs Insights, over the fields of log events. Pure.

The commands ``fields``, ``filter``, ``stats … by``, ``sort`` and ``limit`` with the functions and
aggregates that are named here; all else is malformed.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lambda_tailor.demo.strict.expression import Apply, ExpressionError, Name, Number, Text, Tree, parse
from lambda_tailor.demo.strict.insights_records import Record, Value

DEFAULT_LIMIT = 10_000
Row = list[dict[str, str]]
# What stands between two of them is split; quotes and regular expressions are left whole.
_PIECE = re.compile(r""""[^"]*"|'[^']*'|(?<=like)\s+/(?:[^/\\]|\\.)+/|[\s\S]""")
_AS = re.compile(r"([\s\S]*\S)\s+as\s+([@\w.]+)\s*", re.IGNORECASE)
_SORT = re.compile(r"([\s\S]*?\S)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


class MalformedQuery(ValueError):
    """The query cannot be compiled; ``start`` and ``end`` are where, in characters from 0."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Column:
    """What a row shows and how it is called."""

    name: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Query:
    """A query that is understood. ``stats`` is None where events are listed."""

    steps: tuple[tuple[str, tuple[Column, ...]], ...] = ()
    shown: tuple[str, ...] = ("@timestamp", "@message")
    stats: tuple[Column, ...] | None = None
    by: tuple[Column, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Answered:
    """The rows in AWS's shape, and of how many records they were made."""

    rows: list[Row] = field(default_factory=list)
    matched: int = 0


def compile_query(text: str) -> Query:
    """Understand a query. Raises MalformedQuery."""
    steps: list[tuple[str, tuple[Column, ...]]] = []
    parts: dict[str, Any] = {}
    for start, stage in _split(text, "|"):
        command, _, rest = stage.strip().partition(" ")
        at = start + stage.index(rest) if rest else start
        match command.lower():
            case "fields" if "stats" not in parts:
                columns = _columns(rest, at)
                steps.append(("fields", columns))
                parts["shown"] = tuple(column.name for column in columns)
            case "filter" if "stats" not in parts:
                steps.append(("filter", (_column(rest, at),)))
            case "stats" if "stats" not in parts:
                whole, *groups = re.split(r"\sby\s", rest, maxsplit=1)
                parts["stats"] = _columns(whole, at, _AGGREGATES)
                parts["by"] = _columns(groups[0], at + len(rest) - len(groups[0])) if groups else ()
            case "sort":
                parts["sort"] = tuple(_sorting(piece, at) for _, piece in _split(rest, ","))
            case "limit" if rest.strip().isdigit():
                parts["limit"] = min(int(rest), DEFAULT_LIMIT)
            case _:
                raise MalformedQuery(f"unexpected symbol found {command or 'end of query'}", start, start + len(stage))
    return Query(steps=tuple(steps), **parts)


def run(query: Query, records: Sequence[Record]) -> Answered:
    """The query's answer over the records, which are in order of time. Missing values are left out of a row."""
    kept = list(_stepped(query, records))
    found: list[Record] = list(kept)
    if query.stats is not None:
        found = _aggregated(query.stats, query.by, kept)
        shown: tuple[str, ...] = tuple(column.name for column in (*query.by, *query.stats))
    else:
        shown = (*query.shown, "@ptr")
        found.reverse()
    for name, descending in reversed(query.sort):
        found.sort(key=lambda record: _order(record.get(name)), reverse=descending)
    rows = [
        [{"field": name, "value": _said(value)} for name in shown if (value := record.get(name)) is not None]
        for record in found[: query.limit]
    ]
    return Answered(rows, len(kept))


def _stepped(query: Query, records: Sequence[Record]) -> Iterator[Record]:
    for record in records:
        known = dict(record)
        for command, columns in query.steps:
            if command == "fields":
                known |= {column.name: evaluate(column.tree, known) for column in columns}
            elif not evaluate(columns[0].tree, known):
                break
        else:
            yield known


def _aggregated(stats: Sequence[Column], by: Sequence[Column], records: Sequence[Record]) -> list[Record]:
    groups: dict[tuple[Value, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(evaluate(column.tree, record) for column in by), []).append(record)
    return [
        {column.name: value for column, value in zip(by, key, strict=True)}
        | {column.name: _aggregate(column.tree, members) for column in stats}
        for key, members in groups.items()
    ]


def _aggregate(tree: Tree, records: Sequence[Record]) -> Value:
    """An aggregate over the records of one group, or arithmetic on aggregates."""
    if isinstance(tree, Apply) and tree.function in _AGGREGATES:
        over, *more = tree.operands
        if over == Name("*"):
            return float(len(records))
        values = [value for record in records if (value := evaluate(over, record)) is not None]
        return _AGGREGATES[tree.function](values, *(evaluate(operand, {}) for operand in more))
    if isinstance(tree, Apply):
        return _apply(tree.function, [_aggregate(operand, records) for operand in tree.operands])
    return evaluate(tree, {})


def evaluate(tree: Tree, record: Mapping[str, Value]) -> Value:
    """A value of one record; None where what it takes is missing."""
    match tree:
        case Number(value):
            return value
        case Text(value):
            return value
        case Name(name):
            return record.get(name)
        case Apply(function, operands):
            if function in ("like", "=~"):
                return _like(evaluate(operands[0], record), operands[1])
            return _apply(function, [evaluate(operand, record) for operand in operands])


def _apply(function: str, values: Sequence[Value]) -> Value:
    if function == "coalesce":
        return next((value for value in values if value is not None), None)
    if function == "ispresent":
        return float(values[0] is not None)
    if function in ("and", "or"):
        return float((all if function == "and" else any)(bool(value) for value in values))
    if function == "not":
        return float(not values[0])
    if any(value is None for value in values):
        return None
    if function in _COMPARISONS:
        left, right = _alike(values[0], values[1])
        return float(_COMPARISONS[function](left, right))
    if function == "strlen":
        return float(len(str(values[0])))
    if function == "tomillis":
        return _millis(str(values[0]))
    if function == "strcontains":
        return float(str(values[1]) in str(values[0]))
    numbers = [number for value in values if (number := _number(value)) is not None]
    if len(numbers) != len(values):
        return None
    try:
        return float(_ARITHMETIC[function](*numbers))
    except (ArithmeticError, ValueError):
        return None


def _millis(instant: str) -> Value:
    try:
        return datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        return None


def _like(value: Value, pattern: Tree) -> Value:
    if value is None or not isinstance(pattern, Text):
        return 0.0
    return float(bool(re.search(pattern.value, str(value))) if pattern.regex else pattern.value in str(value))


def _alike(left: Value, right: Value) -> tuple[Any, Any]:
    """Two values as numbers where both are, else as texts."""
    numbers = _number(left), _number(right)
    return numbers if None not in numbers else (str(left), str(right))


def _number(value: Value) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: Mapping[str, Callable[..., float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod, "^": math.pow,
    "negative": operator.neg, "abs": abs, "ceil": math.ceil, "floor": math.floor,
}  # fmt: skip
_OTHERS: Mapping[str, int] = {
    "coalesce": 0, "ispresent": 1, "and": 2, "or": 2, "not": 1, "strcontains": 2, "tomillis": 1,
    "strlen": 1, "like": 2, "=~": 2,
}  # fmt: skip


def _numbers(values: Sequence[Value]) -> list[float]:
    return [number for value in values if (number := _number(value)) is not None]


def _percentile(values: Sequence[Value], percent: Value) -> Value:
    numbers = sorted(_numbers(values))
    part = (_number(percent) or 0.0) / 100
    return numbers[max(0, math.ceil(part * len(numbers)) - 1)] if numbers else None


def _mean(values: Sequence[Value]) -> Value:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


_AGGREGATES: Mapping[str, Callable[..., Value]] = {
    "count": lambda values: float(len(values)),
    "count_distinct": lambda values: float(len(set(values))),
    "sum": lambda values: sum(_numbers(values)) if _numbers(values) else None,
    "avg": _mean,
    "min": lambda values: min(_numbers(values), default=None),
    "max": lambda values: max(_numbers(values), default=None),
    "pct": _percentile,
}
_ARITY: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(_COMPARISONS, (2, 2)),
    **dict.fromkeys(("+", "-", "*", "/", "%", "^"), (2, 2)),
    **dict.fromkeys(("negative", "abs", "ceil", "floor"), (1, 1)),
    **{name: (n, n) if n else (1, 100) for name, n in _OTHERS.items()},
    **{name: (2, 2) if name == "pct" else (1, 1) for name in _AGGREGATES},
}


def _columns(text: str, start: int, aggregates: Mapping[str, object] | None = None) -> tuple[Column, ...]:
    return tuple(_column(piece, start + at, aggregates) for at, piece in _split(text, ","))


def _column(text: str, start: int, aggregates: Mapping[str, object] | None = None) -> Column:
    named = _AS.fullmatch(text)
    said = named[1] if named else text
    try:
        tree = parse(said)
    except ExpressionError as error:
        raise MalformedQuery(str(error), start + error.position, start + len(text)) from error
    _check(tree, start, start + len(text), aggregates=aggregates is not None)
    if aggregates is not None and not _is_aggregate(tree):
        raise MalformedQuery(f"{said.strip()} is no aggregation", start, start + len(text))
    return Column(named[2] if named else said.strip(), tree)


def _check(tree: Tree, start: int, end: int, *, aggregates: bool) -> None:
    """Refuse functions that do not exist, or not here, or not with so many operands."""
    if not isinstance(tree, Apply):
        return
    low, high = _ARITY.get(tree.function, (0, -1))
    within = tree.function in _AGGREGATES
    if not low <= len(tree.operands) <= high or (within and not aggregates):
        raise MalformedQuery(f"Invalid function or number of arguments: {tree.function}", start, end)
    for operand in tree.operands:
        _check(operand, start, end, aggregates=aggregates and not within)


def _is_aggregate(tree: Tree) -> bool:
    return isinstance(tree, Apply) and (
        tree.function in _AGGREGATES or any(_is_aggregate(operand) for operand in tree.operands)
    )


def _sorting(text: str, start: int) -> tuple[str, bool]:
    found = _SORT.fullmatch(text.strip())
    if found is None:
        raise MalformedQuery("unexpected end of the query", start, start + len(text))
    return found[1], (found[2] or "asc").lower() == "desc"


def _split(text: str, mark: str) -> Iterator[tuple[int, str]]:
    """The parts between marks that stand outside quotes and parentheses, each with where it starts."""
    depth, start = 0, 0
    for found in _PIECE.finditer(text):
        depth += (found[0] == "(") - (found[0] == ")")
        if found[0] == mark and depth <= 0:
            yield start, text[start : found.start()]
            start = found.end()
    yield start, text[start:]


def _order(value: Value) -> tuple[int, Any]:
    number = _number(value)
    return (0, "") if value is None else (1, number) if number is not None else (2, str(value))


def _said(value: Value) -> str:
    """A value as Insights prints it: four decimals at most, and from ten million on with an exponent, 1.28E8."""
    if not isinstance(value, float):
        return str(value)
    if abs(value) >= 1e7:
        digits, _, exponent = f"{value:.15e}".partition("e")
        mantissa = digits.rstrip("0")
        return f"{mantissa}{'0' if mantissa.endswith('.') else ''}E{int(exponent)}"
    return str(int(value)) if value.is_integer() else f"{value:.4f}".rstrip("0").rstrip(".")

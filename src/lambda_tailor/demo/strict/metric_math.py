"""CloudWatch metric math over the series of other queries. Pure.

Arithmetic, comparisons, AND and OR, IF, FILL, ABS, CEIL, FLOOR, METRICS and SUM, AVG, MAX, MIN of
one series or of several. As in CloudWatch an operation of two series has a data point only where
both have one, and none where it divides by zero. All else is refused.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lambda_tailor.demo.strict.expression import Apply, ExpressionError, Name, Number, Text, Tree, names, parse

# Values by the start of their period, in seconds since 1970.
Series = Mapping[float, float]
Operand = float | Series | list[Series]


class MathError(ValueError):
    """The query cannot be computed. AWS answers ValidationError; the words are the layer's own."""


def evaluate(queries: Sequence[Mapping[str, Any]], measured: Mapping[str, Series]) -> dict[str, Series]:
    """The series of every query by its id: what was measured, and what is computed from it.

    ``queries`` are MetricDataQuery members. Raises MathError.
    """
    check(queries)
    expressions = {query["Id"]: parse(query["Expression"]) for query in queries if query.get("Expression")}
    found: dict[str, Series] = dict(measured)
    for identifier in _ordered(expressions):
        value = _Calculation(found, list(measured)).value(expressions[identifier])
        if not isinstance(value, Mapping):
            raise MathError("The expression does not evaluate to a time series")
        found[identifier] = value
    return found


def check(queries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse ids given twice, expressions that are none, and names and functions that do not exist.

    Raises MathError.
    """
    identifiers = [query["Id"] for query in queries]
    if len(set(identifiers)) != len(identifiers):
        raise MathError("The values for parameter id in MetricDataQueries are not unique.")
    trees: dict[str, Tree] = {}
    for query in queries:
        if not query.get("Expression"):
            continue
        try:
            tree = trees[query["Id"]] = parse(query["Expression"])
        except ExpressionError as error:
            raise MathError(f"{query['Id']}: {error}") from error
        _known_functions(tree)
        unknown = [name for name in names(tree) if name not in identifiers]
        if unknown:
            raise MathError(f"{query['Id']}: undefined variable(s): {', '.join(dict.fromkeys(unknown))}")
    _ordered(trees)


def _ordered(trees: Mapping[str, Tree]) -> list[str]:
    """The expressions so that each stands after those that it reads. Raises MathError."""
    done: list[str] = []
    while len(done) < len(trees):
        ready = [i for i, tree in trees.items() if i not in done and set(names(tree)) & trees.keys() <= set(done)]
        if not ready:
            raise MathError("The expressions refer to each other in a circle")
        done += ready
    return done


class _Calculation:
    """One expression over the series that are known so far."""

    def __init__(self, series: Mapping[str, Series], measured: Sequence[str]) -> None:
        self._series = series
        self._measured = measured

    def value(self, tree: Tree) -> Operand:
        match tree:
            case Number(value):
                return value
            case Name(name):
                return self._series[name]
            case Text():
                raise MathError("a text stands where a number or a time series is due")
            case Apply("metrics", operands):
                return self._metrics(operands)
            case Apply("fill", (series, filling)):
                return self._filled(self.value(series), self.value(filling))
            case Apply(function, operands) if function in _AGGREGATES:
                return _aggregated(_AGGREGATES[function], self.value(operands[0]))
            case Apply(function, operands):
                return _each(_FUNCTIONS[function], [self.value(operand) for operand in operands])

    def _metrics(self, operands: Sequence[Tree]) -> list[Series]:
        wanted = operands[0].value if operands and isinstance(operands[0], Text) else ""
        return [self._series[name] for name in self._measured if wanted in name]

    def _filled(self, series: Operand, filling: Operand) -> Operand:
        """Each gap of a series closed; the periods are those in which any metric of the request has a value."""
        periods = sorted({at for name in self._measured for at in self._series[name]})

        if isinstance(filling, list):
            raise MathError("FILL takes a number or a time series")
        other = filling if isinstance(filling, Mapping) else dict.fromkeys(periods, filling)

        def fill(one: Series) -> Series:
            known = {**other, **one}
            return {at: known[at] for at in periods if at in known}

        if isinstance(series, list):
            return [fill(one) for one in series]
        return fill(series) if isinstance(series, Mapping) else series


def _each(function: Callable[..., float | None], operands: Sequence[Operand]) -> Operand:
    """A function of numbers, period by period where one of them is a series, for each of an array of them."""
    arrays = [operand for operand in operands if isinstance(operand, list)]
    if arrays:
        size = len(arrays[0])
        if any(len(array) != size for array in arrays):
            raise MathError("arrays of different length")
        rows = ([each[n] if isinstance(each, list) else each for each in operands] for n in range(size))
        return [value for row in rows if isinstance(value := _each(function, row), Mapping)]
    series = [operand for operand in operands if isinstance(operand, Mapping)]
    if not series:
        number = _computed(function, operands)
        if number is None:
            raise MathError("the expression has no value")
        return number
    shared = set(series[0]).intersection(*series[1:])
    row = {at: [each[at] if isinstance(each, Mapping) else each for each in operands] for at in sorted(shared)}
    return {at: point for at, values in row.items() if (point := _computed(function, values)) is not None}


def _computed(function: Callable[..., float | None], values: Iterable[Any]) -> float | None:
    try:
        found = function(*values)
    except (ArithmeticError, ValueError):
        return None
    return None if found is None or not math.isfinite(found) else float(found)


def _aggregated(function: Callable[[list[float]], float], operand: Operand) -> Operand:
    """Of one series a number, of several a series over all periods in which any has a value."""
    if isinstance(operand, list):
        periods = sorted({at for series in operand for at in series})
        return {at: function([series[at] for series in operand if at in series]) for at in periods}
    if isinstance(operand, Mapping):
        return function(list(operand.values())) if operand else 0.0
    return operand


def _known_functions(tree: Tree) -> None:
    if not isinstance(tree, Apply):
        return
    arity = _ARITY.get(tree.function)
    if arity is None:
        raise MathError(f"Unsupported function or operator {tree.function.upper()}")
    if len(tree.operands) not in arity:
        raise MathError(f"Wrong number of operands for {tree.function.upper()}")
    for operand in tree.operands:
        _known_functions(operand)


def _truth(compare: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: float(compare(left, right))


_AGGREGATES: Mapping[str, Callable[[list[float]], float]] = {
    "sum": math.fsum, "max": max, "min": min, "avg": lambda values: math.fsum(values) / len(values),
}  # fmt: skip
_FUNCTIONS: Mapping[str, Callable[..., float | None]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": math.pow,
    "==": _truth(operator.eq), "!=": _truth(operator.ne), "<": _truth(operator.lt), ">": _truth(operator.gt),
    "<=": _truth(operator.le), ">=": _truth(operator.ge),
    "and": lambda left, right: float(bool(left) and bool(right)),
    "or": lambda left, right: float(bool(left) or bool(right)),
    "negative": operator.neg, "abs": abs, "ceil": math.ceil, "floor": math.floor,
    "if": lambda condition, then, otherwise=None: then if condition else otherwise,
}  # fmt: skip
_ARITY: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(_FUNCTIONS, (2,)),
    **dict.fromkeys(("negative", "abs", "ceil", "floor", *_AGGREGATES), (1,)),
    "if": (2, 3),
    "fill": (2,),
    "metrics": (0, 1),
}

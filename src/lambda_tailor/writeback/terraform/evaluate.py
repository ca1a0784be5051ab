"""Expressions evaluated to values that know their places.

https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lambda_tailor.writeback.terraform import syntax as s
from lambda_tailor.writeback.terraform.functions import call
from lambda_tailor.writeback.terraform.values import (
    Data,
    Hole,
    Site,
    Special,
    Spot,
    Value,
    as_number,
    as_text,
    error,
    taken,
    unknown,
)

# What a name at the root of a traversal stands for; None where it is not known to that scope.
Lookup = Callable[[str, tuple[str, ...]], Value | None]
Overlay = Mapping[Site, Value]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates within a scope. ``overlay`` puts other values at some places, to see what would follow."""

    lookup: Lookup
    overlay: Overlay
    bound: Mapping[str, Value] = field(default_factory=dict)

    def __call__(self, expression: s.Expr) -> Value:
        spot = Spot(expression.file, expression.start, expression.end)
        if spot in self.overlay:
            return self.overlay[spot]
        return self._evaluate(expression, spot)

    def _evaluate(self, e: s.Expr, spot: Spot) -> Value:
        match e:
            case s.Literal():
                return Value(e.value, spot, frozenset({spot}))
            case s.Template():
                return self._template(e)
            case s.Items():
                return Value(tuple(map(self, e.items)), spot, frozenset({spot}), (spot,))
            case s.Pairs():
                return self._object(e, spot)
            case s.Name() | s.Attribute():
                return self._traversal(e)
            case s.Index():
                key = self(e.key)
                return taken(self(e.base), key.data).resting(key.deps)
            case s.Splat():
                return self._splat(e)
            case s.FunctionCall():
                return self._call(e)
            case s.Conditional():
                return self._conditional(e)
            case s.For():
                return self._for(e)
            case s.Operation():
                return self._operation(e)
            case s.Opaque():
                return unknown(frozenset[Site]().union(*(self(part).everything() for part in e.parts)))
        return unknown()

    def _template(self, e: s.Template) -> Value:
        values = [Value(part) if isinstance(part, str) else self(part) for part in e.parts]
        if len(values) == 1 and not isinstance(e.parts[0], str):
            return values[0]
        rests = frozenset[Site]().union(*(value.everything() for value in values))
        texts = [as_text(value.data) for value in values]
        if any(value.data is Special.ERROR for value in values):
            return error(rests)
        if any(text is None for text in texts):
            return unknown(rests)
        own = Spot(e.file, e.start, e.end)
        return Value("".join(text or "" for text in texts), None, rests | {own})

    def _object(self, e: s.Pairs, spot: Spot) -> Value:
        members: dict[str, Value] = {}
        rests: frozenset[Site] = frozenset()
        for key_expression, value_expression in e.pairs:
            key = self(key_expression)
            name = as_text(key.data)
            if name is None:
                return unknown(rests | key.deps)
            if not isinstance(key_expression, s.Literal):
                rests |= key.deps
            members[name] = self(value_expression)
        for site, value in self.overlay.items():
            if isinstance(site, Hole) and site.file == e.file and site.start == e.start:
                members[site.key] = value
        return Value(members, spot, rests, places=(spot,))

    def _traversal(self, e: s.Expr) -> Value:
        """``a.b.c``: the scope takes as many names as it knows what to do with."""
        names: list[str] = []
        base: s.Expr = e
        while isinstance(base, s.Attribute):
            names.append(base.name)
            base = base.base
        names.reverse()
        if not isinstance(base, s.Name):
            value = self(base)
            for name in names:
                value = self._attribute(value, name)
            return value
        if base.name in self.bound:
            value = self.bound[base.name]
            for name in names:
                value = self._attribute(value, name)
            return value
        found = self.lookup(base.name, tuple(names))
        return unknown() if found is None else found

    def _attribute(self, value: Value, name: str) -> Value:
        return taken(value, name)

    def _splat(self, e: s.Splat) -> Value:
        base = self(e.base)
        if isinstance(base.data, Special):
            return Value(base.data, deps=base.everything())
        if base.data is None:
            return Value((), deps=base.deps)
        items = list(base.data) if isinstance(base.data, tuple) else [base]
        for name in e.names:
            items = [taken(item, name) for item in items]
        return Value(tuple(items), deps=base.deps)

    def _call(self, e: s.FunctionCall) -> Value:
        match e:
            case s.FunctionCall(
                name="yamldecode" | "jsondecode", arguments=(s.FunctionCall(name="file", arguments=(name,)),)
            ):
                path = self(name)
                return self.lookup("#file", (str(path.data),)) or unknown(path.everything())
        arguments = [self(argument) for argument in e.arguments]
        if e.expands and arguments:
            last = arguments.pop()
            if not isinstance(last.data, tuple):
                return unknown(last.everything())
            arguments += [item.resting(last.deps) for item in last.data]
        return call(e.name, arguments)

    def _conditional(self, e: s.Conditional) -> Value:
        condition = self(e.condition)
        if isinstance(condition.data, bool):
            return self(e.yes if condition.data else e.no).resting(condition.everything())
        both = self(e.yes).everything() | self(e.no).everything()
        return unknown(both | condition.everything())

    def _for(self, e: s.For) -> Value:
        collection = self(e.collection)
        if isinstance(collection.data, dict):
            pairs = [(Value(key), collection.data[key]) for key in sorted(collection.data)]
        elif isinstance(collection.data, tuple):
            pairs = [(Value(number), item) for number, item in enumerate(collection.data)]
        else:
            return unknown(collection.everything())
        rests = collection.deps
        members: dict[str, Value] = {}
        items: list[Value] = []
        for key, item in pairs:
            inner = self._with(e.names, key, item)
            if e.condition is not None:
                test = inner(e.condition)
                rests |= test.everything()
                if not isinstance(test.data, bool):
                    return unknown(rests | collection.everything())
                if not test.data:
                    continue
            value = inner(e.value)
            if e.key is None:
                items.append(value)
                continue
            name = inner(e.key)
            text = as_text(name.data)
            if text is None or e.grouped:
                return unknown(rests | collection.everything() | name.deps)
            members[text] = value
        return Value(tuple(items) if e.key is None else members, deps=rests)

    def _with(self, names: tuple[str, ...], key: Value, item: Value) -> Evaluator:
        bound = {names[-1]: item} if len(names) == 1 else {names[0]: key, names[1]: item}
        return replace(self, bound={**self.bound, **bound})

    def binding(self, name: str, value: Value) -> Evaluator:
        """The same scope, in which one more name is known."""
        return replace(self, bound={**self.bound, name: value})

    def _operation(self, e: s.Operation) -> Value:
        right = self(e.right)
        left = self(e.left) if e.left is not None else None
        rests = right.everything() | (left.everything() if left is not None else frozenset())
        if left is not None and e.operator in ("==", "!=") and left.known and right.known:
            return Value((left.plain() == right.plain()) == (e.operator == "=="), deps=rests)
        if left is not None and e.operator in ("==", "!="):
            return unknown(rests)
        try:
            return Value(_computed(e.operator, left.data if left is not None else None, right.data), deps=rests)
        except (TypeError, ValueError, ArithmeticError):
            return unknown(rests)


def _computed(operator: str, left: Data, right: Data) -> Data:
    if operator in ("&&", "||", "!"):
        if operator == "!" and isinstance(right, bool):
            return not right
        if isinstance(left, bool) and isinstance(right, bool):
            return (left and right) if operator == "&&" else (left or right)
        raise TypeError(operator)
    one, other = as_number(left) if left is not None else 0, as_number(right)
    if one is None or other is None:
        raise TypeError(operator)
    match operator:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            whole = one / other
            return int(whole) if whole == int(whole) else whole
        case "%":
            return one % other
        case "<":
            return one < other
        case ">":
            return one > other
        case "<=":
            return one <= other
        case ">=":
            return one >= other
    raise ValueError(operator)

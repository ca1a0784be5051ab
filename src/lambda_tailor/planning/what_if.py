"""What a rule would say with another option: rules are pure, so they are simply asked again. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Proposed, Verdict
from lambda_tailor.rules.rule import AnyRule, ConcurrencyPool, Options

# Where a bound is open, so many times the present value is far enough to see what lies that way.
_FAR = 1000
_STEPS = 24
_FLOAT_GRAIN = 0.1
# Whether a rule is asked and what it goes by are the policy's first words, not adjustments.
_NOT_TRIED = frozenset({"enabled", "from_evidence"})


@dataclass(frozen=True, slots=True)
class Case:
    """One rule before one function: what it is asked with."""

    rule: AnyRule
    function: Function
    evidence: Evidence
    pool: ConcurrencyPool | None

    def ask(self, options: Options) -> Sequence[Verdict]:
        """The rule's verdicts, its share of the pool settled for this function alone."""
        judged = [(self.function, self.rule.judge(self.function, self.evidence, options))]
        return [verdict for _, verdicts in self.rule.settle(judged, self.pool) for verdict in verdicts]

    def knows(self, options: Options) -> bool:
        """Whether all was looked up that the rule wants to see under these options."""
        wanted = [*self.rule.lookups(self.function, options)]
        wanted += self.rule.more_lookups(self.function, self.evidence, options)
        return all(lookup in self.function.resources for lookup in wanted)


@dataclass(frozen=True, slots=True)
class Lever:
    """An option that at ``value`` instead of ``now`` would make the rule say ``then``, or nothing any more."""

    option: str
    now: JsonValue
    value: JsonValue
    then: Verdict | None


def levers(case: Case, options: Options) -> tuple[Lever, ...]:
    """The options that decide: those that move a proposal, with an example value; then those that turn a verdict.

    To turn is to make the rule say something of another kind; the value is the nearest one that does.
    """
    moving = tuple(_moving(case, options))
    told = {lever.option for lever in moving}
    return (*moving, *(lever for lever in _turning(case, options) if lever.option not in told))


def _turning(case: Case, options: Options) -> Iterator[Lever]:
    kinds = _kinds(case.ask(options))
    for name, field in _fields(case.rule):
        now = getattr(options, name)
        if isinstance(now, bool) or "enum" in field or now is None:
            found = [value for value in _others(field, now) if _differs(case, options, name, value, kinds)]
            if found:
                yield _lever(case, options, name, found[0])
        elif isinstance(now, int | float):
            for way in ("down", "up"):
                if (edge := _edge(case, options, name, field, way, kinds)) is not None:
                    yield _lever(case, options, name, edge)


def _moving(case: Case, options: Options) -> Iterator[Lever]:
    """Double or half of an option, where that moves what is proposed. A target moves it by itself: no news."""
    proposed = {v.setting: v for v in case.ask(options) if isinstance(v, Proposed)}
    for name, field in _fields(case.rule):
        now = getattr(options, name)
        if isinstance(now, bool) or not isinstance(now, int | float):
            continue
        for factor in (2, 0.5):
            value = _within(field, now * factor, whole=_whole(field))
            told = _asked(case, options, name, value)
            moved = next((v for v in told or () if _moved(v, proposed, now)), None)
            if moved is not None:
                yield Lever(name, now, value, moved)
                break


def _moved(verdict: Verdict, proposed: Mapping[str, Proposed], now: JsonValue) -> bool:
    if not isinstance(verdict, Proposed) or verdict.setting not in proposed:
        return False
    before = proposed[verdict.setting]
    return before.after not in (verdict.after, now)


def _kinds(verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    return [(verdict.setting, type(verdict).__name__) for verdict in verdicts]


def _asked(case: Case, options: Options, name: str, value: Any) -> Sequence[Verdict] | None:
    """What the rule says then; None where the option does not take the value or not all is known for an answer."""
    try:
        altered = type(options).model_validate({**options.model_dump(), name: value})
    except ValidationError:
        return None
    return case.ask(altered) if case.knows(altered) else None


def _differs(case: Case, options: Options, name: str, value: Any, kinds: list[tuple[str, str]]) -> bool:
    told = _asked(case, options, name, value)
    return told is not None and _kinds(told) != kinds


def _lever(case: Case, options: Options, name: str, value: Any) -> Lever:
    told = _asked(case, options, name, value) or ()
    before = dict(_kinds(case.ask(options)))
    then = next((v for v in told if before.get(v.setting) != type(v).__name__), None)
    return Lever(name, getattr(options, name), value, then)


def _edge(
    case: Case, options: Options, name: str, field: Mapping[str, Any], way: Literal["down", "up"], kinds: Any
) -> int | float | None:
    """The value nearest to the present one, in that direction, at which the rule says something of another kind."""
    now = getattr(options, name)
    whole = _whole(field)
    near = now
    for far in _ladder(field, now, way, whole=whole):
        if _differs(case, options, name, far, kinds):
            return _bisect(near, far, lambda value: _differs(case, options, name, value, kinds), whole=whole)
        near = far
    return None


def _ladder(field: Mapping[str, Any], now: float, way: str, *, whole: bool) -> list[float]:
    factors = (0.9, 0.75, 0.5, 0.25, 0.1, 0) if way == "down" else (1.1, 1.25, 1.5, 2, 4, 10, _FAR)
    rungs = [_within(field, now * factor if now else (factor if way == "up" else 0), whole=whole) for factor in factors]
    return [rung for rung in dict.fromkeys(rungs) if (rung < now if way == "down" else rung > now)]


def _bisect(near: float, far: float, differs: Callable[[float], bool], *, whole: bool) -> float:
    grain = 1 if whole else _FLOAT_GRAIN
    for _ in range(_STEPS):
        if abs(far - near) <= grain:
            break
        middle = round((near + far) / 2) if whole else round((near + far) / 2, 1)
        near, far = (near, middle) if differs(middle) else (middle, far)
    return far


def _within(field: Mapping[str, Any], value: float, *, whole: bool) -> float:
    """The value, pulled into the option's bounds and onto its steps."""
    low = field.get("minimum", field.get("exclusiveMinimum", value))
    high = field.get("maximum", field.get("exclusiveMaximum", value))
    value = min(max(value, low), high)
    step = field.get("multipleOf", 1)
    return round(value / step) * step if whole else round(value, 1)


def _whole(field: Mapping[str, Any]) -> bool:
    return field.get("type") == "integer"


def _fields(rule: AnyRule) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every option that is tried, with what its JSON Schema says when it is not null."""
    for name, field in rule.options.model_json_schema().get("properties", {}).items():
        if name not in _NOT_TRIED:
            inner: Mapping[str, Any] = next((kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"), {})
            yield name, {**inner, **field}


def _others(field: Mapping[str, Any], now: Any) -> list[Any]:
    """The other values of a switch or choice, near ones first; any text where one may be left open and is."""
    if isinstance(now, bool):
        return [not now]
    if "enum" not in field:
        return ["…"] if field.get("type") == "string" else []
    others = [value for value in field["enum"] if value not in (now, None)]
    return sorted(others, key=lambda value: abs(value - now)) if isinstance(now, int) else others

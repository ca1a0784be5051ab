"""What the user wants: a preset or a policy file, assembled from the rules' own options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from typing import Any

from pydantic import (
    JsonValue,
    PrivateAttr,
)

from lambda_tailor.model.function import Function
from lambda_tailor.policy.document import (
    LEAST_MONTHLY_USD,
    MOST_ADDED_PERCENT,
    Assumptions,
    Caps,
    Match,
    WriteBackOptions,
    _Strict,
)
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule, Options


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was said: in a preset, or in a line of a policy file, the first being 1."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"


RuleValues = Mapping[str, Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class Layer:
    """Rule options that were said together: by a preset, by a file's ``rules:``, or by an override.

    ``lines`` has a line for each rule and for each ``RULE.OPTION``; ``match`` is an override's.
    """

    source: str
    rules: RuleValues
    lines: Mapping[str, int] = field(default_factory=dict)
    origin: Origin = Origin("")
    match: Match | None = None

    def where(self, rule: str, option: str) -> Origin:
        """Where an option was said; naming the rule is what says ``enabled``."""
        return Origin(self.source, self.lines.get(f"{rule}.{option}", self.lines.get(rule)))


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Functions that are left alone, and where that was said."""

    match: Match
    origin: Origin


@dataclass(frozen=True, slots=True)
class Said:
    """One option of a rule as it holds for a function. ``origin`` is None for a rule's own default.

    ``override`` is the condition of the override that said it.
    """

    option: str
    value: JsonValue
    origin: Origin | None = None
    override: Match | None = None


class Policy(_Strict):
    """A policy with its preset worked in. Of ``layers`` and of ``overrides``, later ones win.

    ``remarks`` are sentences for the plan, such as what decided on the preset; ``of_stack`` is one for a function that
    is named as the reference stack's are.
    ``today`` is the day in UTC by which exceptions end; ``asked`` names the only rules that count, None being all.
    """

    name: str
    layers: tuple[Layer, ...]
    overrides: tuple[Layer, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    caps: Caps = Caps()
    min_monthly_usd: Decimal = LEAST_MONTHLY_USD
    max_added_percent: float = MOST_ADDED_PERCENT
    remarks: tuple[str, ...] = ()
    of_stack: str = ""
    assumptions: Assumptions = Assumptions()
    write_back: WriteBackOptions = WriteBackOptions()
    today: date
    asked: frozenset[str] | None = None
    _resolved: dict[tuple[int, ...], Mapping[str, Options]] = PrivateAttr(default_factory=dict)

    def options_for(self, function: Function) -> Mapping[str, Options]:
        """The options of every enabled rule for this function, in the rules' order."""
        held = tuple(n for n, layer in enumerate(self.overrides) if self._holds(layer.match, function))
        if held not in self._resolved:
            self._resolved[held] = _resolve([*self.layers, *(self.overrides[n] for n in held)])
        return self._resolved[held]

    def possible_options(self, may_hold: Callable[[Match], bool]) -> Iterator[Mapping[str, Options]]:
        """What ``options_for`` may give, where of a function is only known which overrides may hold.

        Overrides are taken alone, by pairs, and all together.
        """
        may = [n for n, layer in enumerate(self.overrides) if layer.match is None or may_hold(layer.match)]
        for held in dict.fromkeys([*(c for n in range(3) for c in combinations(may, n)), tuple(may)]):
            yield _resolve([*self.layers, *(self.overrides[n] for n in held)])

    def _holds(self, match: Match | None, function: Function) -> bool:
        return match is None or (match.means(function) and not match.over(self.today))

    def said_for(self, function: Function, rule: AnyRule) -> tuple[Said, ...]:
        """Every option of a rule as it holds for this function, and where that comes from."""
        said = {name: Said(name, value) for name, value in rule.options().model_dump(mode="json").items()}
        for layer in (*self.layers, *(o for o in self.overrides if self._holds(o.match, function))):
            if rule.id in layer.rules:
                for name, value in {"enabled": True, **layer.rules[rule.id]}.items():
                    said[name] = Said(name, value, layer.where(rule.id, name), layer.match)
        return tuple(said.values())

    @cached_property
    def asks_tags(self) -> bool:
        """Whether tags decide what holds for a function."""
        matches = [*(each.match for each in self.exclude), *(layer.match for layer in self.overrides)]
        return any(match.tags for match in matches if match is not None)

    def excluded(self, function: Function) -> Match | None:
        """The exclusion that holds for this function."""
        found = self.exclusion(function)
        return found.match if found else None

    def exclusion(self, function: Function) -> Exclusion | None:
        """The same with where it was said."""
        return next((each for each in self.exclude if self._holds(each.match, function)), None)

    def exceptions(self, function: Function) -> tuple[Layer, ...]:
        """The overrides that say why they are made for this function, ended ones too."""
        return tuple(o for o in self.overrides if o.match and o.match.because and o.match.means(function))

    def ended_exclusions(self, function: Function) -> tuple[Exclusion, ...]:
        """The exclusions that were made for this function and are past their last day."""
        return tuple(e for e in self.exclude if e.match.over(self.today) and e.match.means(function))

    @property
    def ended(self) -> tuple[tuple[Match, Origin], ...]:
        """Every exception and exclusion that is past its last day, and where it was said."""
        said = [(layer.match, layer.origin) for layer in self.overrides] + [(e.match, e.origin) for e in self.exclude]
        return tuple((match, origin) for match, origin in said if match is not None and match.over(self.today))

    def only(self, rules: frozenset[str]) -> Policy:
        """The same policy with no other rules than these; one that no layer enables is asked with its defaults.

        What a policy says of a rule holds, also that it is not enabled for some functions; but where it is enabled
        for none, naming it enables it.
        """

        def kept(layer: Layer) -> Layer:
            return replace(layer, rules={rule: options for rule, options in layer.rules.items() if rule in rules})

        overrides = tuple(layer for layer in map(kept, self.overrides) if layer.rules)
        layers = tuple(map(kept, self.layers))
        somewhere = {rule for layer in overrides for rule in layer.rules}
        off = sorted(rules - _resolve(layers).keys() - somewhere)
        if off:
            layers = (*layers, Layer(source="--rules", rules={rule: {"enabled": True} for rule in off}))
        return self.model_copy(update={"layers": layers, "overrides": overrides, "asked": rules, "_resolved": {}})

    def on_top(self, source: str, rules: RuleValues) -> Policy:
        """The same policy with these options said last, of rules that it names already."""
        named = {rule: options for rule, options in rules.items() if rule in self.written}
        layer = Layer(source, named, origin=Origin(source))
        return self.model_copy(update={"layers": (*self.layers, layer), "_resolved": {}}) if named else self

    def on(self, day: date) -> Policy:
        """The same policy on another day."""
        return self.model_copy(update={"today": day, "_resolved": {}})

    @property
    def written(self) -> RuleValues:
        """What is said of each rule apart from overrides: no defaults."""
        merged: dict[str, dict[str, JsonValue]] = {}
        for layer in self.layers:
            for rule, options in layer.rules.items():
                merged[rule] = {**merged.get(rule, {}), "enabled": True, **options}
        return merged

    @property
    def enabled(self) -> tuple[str, ...]:
        """The rules that are asked of a function for which no override holds."""
        return tuple(_resolve(self.layers))

    @cached_property
    def assumed(self) -> Mapping[str, JsonValue]:
        """The assumptions as a plan states them."""
        return self.assumptions.model_dump(mode="json")


def _resolve(layers: Sequence[Layer]) -> Mapping[str, Options]:
    resolved: dict[str, Options] = {}
    for rule in all_rules().values():
        merged: dict[str, Any] = {}
        for layer in layers:
            if rule.id in layer.rules:
                merged |= {"enabled": True, **layer.rules[rule.id]}
        if not merged:
            continue
        options: Options = rule.options.model_validate(merged)
        if options.enabled:
            resolved[rule.id] = options
    return resolved

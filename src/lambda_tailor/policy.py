"""What the user wants: a preset or a policy file, assembled from the rules' own options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import combinations
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, create_model

from lambda_tailor.model.function import Function
from lambda_tailor.rule import Options
from lambda_tailor.rules import all_rules

PRESETS = ("reference", "right-size")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """Which functions are meant: every condition given has to hold."""

    name: str | None = Field(default=None, description="A name pattern with * and ?.")
    tags: Mapping[str, str] = Field(default_factory=dict, description="Tags with their values; * and ? match.")
    until: date | None = Field(default=None, description="The last day on which this holds (YYYY-MM-DD).")
    because: str | None = Field(default=None, description="Why; shown beside what it causes.")

    def holds(self, function: Function, today: date) -> bool:
        """Whether the function is meant, today."""
        if self.until is not None and today > self.until:
            return False
        if self.name is not None and not fnmatchcase(function.name, self.name):
            return False
        return all(fnmatchcase(function.tags.get(key, "\0"), value) for key, value in self.tags.items())


class Caps(_Strict):
    """How much one run may touch; a larger plan is refused before the first write."""

    max_functions: int | None = Field(default=None, ge=1, description="Functions changed, at most.")
    max_percent: float | None = Field(default=None, gt=0, le=100, description="Share of the functions seen, at most.")


class Assumptions(_Strict):
    """What stands in for load that nobody measured."""

    invocations_per_month: int = Field(default=1_000_000, ge=0, description="Invocations of each function a month.")
    duration_ms: int = Field(default=5_000, ge=1, description="Duration of an invocation in ms.")
    free_tier: bool = Field(default=False, description="Whether the account's monthly free tier is still to be had.")


def _rules_model(name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        rule.id.replace("-", "_"): (rule.options | None, Field(default=None, alias=rule.id, description=rule.why))
        for rule in all_rules().values()
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True, populate_by_name=True), **fields)


RuleOptions = _rules_model("RuleOptions")


class Override(Match):
    """Other options for some functions."""

    rules: RuleOptions = Field(description="Only the keys that differ.")  # type: ignore[valid-type]


class PolicyDocument(_Strict):
    """A policy file, as its JSON Schema describes it."""

    preset: str | None = Field(default=None, description=f"What it starts from: {', '.join(PRESETS)}.")
    rules: RuleOptions = Field(default_factory=RuleOptions, description="Options by rule; naming a rule enables it.")  # type: ignore[valid-type]
    overrides: tuple[Override, ...] = Field(default=(), description="Later ones win.")
    exclude: tuple[Match, ...] = Field(default=(), description="Functions that are left alone.")
    caps: Caps = Field(default_factory=Caps)
    assumptions: Assumptions = Field(default_factory=Assumptions)


Layer = Mapping[str, Mapping[str, JsonValue]]


class Policy(_Strict):
    """A policy with its preset worked in. ``layers`` are rule options, of which later ones win."""

    name: str
    rules: Layer
    overrides: tuple[tuple[Match, Layer], ...] = ()
    exclude: tuple[Match, ...] = ()
    caps: Caps = Caps()
    assumptions: Assumptions = Assumptions()
    today: date
    _resolved: dict[tuple[int, ...], Mapping[str, Options]] = PrivateAttr(default_factory=dict)

    def options_for(self, function: Function) -> Mapping[str, Options]:
        """The options of every enabled rule for this function, in the rules' order."""
        held = tuple(i for i, (match, _) in enumerate(self.overrides) if match.holds(function, self.today))
        if held not in self._resolved:
            self._resolved[held] = self._resolve(held)
        return self._resolved[held]

    def possible_options(self, may_hold: Callable[[Match], bool]) -> Iterator[Mapping[str, Options]]:
        """What ``options_for`` may give, where of a function is only known which overrides may hold.

        Overrides are taken alone, by pairs, and all together.
        """
        may = [i for i, (match, _) in enumerate(self.overrides) if may_hold(match)]
        for held in dict.fromkeys([*(c for n in range(3) for c in combinations(may, n)), tuple(may)]):
            yield self._resolve(held)

    def _resolve(self, held: tuple[int, ...]) -> Mapping[str, Options]:
        layers = [self.rules, *(self.overrides[i][1] for i in held)]
        resolved: dict[str, Options] = {}
        for rule in all_rules().values():
            merged: dict[str, Any] = {}
            for layer in layers:
                if rule.id in layer:
                    merged |= {"enabled": True, **layer[rule.id]}
            options: Options = rule.options.model_validate(merged)
            if options.enabled:
                resolved[rule.id] = options
        return resolved

    @cached_property
    def asks_tags(self) -> bool:
        """Whether tags decide what holds for a function."""
        return any(match.tags for match in (*self.exclude, *(match for match, _ in self.overrides)))

    def excluded(self, function: Function) -> Match | None:
        """The exclusion that holds for this function."""
        return next((match for match in self.exclude if match.holds(function, self.today)), None)

    def only(self, rules: frozenset[str]) -> Policy:
        """The same policy with no other rules than these."""
        kept = {rule: options for rule, options in self.rules.items() if rule in rules}
        overrides = tuple((m, {r: o for r, o in layer.items() if r in rules}) for m, layer in self.overrides)
        return self.model_copy(update={"rules": kept, "overrides": overrides, "_resolved": {}})

    @cached_property
    def assumed(self) -> Mapping[str, JsonValue]:
        """The assumptions as a plan states them."""
        return self.assumptions.model_dump(mode="json")

"""What a policy file may say: its document as a model, and the schema that editors take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    create_model,
    field_validator,
    model_validator,
)

from lambda_tailor.model.function import Function
from lambda_tailor.rules import all_rules

PRESETS = ("reference", "right-size", "operate")


LEAST_MONTHLY_USD = Decimal("0.50")


MOST_ADDED_PERCENT = 20.0


_ONE_PRESET = "|".join(PRESETS)


def presets_in(names: str) -> tuple[str, ...]:
    """The presets that are named, with commas between them."""
    return tuple(dict.fromkeys(name.strip() for name in names.split(",")))


# Built when first used: each model is part of the document's, which would build all of them once more.
_STRICT = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Strict(BaseModel):
    model_config = _STRICT


class Match(_Strict):
    """Which functions are meant: every condition given has to hold, and one has to be given."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["name"]}, {"required": ["tags"]}],
            "dependentRequired": {"until": ["because"]},
        }
    )

    name: str | None = Field(default=None, description="A name pattern with * and ?.")
    tags: Mapping[str, str] = Field(default_factory=dict, description="Tags with their values; * and ? match.")
    until: date | None = Field(default=None, description="The last day, in UTC, on which this holds (YYYY-MM-DD).")
    because: str | None = Field(
        default=None, min_length=1, description="Why; shown beside what it causes, and required beside until."
    )

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if self.name is None and not self.tags:
            raise ValueError("name: or tags: has to say which functions are meant; name: '*' is all of them")
        if self.until is not None and self.because is None:
            raise ValueError("an exception with until: says why, in because:")
        return self

    def means(self, function: Function) -> bool:
        """Whether the function is meant, on any day."""
        if self.name is not None and not fnmatchcase(function.name, self.name):
            return False
        return all(fnmatchcase(function.tags.get(key, "\0"), value) for key, value in self.tags.items())

    def over(self, today: date) -> bool:
        """Whether its last day is past."""
        return self.until is not None and today > self.until

    def __str__(self) -> str:
        parts = [f"name {self.name}"] if self.name is not None else []
        return " and ".join([*parts, *(f"tag {key}={value}" for key, value in self.tags.items())])


class Caps(_Strict):
    """How much one run may touch; a larger plan is refused before the first write."""

    max_functions: int | None = Field(default=None, ge=1, description="Functions changed, at most.")
    max_percent: float | None = Field(default=None, gt=0, le=100, description="Share of the functions seen, at most.")


class Assumptions(_Strict):
    """What stands in for load that nobody measured."""

    invocations_per_month: int = Field(default=1_000_000, ge=0, description="Invocations of each function a month.")
    duration_ms: int = Field(default=5_000, ge=1, description="Duration of an invocation in ms.")
    free_tier: bool = Field(default=False, description="Whether the account's monthly free tier is still to be had.")


class WriteBackOptions(_Strict):
    """What ``write-back`` leaves alone."""

    ignore: tuple[str, ...] = Field(
        default=(), description="Settings, rules or FUNCTION:RULE, with * and ?, that the source is not to say."
    )


def _rules_model(name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        rule.id.replace("-", "_"): (rule.options | None, Field(default=None, alias=rule.id, description=rule.why))
        for rule in all_rules().values()
    }
    return create_model(name, __config__=_STRICT, **fields)


# Made at run time, out of the rules: mypy cannot take it for a type, and where it is one says so.
RuleOptions = _rules_model("RuleOptions")


class Override(Match):
    """Other options for some functions."""

    rules: RuleOptions = Field(description="Only the keys that differ.")  # type: ignore[valid-type]  # made at run time


class PolicyDocument(_Strict):
    """A policy file, as its JSON Schema describes it."""

    preset: str | None = Field(
        default=None,
        description=f"What it starts from: {', '.join(PRESETS)}, or several of them with commas.",
        json_schema_extra={"pattern": f"^({_ONE_PRESET})(,({_ONE_PRESET}))*$"},
    )
    rules: RuleOptions = Field(  # type: ignore[valid-type]  # made at run time
        default_factory=RuleOptions, description="Options by rule; naming a rule enables it."
    )
    overrides: tuple[Override, ...] = Field(default=(), description="Other options for some functions; later ones win.")
    exclude: tuple[Match, ...] = Field(default=(), description="Functions that are left alone.")
    caps: Caps = Field(default_factory=Caps, description="How much one run may touch.")
    min_monthly_usd: Decimal = Field(
        default=LEAST_MONTHLY_USD, ge=0, description="A derived change that only saves has to save so much a month."
    )
    max_added_percent: float = Field(
        default=MOST_ADDED_PERCENT,
        ge=0,
        description="A derived change may add this share of what its function costs a month, in per cent.",
    )
    assumptions: Assumptions = Field(default_factory=Assumptions, description="What stands in for unmeasured load.")
    write_back: WriteBackOptions = Field(
        default_factory=WriteBackOptions, description="What is written back into the source of functions."
    )

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str | None) -> str | None:
        for name in () if preset is None else presets_in(preset):
            if name not in PRESETS:
                raise ValueError(f"there is no preset {name!r}; there are: {', '.join(PRESETS)}")
        return preset


def policy_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, for editors."""
    found = PolicyDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "lambda-tailor policy"}

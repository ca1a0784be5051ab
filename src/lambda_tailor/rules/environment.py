"""Environment: variables whose values live in Secrets Manager or Parameter Store, merged into what is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field, JsonValue, field_validator

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import (
    ENVIRONMENT_LIMIT_BYTES,
    Found,
    Function,
    Lookup,
    Missing,
    Resource,
    Unreadable,
    environment_bytes,
    source_lookup,
)
from lambda_tailor.model.secret import PRESENT, Secret, reference
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_SOURCE = re.compile(r"(secretsmanager|ssm):[^\s#]+(#[^\s#]+)?")
_TITLES = {"secret": "secret", "secret-arn": "secret", "parameter": "parameter"}


class EnvironmentOptions(Options):
    """Which variables come from where."""

    variables: Mapping[str, str] = Field(
        default_factory=dict,
        description="Variable name to source: secretsmanager:NAME, secretsmanager:NAME#JSON_KEY or ssm:NAME; "
        "{suffix} is filled in.",
        json_schema_extra={
            "propertyNames": {"pattern": f"^(?!AWS_){_NAME.pattern}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{_SOURCE.pattern}$"},
        },
    )
    mode: Literal["value", "reference"] = Field(
        default="value", description="Set the secret's value, or only its ARN for the code to fetch."
    )
    overwrite: bool = Field(
        default=False, description="Replace a variable of that name that has another value (kept sealed for rollback)."
    )

    @field_validator("variables")
    @classmethod
    def _well_formed(cls, variables: Mapping[str, str]) -> Mapping[str, str]:
        for name, source in variables.items():
            if not _NAME.fullmatch(name) or name.startswith("AWS_"):
                raise ValueError(f"{name!r} is not a name that Lambda takes for a variable")
            if not _SOURCE.fullmatch(source):
                raise ValueError(f"{name} must come from secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME")
        return variables


def _source(function: Function, template: str, mode: str) -> str:
    source = function.expand(template)
    if mode == "reference" and source.startswith("secretsmanager:"):
        return "secret-arn:" + source.removeprefix("secretsmanager:").partition("#")[0]
    return source


def lookups(function: Function, options: EnvironmentOptions) -> Iterable[Lookup]:
    """Every source named."""
    return [source_lookup(_source(function, template, options.mode)) for template in options.variables.values()]


def judge(function: Function, _evidence: Evidence, options: EnvironmentOptions) -> Sequence[Verdict]:
    """One verdict for each variable; together they must stay within Lambda's 4 KB."""
    verdicts: list[Verdict] = []
    merged = dict(function.environment)
    for name, template in options.variables.items():
        source = _source(function, template, options.mode)
        lookup = source_lookup(source)
        verdict = _judge_one(function, name, source, function.resource(lookup.kind, lookup.name), options.overwrite)
        if isinstance(verdict, Proposed):
            larger = merged | {name: _value(function.resource(lookup.kind, lookup.name))}
            size = environment_bytes(larger)
            if size > ENVIRONMENT_LIMIT_BYTES:
                because = f"the environment would take {size} bytes, and Lambda takes {ENVIRONMENT_LIMIT_BYTES}"
                verdict = Blocked(verdict.setting, verdict.before, verdict.after, because)
            else:
                merged = larger
        verdicts.append(verdict)
    return verdicts


def _value(resource: Resource) -> Secret:
    if isinstance(resource, Found) and isinstance(value := resource.state.get("value"), Secret):
        return value
    return Secret("")


def _judge_one(function: Function, name: str, source: str, resource: Resource, overwrite: bool) -> Verdict:
    setting = f"environment.{name}"
    deployed = function.environment.get(name)
    before: JsonValue = None if deployed is None else "(set)"
    match resource:
        case Unreadable(because):
            return Blocked(setting, before, source, because)
        case Missing():
            lookup = source_lookup(source)
            return Blocked(setting, before, source, f"there is no {_TITLES[lookup.kind]} {lookup.name}")
        case Found():
            if deployed is not None and deployed == _value(resource):
                return Kept(setting, source, "it has the value of its source")
    stand_in: JsonValue = None if deployed is None else {PRESENT: "value"}
    key = Key("function-configuration", function.name)
    step = Transition(key, setting, stand_in, reference(source))
    if deployed is None:
        return Proposed(setting, before, source, f"read from {source}", (step,), Risk.LOW)
    differs = "it has another value than its source"
    if not overwrite:
        return Blocked(
            setting, before, source, f"{differs}: the user's value is kept (overwrite: true replaces it)", (step,)
        )
    return Proposed(setting, before, source, f"{differs}; the old one is sealed for rollback", (step,), Risk.MEDIUM)


RULE = Rule(
    id="environment",
    title="Variables from where secrets live",
    why="A connection string that is typed into a function is nobody's to rotate.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
    options=EnvironmentOptions,
    judge=judge,
    writes=always("function-configuration"),
    lookups=lookups,
    order=50,
)

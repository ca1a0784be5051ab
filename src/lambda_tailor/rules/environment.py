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
_TITLES = {"secret": "secret", "secret-arn": "secret", "parameter": "parameter", "parameter-arn": "parameter"}
# What the code needs to fetch what a reference names.
_READ = {"secret-arn": "secretsmanager:GetSecretValue", "parameter-arn": "ssm:GetParameter"}
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip


class EnvironmentOptions(Options):
    """Which variables come from where."""

    variables: Mapping[str, str] = Field(
        default_factory=dict,
        description="Variable name to source: secretsmanager:NAME, secretsmanager:NAME#JSON_KEY or ssm:NAME; "
        "{suffix} is filled in.",
        json_schema_extra={
            "propertyNames": {"pattern": f"^(?!({'|'.join(sorted(RESERVED))})$){_NAME.pattern}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{_SOURCE.pattern}$"},
        },
    )
    mode: Literal["value", "reference"] = Field(
        default="reference",
        description="Set only the secret's or parameter's ARN, for the code to fetch; or its value, which is a copy.",
    )
    overwrite: bool = Field(
        default=False, description="Replace a variable of that name that has another value (kept sealed for rollback)."
    )

    @field_validator("variables")
    @classmethod
    def _well_formed(cls, variables: Mapping[str, str]) -> Mapping[str, str]:
        for name, source in variables.items():
            if not _NAME.fullmatch(name) or name in RESERVED:
                raise ValueError(f"{name!r} is not a name that Lambda takes for a variable")
            if not _SOURCE.fullmatch(source):
                raise ValueError(f"{name} must come from secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME")
        return variables


def _source(function: Function, template: str, mode: str) -> str:
    source = function.expand(template)
    if mode == "reference" and source.startswith("secretsmanager:"):
        return "secret-arn:" + source.removeprefix("secretsmanager:").partition("#")[0]
    if mode == "reference":
        return "parameter-arn:" + source.removeprefix("ssm:")
    return source


def lookups(function: Function, options: EnvironmentOptions) -> Iterable[Lookup]:
    """Every source named."""
    return [source_lookup(_source(function, template, options.mode)) for template in options.variables.values()]


def more_lookups(function: Function, _evidence: Evidence, options: EnvironmentOptions) -> Iterable[Lookup]:
    """Whether the function's role may read what is only referred to."""
    if options.mode == "value":
        return ()
    sources = (source_lookup(_source(function, template, options.mode)) for template in options.variables.values())
    return [permission for source in sources for permission in _permissions(function, source)]


def _permissions(function: Function, source: Lookup) -> Iterable[Lookup]:
    """What the role has to be allowed; on anything, where it is not known what the source is."""
    action = _READ.get(source.kind)
    resource = function.resource(source.kind, source.name)
    if action is None or isinstance(resource, Missing):
        return
    state = resource.state if isinstance(resource, Found) else {}
    yield Lookup("role-may", f"{function.role_arn} {action} {state.get('arn') or '*'}")
    key = state.get("kms_key")
    if isinstance(key, str) and not key.startswith("alias/"):
        arn = key if key.startswith("arn:") else _key_arn(function, key)
        yield Lookup("role-may", f"{function.role_arn} kms:Decrypt {arn}")


def _key_arn(function: Function, key: str) -> str:
    return f"arn:{function.partition}:kms:{function.region}:{function.account_id}:key/{key}"


def judge(function: Function, _evidence: Evidence, options: EnvironmentOptions) -> Sequence[Verdict]:
    """One verdict for each variable; together they must stay within Lambda's 4 KB."""
    if function.environment_error is not None:
        because = f"its present variables cannot be read, so none may be added: {function.environment_error}"
        return [Blocked(f"environment.{name}", None, source, because) for name, source in options.variables.items()]
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
    lookup = source_lookup(source)
    match resource:
        case Unreadable(because):
            return Blocked(setting, before, source, because)
        case Missing():
            return Blocked(setting, before, source, f"there is no {_TITLES[lookup.kind]} {lookup.name}")
        case Found():
            if deployed is not None and deployed == _value(resource):
                return Kept(setting, source, "it has the value of its source")
    stand_in: JsonValue = None if deployed is None else {PRESENT: "value"}
    key = Key("function-configuration", function.name)
    step = Transition(key, setting, stand_in, reference(source))
    if (denied := _unreadable_by_role(function, lookup)) is not None:
        return Blocked(setting, before, source, denied, (step,))
    if deployed is None:
        reason = f"refers to {source}, which the code has to fetch"
        if lookup.kind not in _READ:
            reason = f"read from {source}; it is a copy, which goes stale at the next rotation"
        return Proposed(setting, before, source, reason, (step,), Risk.LOW)
    differs = "it has another value than its source"
    if not overwrite:
        because = f"{differs}: the user's value is kept (overwrite: true replaces it)"
        return Blocked(setting, before, source, because, (step,), code="other-value")
    return Proposed(setting, before, source, f"{differs}; the old one is sealed for rollback", (step,), Risk.MEDIUM)


def _unreadable_by_role(function: Function, source: Lookup) -> str | None:
    """Why the code could not fetch what the variable would refer to."""
    for permission in _permissions(function, source):
        _, action, resource = permission.name.split(" ", 2)
        match function.resource(permission.kind, permission.name):
            case Found(state) if state["allowed"]:
                continue
            case Found():
                return f"its role may not {action} on {resource}, so that its code could not fetch it"
            case Missing():
                return f"its role {function.role_arn} does not exist"
            case Unreadable(because):
                return f"whether its role may {action} is not known: {because}"
    return None


RULE = Rule(
    id="environment",
    title="Variables from where secrets live",
    why="A connection string that is typed into a function is nobody's to rotate.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
    options=EnvironmentOptions,
    judge=judge,
    writes=always("function-configuration"),
    lookups=lookups,
    more_lookups=more_lookups,
    surprise="Lambda measures all variables together as JSON text: quotes and escaped characters count towards the "
    "4 KB. A value that is copied into a variable is not rotated with its secret, and everybody who may read the "
    "configuration sees it.",
    order=50,
)

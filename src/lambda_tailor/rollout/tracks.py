"""Which way each function of a plan is rolled out, and what that takes: read before anything is written.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.documents import plan_hash
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.plan import Change, Operation, Plan, PlannedFunction
from lambda_tailor.model.rollout import GuardOptions
from lambda_tailor.planning.summing import roles_needed, summarize
from lambda_tailor.rollout import reading, samples
from lambda_tailor.rollout.judge import Comparison
from lambda_tailor.rollout.state import AliasState, State
from lambda_tailor.settings import function_code, function_configuration, provisioned_concurrency
from lambda_tailor.settings.setting import Call, ResourceAddress

# What a version carries; every other setting is the whole function's, or not its own.
VERSIONED = frozenset({function_configuration.KIND, function_code.KIND})
_DAYS = 14


@dataclass(frozen=True, slots=True)
class Blocked:
    """The function is not rolled out, because …"""

    because: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Nothing that a version carries changes: there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """The function takes this way; ``notes`` is what the reader has to know of it."""

    state: State
    takes: str
    notes: tuple[str, ...]


Way = Guarded | Plain | Blocked


@dataclass(frozen=True, slots=True)
class _Alias:
    name: str
    version: str
    weights: Mapping[str, float]
    invocations: int = 0
    errors: int = 0
    per_hour: float = 0.0


def way_of(
    gateway: Gateway,
    function: PlannedFunction,
    operations: Sequence[Operation],
    options: GuardOptions,
    role_arn: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Way:
    """The way of one function, whose operations these are.

    Raises what Gateway.call raises.
    """
    versioned = [operation for operation in operations if operation.key.kind in VERSIONED]
    if not versioned:
        return Plain()
    now = clock()
    latest = gateway.call(Call("lambda", "GetFunction", {"FunctionName": function.name}))["Configuration"]
    aliases = [alias for alias in _aliases(gateway, function.name, now) if alias.version != "$LATEST"]
    ringing = reading.alarms_on(gateway, function.name)
    if ringing:
        return Blocked(f"its alarm {ringing[0]} is in ALARM: see to that first, for it is what would stop the rollout")
    wanted = {name: value for operation in versioned for name, value in operation.after.items()}
    base = _base(function, latest, wanted, options, role_arn)
    if not aliases:
        return _watch(gateway, base, function, operations, now)
    alias = max(aliases, key=lambda each: each.invocations)
    if alias.weights:
        other, weight = next(iter(alias.weights.items()))
        return Blocked(
            f"its alias {alias.name} routes {100 * weight:g} % to version {other} already: "
            "let that rollout end, then plan again"
        )
    return _through(gateway, replace(base, alias=alias.name), alias, aliases, latest, wanted, operations)


def _base(
    function: PlannedFunction,
    latest: Mapping[str, Any],
    wanted: Mapping[str, Any],
    options: GuardOptions,
    role_arn: str | None,
) -> State:
    logging = latest.get("LoggingConfig") or {}
    return State(
        arn=function.arn,
        name=function.name,
        account_id=function.account_id,
        region=function.region,
        role_arn=role_arn,
        architecture="arm64" if latest.get("Architectures") == ["arm64"] else "x86_64",
        log_group=logging.get("LogGroup") or f"/aws/lambda/{function.name}",
        log_format=wanted.get("log_format") or logging.get("LogFormat") or "Text",
        options=options,
        track="watch",
        code_sha256=str(latest.get("CodeSha256", "")),
        old_memory_mb=int(latest.get("MemorySize", 128)),
        new_memory_mb=int(wanted.get("memory_mb") or latest.get("MemorySize", 128)),
    )


def _watch(
    gateway: Gateway, state: State, function: PlannedFunction, operations: Sequence[Operation], now: float
) -> Way:
    (load,) = reading.load_of(gateway, [{"FunctionName": function.name}], now, _DAYS)
    state = replace(state, options=replace(state.options, steps=(100,)), per_hour=load.per_hour)
    takes = f"compared with the same hours a week before, for {samples.duration(60 * state.options.minutes)}"
    note = f"Rollout: it is called as $LATEST, which has no weights: all of it changes at once, {takes}"
    return Guarded(state, takes, (note, *_beside(operations)))


def _through(
    gateway: Gateway,
    state: State,
    alias: _Alias,
    aliases: Sequence[_Alias],
    latest: Mapping[str, Any],
    wanted: Mapping[str, Any],
    operations: Sequence[Operation],
) -> Way:
    """The way of a function that is called through an alias."""
    behind = gateway.call(
        Call("lambda", "GetFunction", {"FunctionName": state.name, "Qualifier": alias.version})
    )["Configuration"]  # fmt: skip
    if behind.get("CodeSha256") != latest.get("CodeSha256"):
        return Blocked(
            f"deploy first: its alias {alias.name} runs version {alias.version} with the code "
            f"{behind.get('CodeSha256')}, and $LATEST has {latest.get('CodeSha256')}"
        )
    # The alias's traffic counts by what the version behind it has, not by $LATEST.
    state = replace(
        state,
        track="alias",
        old_version=alias.version,
        sure=AliasState(alias.version),
        old_memory_mb=int(behind.get("MemorySize", 128)),
        per_hour=alias.per_hour,
        provisioned=_provisioned(gateway, state.name, alias.name),
    )
    error_rate = alias.errors / alias.invocations if alias.invocations else 0.0
    steps = state.options.steps
    takes = samples.sentence(error_rate, state.options.allowed_errors, state.per_hour, steps)
    shares = ", ".join(map(str, steps))
    unlike = _unlike(behind, latest, wanted)
    if unlike is not None:
        state = replace(state, track="watch", options=replace(state.options, steps=(100,)))
        takes = f"compared with the same hours a week before, for {samples.duration(60 * state.options.minutes)}"
        said = f"Rollout: {unlike}, so that {alias.name} goes to the new version at once, {takes}"
    else:
        horizon = samples.horizon(state.per_hour, state.options.minutes, steps) if state.per_hour else 2000.0
        state = replace(state, comparison=Comparison(horizon))
        said = f"Rollout: the new version gets {shares} % of {alias.name}; it takes {takes}"
    notes = [said, *_beside(operations), *_drifted(behind, latest)]
    if state.provisioned:
        notes.append(f"Rollout: the provisioned concurrency of {alias.name} ({state.provisioned}) is kept")
    notes += [f"Rollout: alias {other.name} stays on version {other.version}" for other in aliases if other != alias]
    return Guarded(state, takes, tuple(notes))


def _unlike(behind: Mapping[str, Any], latest: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Why both versions may not share an alias, or None."""
    queue = (behind.get("DeadLetterConfig") or {}).get("TargetArn") or None
    coming = (latest.get("DeadLetterConfig") or {}).get("TargetArn") or None
    if wanted.get("dead_letter_arn", coming) != queue:
        return "versions with different dead-letter queues cannot share an alias"
    if behind.get("Role") != latest.get("Role"):
        return "versions with different roles cannot share an alias"
    return None


def _drifted(behind: Mapping[str, Any], latest: Mapping[str, Any]) -> list[str]:
    """What would go live beside the plan, because it was changed since the version was published: names only."""
    compared = ("Timeout", "MemorySize", "Layers", "TracingConfig", "EphemeralStorage", "VpcConfig", "Handler")
    differing = [name for name in compared if _plainly(behind.get(name)) != _plainly(latest.get(name))]
    variables = [(each.get("Environment") or {}).get("Variables") or {} for each in (behind, latest)]
    if variables[0] != variables[1]:
        differing.append("Environment")
    if not differing:
        return []
    return [f"Rollout: $LATEST differs from the version behind the alias in {', '.join(differing)}, which go live too"]


def _plainly(value: Any) -> Any:
    return [layer.get("Arn") for layer in value] if isinstance(value, list) else value


def _beside(operations: Sequence[Operation]) -> list[str]:
    """What no version carries."""
    whole = sorted({name for o in operations if o.key.kind not in VERSIONED for name in o.after})
    if not whole:
        return []
    return [f"Rollout: {', '.join(whole)} hold for the whole function: they change at once, beside the rollout"]


def _aliases(gateway: Gateway, name: str, now: float) -> list[_Alias]:
    """The function's aliases with their load."""
    found = [
        _Alias(each["Name"], each["FunctionVersion"], _weights(each))
        for page in gateway.pages(Call("lambda", "ListAliases", {"FunctionName": name}), "Marker", "NextMarker")
        for each in page.get("Aliases") or ()
    ]
    if not found:
        return []
    dimensions = [{"FunctionName": name, "Resource": f"{name}:{alias.name}"} for alias in found]
    loads = reading.load_of(gateway, dimensions, now, _DAYS)
    return [
        replace(alias, invocations=load.totals.invocations, errors=load.totals.errors, per_hour=load.per_hour)
        for alias, load in zip(found, loads, strict=True)
    ]


def _weights(alias: Mapping[str, Any]) -> Mapping[str, float]:
    weights: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {version: weight for version, weight in weights.items() if weight}


def _provisioned(gateway: Gateway, name: str, alias: str) -> int | None:
    setting = provisioned_concurrency.SETTING
    try:
        answer = gateway.call(setting.read(ResourceAddress("", "", "", f"{name}:{alias}")))
    except AwsRefused as error:
        if error.code in setting.absent_codes:
            return None
        raise
    wanted: int | None = answer.get("RequestedProvisionedConcurrentExecutions")
    return wanted


def guarded_plan(plan: Plan, ways: Mapping[str, Way]) -> Plan:
    """The plan with what is said of each function's way, and without what is blocked. Pure."""
    stopped = {arn: way.because for arn, way in ways.items() if isinstance(way, Blocked)}
    functions = tuple(_noted(function, ways.get(function.arn)) for function in plan.functions)
    gone = {o.id for o in plan.operations if _is_of(o, stopped)}
    operations = tuple(_without(o, gone) for o in plan.operations if o.id not in gone)
    roles = roles_needed(plan.roles, operations)
    made = replace(plan, functions=functions, operations=operations, summary=summarize(functions), roles=roles)
    return replace(made, plan_id=plan_hash(made))


def _is_of(operation: Operation, stopped: Mapping[str, str]) -> bool:
    refs = [ref for refs in operation.changes.values() for ref in refs]
    return all(ref.function in stopped for ref in refs) if refs else operation.function in stopped


def _without(operation: Operation, gone: set[str]) -> Operation:
    if not gone & operation.waits_for:
        return operation
    requires = {name: tuple(id for id in ids if id not in gone) for name, ids in operation.requires.items()}
    return replace(
        operation,
        requires={name: ids for name, ids in requires.items() if ids},
        follows=tuple(id for id in operation.follows if id not in gone),
    )


def _noted(function: PlannedFunction, way: Way | None) -> PlannedFunction:
    if isinstance(way, Blocked):
        return replace(function, changes=tuple(_stopped(change, way.because) for change in function.changes))
    if isinstance(way, Guarded):
        return replace(function, notes=(*function.notes, *way.notes))
    return function


def _stopped(change: Change, because: str) -> Change:
    return replace(change, blocked=because) if change.pending else change

"""How Lambda treats a function's asynchronous events: retries, age in seconds, destinations.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
PutFunctionEventInvokeConfig removes what it does not name, UpdateFunctionEventInvokeConfig keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, same, whole

KIND = "event-invoke-config"
DESTINATIONS = "destinations"
_DEFAULTS = {"async_retries": 2, "async_max_age_s": 21_600}
_PARAMETERS = {
    "async_retries": "MaximumRetryAttempts",
    "async_max_age_s": "MaximumEventAgeInSeconds",
    DESTINATIONS: "DestinationConfig",
}


def with_failures(destinations: JsonValue, arn: str) -> JsonValue:
    """The destinations with that ARN for what fails; where successes go stays."""
    return {**(destinations if isinstance(destinations, Mapping) else {}), "OnFailure": {"Destination": arn}}


def read(address: ResourceAddress) -> Call:
    """GetFunctionEventInvokeConfig, of the unpublished version."""
    return Call("lambda", "GetFunctionEventInvokeConfig", {"FunctionName": address.resource})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """None for what is not configured, where Lambda has its defaults."""
    state: dict[str, Any] = {field: (answer or {}).get(name) for field, name in _PARAMETERS.items()}
    # AWS shows an empty one for what is not set.
    state[DESTINATIONS] = {kind: to for kind, to in (state[DESTINATIONS] or {}).items() if to} or None
    return state


def attainable(observed: State, wanted: State) -> State:
    """Where other parts stay, Lambda may show its default for one that was taken away."""
    return {
        f: v if v is not None or observed.get(f) != _DEFAULTS.get(f) else _DEFAULTS.get(f) for f, v in wanted.items()
    }


def write(address: ResourceAddress, observed: State, wanted: State) -> Call:
    """Update what is wanted, so that what another hand gives it meanwhile stays.

    Made new, it is put; deleted, where nothing is left of it; and put whole only where one part goes and another stays.
    """
    merged = {**observed, **wanted}
    function = {"FunctionName": address.resource}
    there = any(observed.get(field) is not None for field in _PARAMETERS)
    if there and all(value is not None for value in wanted.values()):
        changed = {name: wanted[field] for field, name in _PARAMETERS.items() if field in wanted}
        return Call("lambda", "UpdateFunctionEventInvokeConfig", {**function, **changed})
    kept = {name: merged[field] for field, name in _PARAMETERS.items() if merged.get(field) is not None}
    if not kept:
        return Call("lambda", "DeleteFunctionEventInvokeConfig", function)
    return Call("lambda", "PutFunctionEventInvokeConfig", {**function, **kept})


def follows(shown: Shown) -> bool:
    """The function's own retries or age; what is not configured is shown as Lambda's default. Or where failures go."""
    if shown.field == DESTINATIONS:
        return _sends_failures(shown)
    if not (shown.of_the_function and shown.field in ("async_retries", "async_max_age_s")):
        return False
    told = shown if shown.before is not None else replace(shown, before=shown.change.before)
    return told.valued(whole)


def by_role(wanted: State) -> bool:
    """Whether the role must allow any of it: destinations."""
    return bool(wanted.get(DESTINATIONS))


def _sends_failures(shown: Shown) -> bool:
    """Failures go to the ARN that the change shows, where none went before; nothing else becomes different."""
    own = shown.resource == shown.function.name and shown.change.setting == "on_failure_destination"
    onward, before = shown.change.after, shown.before
    none_yet = before is None or (isinstance(before, Mapping) and "OnFailure" not in before)
    if not (own and none_yet and shown.change.before is None and isinstance(onward, str)):
        return False
    return same(shown.after, with_failures(before, onward))


SETTING = Setting(
    kind=KIND,
    title="asynchronous invocation",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html",
    read=read,
    observe=observe,
    write=write,
    attainable=attainable,
    by_role=by_role,
    follows=follows,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetFunctionEventInvokeConfig", FUNCTION),),
    write_actions=(
        Action("lambda:PutFunctionEventInvokeConfig", FUNCTION),
        Action("lambda:UpdateFunctionEventInvokeConfig", FUNCTION),
        Action("lambda:DeleteFunctionEventInvokeConfig", FUNCTION),
    ),
)

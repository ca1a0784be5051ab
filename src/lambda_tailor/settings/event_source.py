"""How Lambda polls a queue or stream for a function: one event source mapping, named by its UUID.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.iam.permission import ANY_EVENT_SOURCE, Action
from lambda_tailor.settings.setting import Answer, Broken, Call, Progress, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Check, Shown, maybe, whole

KIND = "event-source"
_PARAMETERS: Mapping[str, str] = {
    "batch_size": "BatchSize",
    "batching_window_s": "MaximumBatchingWindowInSeconds",
    "record_retries": "MaximumRetryAttempts",
    "bisect": "BisectBatchOnFunctionError",
}
_CONCURRENCY = "max_concurrency"
# Minus one is for ever.
_FIELDS: Mapping[str, Check] = {
    "batch_size": whole,
    "batching_window_s": whole,
    "record_retries": lambda value: value == -1 or whole(value),
    "bisect": lambda value: isinstance(value, bool),
    _CONCURRENCY: maybe(whole),
}


def read(address: ResourceAddress) -> Call:
    """GetEventSourceMapping."""
    return Call("lambda", "GetEventSourceMapping", {"UUID": address.resource})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """Its fields; all of them None where there is no such mapping."""
    found = answer or {}
    state: dict[str, Any] = {field: found.get(name) for field, name in _PARAMETERS.items()}
    if answer is not None:
        state["batching_window_s"] = state["batching_window_s"] or 0
        state["bisect"] = bool(state["bisect"])
        state["record_retries"] = -1 if state["record_retries"] is None else state["record_retries"]
    state[_CONCURRENCY] = (found.get("ScalingConfig") or {}).get("MaximumConcurrency")
    return {**state, "exists": answer is not None}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Only what is wanted; an empty scaling configuration takes the limit away."""
    asked: dict[str, Any] = {_PARAMETERS[field]: value for field, value in wanted.items() if field in _PARAMETERS}
    if _CONCURRENCY in wanted:
        limit = wanted[_CONCURRENCY]
        asked["ScalingConfig"] = {} if limit is None else {"MaximumConcurrency": limit}
    return Call("lambda", "UpdateEventSourceMapping", {"UUID": address.resource, **asked})


def refuse(observed: State, _wanted: State) -> str | None:
    """A mapping that was deleted since."""
    return None if observed["exists"] else "the event source mapping is no longer there"


def progress(answer: Answer) -> Progress | Broken:
    """It is updated for some seconds after AWS's answer."""
    moving = ("Creating", "Enabling", "Disabling", "Updating", "Deleting")
    return Progress.PENDING if answer.get("State") in moving else Progress.SETTLED


def follows(shown: Shown) -> bool:
    """A field of the mapping that the change names, under the setting named after it and its source."""
    check = _FIELDS.get(shown.field)
    named = shown.change.setting.startswith(f"{shown.field}.")
    return check is not None and named and shown.of_the_resource and shown.valued(check)


SETTING = Setting(
    kind=KIND,
    title="event source",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    refuse=refuse,
    progress=progress,
    asynchronous=True,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetEventSourceMapping", ANY_EVENT_SOURCE),),
    write_actions=(Action("lambda:UpdateEventSourceMapping", ANY_EVENT_SOURCE),),
)

"""Asynchronous retries: how often and how long Lambda tries a failed event again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field, JsonValue

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

# What Lambda does where nothing is configured.
DEFAULTS: Mapping[str, int] = {"async_retries": 2, "async_max_age_s": 21_600}


class AsyncRetriesOptions(Options):
    """For functions that are invoked asynchronously; what is left out stays."""

    retries: int | None = Field(default=None, ge=0, le=2, description="Retries after an error.")
    max_age_s: int | None = Field(
        default=None, ge=60, le=21_600, description="Seconds after which an event is dropped."
    )


def lookups(function: Function, options: AsyncRetriesOptions) -> Iterable[Lookup]:
    """Its configuration for asynchronous invocation."""
    return (Lookup("event-invoke-config", function.name),) if _wanted(options) else ()


def _wanted(options: AsyncRetriesOptions) -> Mapping[str, int]:
    wanted = {"async_retries": options.retries, "async_max_age_s": options.max_age_s}
    return {setting: value for setting, value in wanted.items() if value is not None}


def judge(function: Function, evidence: Evidence, options: AsyncRetriesOptions) -> Sequence[Verdict]:
    """Propose what is wanted, where events come asynchronously at all."""
    wanted = _wanted(options)
    if not wanted:
        return ()
    match function.resource("event-invoke-config", function.name):
        case Unreadable(because):
            return [Blocked(setting, None, value, because) for setting, value in wanted.items()]
        case Missing():
            state: Mapping[str, object] = {}
        case Found(found):
            state = found
    return [_judge_one(function, evidence, setting, state.get(setting), value) for setting, value in wanted.items()]


def _judge_one(function: Function, evidence: Evidence, setting: str, present: object, wanted: int) -> Verdict:
    configured: JsonValue = present if isinstance(present, int) else None
    effective = DEFAULTS[setting] if configured is None else configured
    if effective == wanted:
        return Kept(setting, effective, "as wanted")
    if not evidence.asynchronous:
        return Kept(setting, effective, "no asynchronous event was seen", evidence.quote("async_events"))
    step = Transition(Key("event-invoke-config", function.name), setting, configured, wanted)
    reason = "the policy's target for asynchronous events"
    return Proposed(setting, effective, wanted, reason, (step,), Risk.MEDIUM, evidence.quote("async_events"))


RULE = Rule(
    id="async-retries",
    title="Retries of asynchronous events",
    why="A failing event runs three times and is paid for three times, for up to six hours.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html",
    options=AsyncRetriesOptions,
    judge=judge,
    writes=always("event-invoke-config"),
    lookups=lookups,
    evidence=("async_events",),
    surprise="Throttled events are tried for six hours whatever the number of retries is; only the age ends that.",
    order=160,
)

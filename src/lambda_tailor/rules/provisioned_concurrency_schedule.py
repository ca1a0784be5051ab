"""Provisioned concurrency schedule: executions are kept ready in the hours in which somebody comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic import Field, JsonValue

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Unreadable
from lambda_tailor.model.usage import SECONDS_A_MONTH, Usage
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always
from lambda_tailor.settings.scheduled_action import DOWN, UP, action

SETTING = "provisioned_schedule"
_HOURS = 24


class ProvisionedConcurrencyScheduleOptions(Options):
    """When a schedule is worth it."""

    min_idle_hours: int = Field(
        default=6,
        ge=1,
        le=23,
        description="Hours of the day without use, one after the other, from which it is proposed.",
    )


def lookups(function: Function, _options: ProvisionedConcurrencyScheduleOptions) -> Iterable[Lookup]:
    """What is provisioned for its versions and aliases."""
    return (Lookup("provisioned", function.name),)


def more_lookups(
    function: Function, _evidence: Evidence, _options: ProvisionedConcurrencyScheduleOptions
) -> Iterable[Lookup]:
    """How much of it was in use by the hour, and whether something scales it already."""
    used = [Lookup("provisioned-use", f"{function.name}:{qualifier}") for qualifier in _counts(function)]
    return [*used, Lookup("scalable-target", function.name)] if used else []


def _counts(function: Function) -> Mapping[str, int]:
    match function.resource("provisioned", function.name):
        case Found(state) if isinstance(counts := state["provisioned"], Mapping):
            return {qualifier: count for qualifier, count in sorted(counts.items()) if isinstance(count, int)}
    return {}


def judge(function: Function, _evidence: Evidence, options: ProvisionedConcurrencyScheduleOptions) -> Sequence[Verdict]:
    """A schedule for each version or alias whose executions stand idle for long hours of every day."""
    if isinstance(unknown := function.resource("provisioned", function.name), Unreadable):
        return (Kept(SETTING, None, f"whether any is provisioned is not known: {unknown.because}"),)
    counts = _counts(function)
    return [_judge_one(function, qualifier, count, options) for qualifier, count in counts.items()]


def _judge_one(
    function: Function, qualifier: str, count: int, options: ProvisionedConcurrencyScheduleOptions
) -> Verdict:
    setting, where = f"{SETTING}.{qualifier}", f"{function.name}:{qualifier}"
    used = function.resource("provisioned-use", where)
    hours = used.state["by_hour"] if isinstance(used, Found) else None
    if not isinstance(hours, list) or len(hours) != _HOURS:
        return Kept(setting, None, "how much was in use by the hour is not known")
    busy = [hour for hour, most in enumerate(hours) if isinstance(most, int | float) and most > 0]
    if not busy:
        return Kept(setting, None, "none was in use at any hour: no schedule helps, less of it does")
    begins, ends = _longest_idle(busy)
    idle = (ends - begins) % _HOURS
    if idle < options.min_idle_hours:
        return Kept(setting, None, f"it is in use all day but for {idle} hours")
    # Ready ten minutes before the first hour of use, and gone five minutes after the last.
    after: dict[str, JsonValue] = {
        "executions": count,
        "up": f"cron(50 {(ends - 1) % _HOURS} * * ? *)",
        "down": f"cron(5 {begins} * * ? *)",
    }
    match function.resource("scalable-target", function.name):
        case Unreadable(because):
            return Blocked(setting, None, after, f"whether something scales it already is not known: {because}")
        case Found(state) if isinstance(owned := state.get("targets"), Mapping) and qualifier in owned:
            return Kept(setting, None, "Application Auto Scaling owns the number already: change its target instead")
    register = Transition(Key("scalable-target", where), "capacity", None, {"min": 0, "max": count})
    actions = (
        Transition(Key("scheduled-action", f"{where}/{UP}"), "action", None, action(after, UP), (register.key,)),
        Transition(Key("scheduled-action", f"{where}/{DOWN}"), "action", None, action(after, DOWN), (register.key,)),
    )
    reason = f"none of {count} was in use from {begins}:00 to {ends}:00 UTC in two weeks: {idle} hours of every day"
    fewer = Decimal(count) * Decimal(idle) / _HOURS * SECONDS_A_MONTH * Decimal(function.memory_mb) / 1024
    # Who comes in those hours all the same meets a cold start.
    arm = function.architecture == "arm64"
    adds = Usage(provisioned_gb_s_arm=-fewer) if arm else Usage(provisioned_gb_s=-fewer)
    return Proposed(setting, None, after, reason, (register, *actions), Risk.MEDIUM, adds=adds)


def _longest_idle(busy: Sequence[int]) -> tuple[int, int]:
    """The hours at which the longest time without use begins and ends, round the clock."""
    following = [*busy[1:], busy[0] + _HOURS]
    gaps = [(after - hour - 1, hour + 1, after) for hour, after in zip(busy, following, strict=True)]
    _, begins, ends = max(gaps)
    return begins % _HOURS, ends % _HOURS


RULE = Rule(
    id="provisioned-concurrency-schedule",
    title="Provisioned executions by the hour",
    why="Executions that are kept ready through the night are paid for through the night.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html",
    options=ProvisionedConcurrencyScheduleOptions,
    judge=judge,
    writes=always("scalable-target", "scheduled-action"),
    lookups=lookups,
    more_lookups=more_lookups,
    surprise="A schedule is in UTC. Once a target is registered, its number is the service's: what is set by hand is "
    "scaled back. Target tracking never scales in where an alarm has no data, which is what no traffic gives it; a "
    "schedule does.",
    order=132,
)

"""One scheduled change of provisioned executions, ``FUNCTION:QUALIFIER/NAME``.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from lambda_tailor.iam.permission import Action
from lambda_tailor.settings.scalable_target import target
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, same

KIND = "scheduled-action"
UP, DOWN = "lambda-tailor-up", "lambda-tailor-down"
# The schedule is in UTC, which is the default, and has neither a beginning nor an end.
_BY_OTHERS = {"time_zone": "Timezone", "from": "StartTime", "until": "EndTime"}
_NO_ARN = "actions have no ARN before they are made"


def action(after: Mapping[str, Any], name: str) -> dict[str, JsonValue]:
    """The action of that name in a schedule as a change shows it: ``up``, ``down`` and ``executions``."""
    many = after.get("executions") if name == UP else 0
    return {"schedule": after.get("up" if name == UP else "down"), "min": many, "max": many}


def _name(address: ResourceAddress) -> str:
    return address.resource.partition("/")[2]


def read(address: ResourceAddress) -> Call:
    """DescribeScheduledActions, of that one."""
    asked = {**target(address), "ScheduledActionNames": [_name(address)]}
    return Call("application-autoscaling", "DescribeScheduledActions", asked)


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``action``: its schedule in UTC and the executions from then on; None where there is none.

    What else another hand may have given it is shown beside: a time zone, a beginning, an end.
    """
    found = (answer or {}).get("ScheduledActions") or ()
    if not found:
        return {"action": None}
    bounds = found[0].get("ScalableTargetAction") or {}
    more = {field: str(found[0][name]) for field, name in _BY_OTHERS.items() if found[0].get(name) not in (None, "UTC")}
    return {
        "action": {
            "schedule": found[0]["Schedule"], "min": bounds.get("MinCapacity"), "max": bounds.get("MaxCapacity"),
            **more,
        }
    }  # fmt: skip


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the action, or delete it."""
    named, wanted_action = {**target(address), "ScheduledActionName": _name(address)}, wanted["action"]
    if not isinstance(wanted_action, Mapping):
        return Call("application-autoscaling", "DeleteScheduledAction", named)
    bounds = {"MinCapacity": wanted_action["min"], "MaxCapacity": wanted_action["max"]}
    asked = {**named, "Schedule": wanted_action["schedule"], "ScalableTargetAction": bounds}
    return Call("application-autoscaling", "PutScheduledAction", asked)


def follows(shown: Shown) -> bool:
    """One of the two actions of the schedule that the change shows."""
    where, _, name = shown.resource.partition("/")
    qualifier = shown.change.setting.partition("provisioned_schedule.")[2]
    after = shown.change.after
    own = bool(qualifier) and where == f"{shown.function.name}:{qualifier}" and name in (UP, DOWN)
    if not own or shown.field != "action" or shown.before is not None or not isinstance(after, Mapping):
        return False
    return same(shown.after, action(after, name))


def inexact_undo(_was: State, _wrote: State) -> str | None:
    """The schedule may have scaled to nothing when it is taken away."""
    return "what is provisioned stays at what the schedule last made it"


SETTING = Setting(
    kind=KIND,
    title="scheduled action",
    source="https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    inexact_undo=inexact_undo,
    absent_codes=frozenset({"ObjectNotFoundException"}),
    read_actions=(Action("application-autoscaling:DescribeScheduledActions"),),
    write_actions=(
        Action("application-autoscaling:PutScheduledAction", because=_NO_ARN),
        Action("application-autoscaling:DeleteScheduledAction", because=_NO_ARN),
    ),
)

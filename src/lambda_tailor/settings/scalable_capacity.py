"""The least and the most provisioned executions that Application Auto Scaling keeps, ``FUNCTION:QUALIFIER``.

Only of a target that is registered already: what registers one, and takes it away again, is ``scalable_target.py``.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_tailor.iam.permission import Action
from lambda_tailor.settings.scalable_target import DESCRIBE, observe, read, target
from lambda_tailor.settings.setting import Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, whole

KIND = "scalable-capacity"
SHOWN_AS = "scalable_target"
_NO_ARN = "a plan does not know the ARN of a target, which AWS gives it"


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Register it again with other ends: what is not named, such as its scaling policies, stays."""
    capacity = wanted["capacity"]
    ends = capacity if isinstance(capacity, Mapping) else {}
    bounds = {"MinCapacity": ends.get("min"), "MaxCapacity": ends.get("max")}
    return Call("application-autoscaling", "RegisterScalableTarget", {**target(address), **bounds})


def refuse(observed: State, _wanted: State) -> str | None:
    """A target that another hand took away is not registered anew."""
    return None if observed.get("capacity") else "Application Auto Scaling owns the number no longer"


def _capacity(value: object) -> bool:
    """The least and the most, as AWS takes them."""
    if not isinstance(value, Mapping) or value.keys() != {"min", "max"}:
        return False
    least, most = value["min"], value["max"]
    return whole(least) and whole(most) and bool(least <= most)


def follows(shown: Shown) -> bool:
    """The ends that the change shows, of the version or alias that the setting is named after."""
    qualifier = shown.change.setting.partition(f"{SHOWN_AS}.")[2]
    own = bool(qualifier) and shown.resource == f"{shown.function.name}:{qualifier}"
    return own and shown.field == "capacity" and shown.valued(_capacity)


SETTING = Setting(
    kind=KIND,
    title="capacity of a scalable target",
    source="https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html",
    read=read,
    observe=observe,
    write=write,
    refuse=refuse,
    follows=follows,
    read_actions=(DESCRIBE,),
    write_actions=(Action("application-autoscaling:RegisterScalableTarget", because=_NO_ARN),),
)

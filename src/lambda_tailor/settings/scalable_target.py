"""That Application Auto Scaling owns the provisioned executions of a version or alias, ``FUNCTION:QUALIFIER``.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_tailor.iam.permission import Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, same

KIND = "scalable-target"
NAMESPACE, DIMENSION = "lambda", "lambda:function:ProvisionedConcurrency"
# A role that AWS makes for itself, the first time that anything is registered.
_NO_ARN = "targets have no ARN before they are registered"
DESCRIBE = Action("application-autoscaling:DescribeScalableTargets")


def target(address: ResourceAddress) -> dict[str, str]:
    """How the service names it."""
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": f"function:{address.resource.partition('/')[0]}",
        "ScalableDimension": DIMENSION,
    }


def read(address: ResourceAddress) -> Call:
    """DescribeScalableTargets."""
    named = target(address)
    asked = {**{k: v for k, v in named.items() if k != "ResourceId"}, "ResourceIds": [named["ResourceId"]]}
    return Call("application-autoscaling", "DescribeScalableTargets", asked)


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``capacity`` in executions; None where the service owns nothing."""
    found = (answer or {}).get("ScalableTargets") or ()
    return {"capacity": {"min": found[0]["MinCapacity"], "max": found[0]["MaxCapacity"]} if found else None}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Register, or deregister, which takes its scheduled actions with it."""
    capacity = wanted["capacity"]
    if not isinstance(capacity, Mapping):
        return Call("application-autoscaling", "DeregisterScalableTarget", target(address))
    bounds = {"MinCapacity": capacity["min"], "MaxCapacity": capacity["max"]}
    return Call("application-autoscaling", "RegisterScalableTarget", {**target(address), **bounds})


def removes(wanted: State) -> bool:
    """Whether it is to be deregistered, which takes with it all that hangs on it."""
    return wanted.get("capacity") is None


def follows(shown: Shown) -> bool:
    """Up to as many executions as the schedule shows."""
    after = shown.change.after
    executions = after.get("executions") if isinstance(after, Mapping) else None
    qualifier = shown.change.setting.partition("provisioned_schedule.")[2]
    own = bool(qualifier) and shown.resource == f"{shown.function.name}:{qualifier}"
    wanted = {"min": 0, "max": executions}
    return own and shown.field == "capacity" and shown.before is None and same(shown.after, wanted)


SETTING = Setting(
    kind=KIND,
    title="scalable target",
    source="https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    prepares=True,
    removes=removes,
    read_actions=(DESCRIBE,),
    undo_actions=(
        Action("application-autoscaling:DescribeScalingPolicies"),
        Action("application-autoscaling:DescribeScheduledActions"),
    ),
    write_actions=(
        Action("application-autoscaling:RegisterScalableTarget", because=_NO_ARN),
        Action("application-autoscaling:DeregisterScalableTarget", because=_NO_ARN),
    ),
)

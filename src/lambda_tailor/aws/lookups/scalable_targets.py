"""What Application Auto Scaling owns of functions' provisioned concurrency, fifty a page."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Found, Missing
from lambda_tailor.settings.setting import Call


def _targets(opened: OpenScope, names: Sequence[str]) -> Resources:
    """The least and the most of each ``FUNCTION:QUALIFIER`` that is scaled, by function and qualifier.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
    """
    found: dict[str, dict[str, JsonValue]] = {name: {} for name in names}
    asked = {"ServiceNamespace": "lambda", "MaxResults": 50}
    call = Call("application-autoscaling", "DescribeScalableTargets", asked)
    for page in opened.gateway.pages(call, "NextToken"):
        for target in page.get("ScalableTargets") or ():
            _, name, qualifier = f"{target['ResourceId']}::".split(":")[:3]
            if name in found and qualifier:
                found[name][qualifier] = [target["MinCapacity"], target["MaxCapacity"]]
    return {name: Found({"targets": {**targets}}) if targets else Missing() for name, targets in found.items()}


KINDS = (
    LookupKind(
        kind="scalable-target",
        read=together(_targets),
        costs="page",
        actions=(Action("application-autoscaling:DescribeScalableTargets"),),
    ),
)

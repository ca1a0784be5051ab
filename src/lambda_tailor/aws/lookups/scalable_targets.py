"""What Application Auto Scaling owns of functions' provisioned concurrency, fifty a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Found, Missing
from lambda_tailor.settings.setting import Call


def _targets(opened: OpenScope, names: Sequence[str]) -> Resources:
    """The least and the most of each ``FUNCTION:QUALIFIER`` that is scaled, by function and qualifier.

    ``scheduled`` has the qualifiers that scheduled actions scale; it is asked only where something is scaled.
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
    """
    found: dict[str, dict[str, JsonValue]] = {name: {} for name in names}
    asked = {"ServiceNamespace": "lambda", "MaxResults": 50}
    call = Call("application-autoscaling", "DescribeScalableTargets", asked)
    for page in opened.gateway.pages(call, "NextToken"):
        for target in page.get("ScalableTargets") or ():
            name, qualifier = _scaled(target)
            if name in found and qualifier:
                found[name][qualifier] = [target["MinCapacity"], target["MaxCapacity"]]
    timed = _timed(opened) if any(found.values()) else set()
    return {
        name: Found({"targets": {**targets}, "scheduled": [each for each in targets if (name, each) in timed]})
        if targets
        else Missing()
        for name, targets in found.items()
    }


def _timed(opened: OpenScope) -> set[tuple[str, str]]:
    """The functions and qualifiers with scheduled actions."""
    call = Call("application-autoscaling", "DescribeScheduledActions", {"ServiceNamespace": "lambda", "MaxResults": 50})
    pages = opened.gateway.pages(call, "NextToken")
    return {_scaled(action) for page in pages for action in page.get("ScheduledActions") or ()}


def _scaled(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The function and qualifier of ``function:NAME:QUALIFIER``."""
    _, name, qualifier = f"{answer['ResourceId']}::".split(":")[:3]
    return name, qualifier


KINDS = (
    LookupKind(
        kind="scalable-target",
        read=together(_targets),
        costs="page",
        actions=(
            Action("application-autoscaling:DescribeScalableTargets"),
            Action("application-autoscaling:DescribeScheduledActions"),
        ),
    ),
)

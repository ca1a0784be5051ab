"""Whether Application Auto Scaling owns the provisioned executions of a version or alias.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_tailor.aws.lookups.kind import LookupKind, Resources, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import scalable_target
from lambda_tailor.settings.setting import Call

TARGETS_A_CALL = 50


def _targets(opened: OpenScope, names: Sequence[str]) -> Resources:
    """``capacity`` (min, max) by ``FUNCTION:QUALIFIER``, fifty a call."""
    found: dict[str, Resource] = dict.fromkeys(names, Missing())
    for start in range(0, len(names), TARGETS_A_CALL):
        asked = {
            "ServiceNamespace": scalable_target.NAMESPACE,
            "ScalableDimension": scalable_target.DIMENSION,
            "ResourceIds": [f"function:{name}" for name in names[start : start + TARGETS_A_CALL]],
        }
        pages = opened.gateway.pages(Call("application-autoscaling", "DescribeScalableTargets", asked), "NextToken")
        for each in (target for page in pages for target in page.get("ScalableTargets") or ()):
            name = each["ResourceId"].removeprefix("function:")
            found[name] = Found(scalable_target.observe(opened.address(name), {"ScalableTargets": [each]}))
    return found


KINDS = (
    LookupKind(kind="scalable-target", read=together(_targets), costs="page", actions=(scalable_target.DESCRIBE,)),
)

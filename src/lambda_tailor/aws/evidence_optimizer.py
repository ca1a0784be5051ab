"""Compute Optimizer's advice, where the account is enrolled.

https://docs.aws.amazon.com/compute-optimizer/latest/APIReference/API_GetLambdaFunctionRecommendations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused, EndpointUnreachable
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.evidence import Absent, Recommendation
from lambda_tailor.model.function import Function
from lambda_tailor.settings.setting import Call

# https://docs.aws.amazon.com/compute-optimizer/latest/ug/security-iam.html: it asks Lambda in the caller's name.
READ_ACTIONS = (
    Action("compute-optimizer:GetLambdaFunctionRecommendations"),
    Action("lambda:ListFunctions"),
    Action("lambda:ListProvisionedConcurrencyConfigs", FUNCTION),
)
# So many ARNs fit into one call; for more, the account's whole list is read by page.
ARNS_A_CALL = 100


def read_recommendations(
    gateway: Gateway, functions: Sequence[Function]
) -> Mapping[str, Recommendation | Absent] | Absent:
    """Advice by function ARN; absent as a whole where the account is not enrolled or it may not be read."""
    asked: dict[str, Any] = {"maxResults": 1000}
    if len(functions) <= ARNS_A_CALL:
        asked = {"functionArns": [function.arn for function in functions]}
    found: dict[str, Recommendation | Absent] = {}
    sizes = {function.arn: function.memory_mb for function in functions}
    versions: dict[str, str] = {}
    try:
        call = Call("compute-optimizer", "GetLambdaFunctionRecommendations", asked)
        for page in gateway.pages(call, "nextToken"):
            for advice in page.get("lambdaFunctionRecommendations") or ():
                arn, version = _unqualified(advice["functionArn"]), str(advice.get("functionVersion") or "$LATEST")
                # There is advice for each version; what is changed here is the unpublished one.
                if arn not in found or version == "$LATEST" != versions.get(arn):
                    found[arn], versions[arn] = _recommendation(advice, sizes.get(arn)), version
    except AwsRefused as error:
        if error.code == "OptInRequiredException":
            return Absent("the account is not enrolled in Compute Optimizer")
        return Absent(f"Compute Optimizer: {error}")
    except AccessDenied as error:
        return Absent(str(error))
    except EndpointUnreachable:
        return Absent(f"Compute Optimizer does not answer in {gateway.region}")
    return found


def after_discounts(advice: Mapping[str, Recommendation | Absent] | Absent) -> float | None:
    """What is left of a list-price saving once the account's discounts are taken off; None where nobody says.

    https://docs.aws.amazon.com/compute-optimizer/latest/ug/savings-estimation-mode.html
    """
    known = [r for r in advice.values() if isinstance(r, Recommendation)] if isinstance(advice, Mapping) else []
    listed = sum(r.list_usd for r in known if r.discounted_usd is not None)
    return sum(r.discounted_usd or 0.0 for r in known) / listed if listed else None


def _savings(option: Mapping[str, Any], name: str) -> float | None:
    value = ((option.get(name) or {}).get("estimatedMonthlySavings") or {}).get("value")
    return None if value is None else float(value)


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:7])


def _recommendation(advice: Mapping[str, Any], now_mb: int | None) -> Recommendation | Absent:
    """Its first choice, or the reason why it has none, or why it is no longer about the function as it is."""
    looked_at = advice.get("currentMemorySize")
    if looked_at and now_mb and int(looked_at) != now_mb:
        return Absent(f"Compute Optimizer's advice is for {looked_at} MB, and the function has {now_mb} MB since")
    options = sorted(advice.get("memorySizeRecommendationOptions") or (), key=lambda option: option.get("rank", 0))
    finding = str(advice.get("finding") or "")
    if options and options[0].get("memorySize"):
        listed = _savings(options[0], "savingsOpportunity") or 0.0
        discounted = _savings(options[0], "savingsOpportunityAfterDiscounts")
        return Recommendation(int(options[0]["memorySize"]), finding, "Compute Optimizer", listed, discounted)
    reasons = ", ".join(advice.get("findingReasonCodes") or ()) or "no reason given"
    return Absent(f"Compute Optimizer recommends nothing ({finding or 'unavailable'}: {reasons})")

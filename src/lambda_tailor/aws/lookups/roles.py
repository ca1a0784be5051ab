"""What functions' roles may do, by IAM's own simulation: one for each role, with all that is asked about it.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
The simulation goes by the role's own policies, its boundary and the organization's; what a queue's or a
key's own policy grants is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from lambda_tailor.aws.lookups.kind import LookupKind
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import ROLE, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.settings.setting import Answer, Call

# Asked last, when all that is to be known of a role is known, so that one simulation tells it.
ROLE_MAY = "role-may"
# A simulation answers for each pair of action and resource, and gives so many at once, of which 100 where nothing is
# said: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
PAIRS_A_CALL = 1000
# What IAM says where it is asked too much at once: then it is asked the half.
_TOO_MUCH = frozenset({"ValidationError", "RequestEntityTooLarge", "PolicyEvaluation", "RequestTooLarge"})
_ABSENT = ("NoSuchEntity", "NoSuchEntityException")

Pair = tuple[str, str]


def read(opened: OpenScope, names: Sequence[str]) -> Mapping[str, Resource]:
    """``allowed`` for each ``ROLE_ARN ACTION RESOURCE``; Missing where there is no such role."""
    by_role: dict[str, dict[Pair, str]] = {}
    for name in names:
        role, action, resource = name.split(" ", 2)
        by_role.setdefault(role, {})[action, resource] = name
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = threads.map(lambda item: _of_role(opened, *item), by_role.items())
        return {name: resource for answer in answers for name, resource in answer.items()}


def _of_role(opened: OpenScope, role: str, asked: Mapping[Pair, str]) -> Mapping[str, Resource]:
    decided: dict[Pair, bool] = {}
    try:
        for actions, resources in _questions(asked):
            decided |= _simulate(opened, role, actions, resources)
    except AccessDenied as error:
        return dict.fromkeys(asked.values(), Unreadable(str(error)))
    except AwsRefused as error:
        missing: Resource = Missing() if error.code in _ABSENT else Unreadable(str(error))
        return dict.fromkeys(asked.values(), missing)
    unsaid = Unreadable(f"IAM does not say what {role} may do")
    return {name: Found({"allowed": decided[pair]}) if pair in decided else unsaid for pair, name in asked.items()}


def _questions(asked: Iterable[Pair]) -> Iterator[tuple[list[str], list[str]]]:
    """Actions with resources that each of them is asked about: all in one where an answer holds all their pairs."""
    pairs = sorted(asked)
    actions, resources = sorted({action for action, _ in pairs}), sorted({resource for _, resource in pairs})
    if len(actions) * len(resources) <= PAIRS_A_CALL:
        yield actions, resources
        return
    by_resource: dict[str, list[str]] = {}
    for action, resource in pairs:
        by_resource.setdefault(resource, []).append(action)
    alike: dict[tuple[str, ...], list[str]] = {}
    for resource, wanted in by_resource.items():
        alike.setdefault(tuple(wanted), []).append(resource)
    for together, those in alike.items():
        most = max(1, PAIRS_A_CALL // len(together))
        for start in range(0, len(those), most):
            yield [*together], those[start : start + most]


def _simulate(opened: OpenScope, role: str, actions: Sequence[str], resources: Sequence[str]) -> dict[Pair, bool]:
    asked = {
        "PolicySourceArn": role, "ActionNames": [*actions], "ResourceArns": [*resources], "MaxItems": PAIRS_A_CALL,
    }  # fmt: skip
    decided: dict[Pair, bool] = {}
    try:
        for page in opened.gateway.pages(Call("iam", "SimulatePrincipalPolicy", asked), "Marker"):
            for pair, decision in _decisions(page):
                action, resource = pair
                # Asked about one resource, IAM need not repeat its name.
                decided[action, resources[0] if len(resources) == 1 else resource] = decision == "allowed"
    except AwsRefused as error:
        half = len(resources) // 2
        if not half or error.code not in _TOO_MUCH:
            raise
        parts = resources[:half], resources[half:]
        return {pair: may for part in parts for pair, may in _simulate(opened, role, actions, part).items()}
    return decided


def _decisions(page: Answer) -> Iterator[tuple[Pair, str]]:
    for result in page.get("EvaluationResults") or ():
        action = result["EvalActionName"]
        if result.get("EvalResourceName"):
            yield (action, result["EvalResourceName"]), result["EvalDecision"]
        for each in result.get("ResourceSpecificResults") or ():
            yield (action, each["EvalResourceName"]), each["EvalResourceDecision"]


KINDS = (
    LookupKind(
        kind=ROLE_MAY,
        read=read,
        costs="name",
        actions=(Action("iam:SimulatePrincipalPolicy", ROLE),),
        arn_names=lambda name: {"role": (name.split(" ")[0].partition("/")[2],)},
    ),
)

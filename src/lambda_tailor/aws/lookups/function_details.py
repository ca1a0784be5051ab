"""What AWS tells of one function at a time: retries, recursion, provisioned executions, versions."""

from __future__ import annotations

from lambda_tailor import arns
from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AwsRefused
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import event_invoke_config, provisioned_concurrency, recursive_loop
from lambda_tailor.settings.setting import Call


def _event_invoke_config(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = answer_or_none(opened, event_invoke_config.read(address), *event_invoke_config.SETTING.absent_codes)
    return Missing() if answer is None else Found(event_invoke_config.observe(address, answer))


def _recursion(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = answer_or_none(opened, recursive_loop.read(address), *recursive_loop.SETTING.absent_codes)
    return Missing() if answer is None else Found(recursive_loop.observe(address, answer))


def _provisioned_by_qualifier(opened: OpenScope, name: str) -> dict[str, int]:
    asked = Call("lambda", "ListProvisionedConcurrencyConfigs", {"FunctionName": name})
    found: dict[str, int] = {}
    try:
        for page in opened.gateway.pages(asked, "Marker", "NextMarker"):
            for each in page.get("ProvisionedConcurrencyConfigs") or ():
                qualifier = arns.part(each["FunctionArn"], 7)
                found[qualifier] = each["RequestedProvisionedConcurrentExecutions"]
    except AwsRefused as error:
        # The emulator's answer where there is none; AWS gives an empty list.
        if error.code not in provisioned_concurrency.SETTING.absent_codes:
            raise
    return found


def _provisioned(opened: OpenScope, name: str) -> Resource:
    found = _provisioned_by_qualifier(opened, name)
    return Found({"provisioned": {**found}}) if found else Missing()


def _versions(opened: OpenScope, name: str) -> Resource:
    """Published versions, and those that an alias points to or for which executions are provisioned."""
    listed = Call("lambda", "ListVersionsByFunction", {"FunctionName": name})
    aliases = Call("lambda", "ListAliases", {"FunctionName": name})
    versions = [
        version["Version"]
        for page in opened.gateway.pages(listed, "Marker", "NextMarker")
        for version in page.get("Versions") or ()
        if version["Version"].isdigit()
    ]
    if not versions:
        return Missing()
    used: set[str] = set(_provisioned_by_qualifier(opened, name))
    for page in opened.gateway.pages(aliases, "Marker", "NextMarker"):
        for alias in page.get("Aliases") or ():
            used |= {
                alias["FunctionVersion"],
                *((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or ()),
            }
    return Found({"versions": [*versions], "referenced": [*sorted(used & set(versions))]})


_PROVISIONED = Action("lambda:ListProvisionedConcurrencyConfigs", FUNCTION)
KINDS = (
    LookupKind(
        kind="event-invoke-config",
        read=one_by_one(_event_invoke_config),
        costs="function",
        actions=(Action("lambda:GetFunctionEventInvokeConfig", FUNCTION),),
    ),
    LookupKind(kind="provisioned", read=one_by_one(_provisioned), costs="function", actions=(_PROVISIONED,)),
    LookupKind(
        kind="recursion",
        read=one_by_one(_recursion),
        costs="function",
        actions=(Action("lambda:GetFunctionRecursionConfig", FUNCTION),),
    ),
    LookupKind(
        kind="versions",
        read=one_by_one(_versions),
        costs="function",
        actions=(
            Action("lambda:ListVersionsByFunction", FUNCTION),
            Action("lambda:ListAliases", FUNCTION),
            _PROVISIONED,
        ),
    ),
)

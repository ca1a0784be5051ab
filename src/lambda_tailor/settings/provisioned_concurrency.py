"""Executions that are kept ready for a version or alias, named ``FUNCTION:QUALIFIER``.

https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import QUALIFIED, Action
from lambda_tailor.settings.setting import Answer, Broken, Call, Progress, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, maybe, whole

KIND = "provisioned-concurrency"


def _names(address: ResourceAddress) -> dict[str, str]:
    function, _, qualifier = address.resource.rpartition(":")
    return {"FunctionName": function, "Qualifier": qualifier}


def read(address: ResourceAddress) -> Call:
    """GetProvisionedConcurrencyConfig."""
    return Call("lambda", "GetProvisionedConcurrencyConfig", _names(address))


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``provisioned`` executions as requested; None where none are."""
    return {"provisioned": (answer or {}).get("RequestedProvisionedConcurrentExecutions")}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the number, or delete the configuration."""
    if wanted["provisioned"] is None:
        return Call("lambda", "DeleteProvisionedConcurrencyConfig", _names(address))
    asked = {**_names(address), "ProvisionedConcurrentExecutions": wanted["provisioned"]}
    return Call("lambda", "PutProvisionedConcurrencyConfig", asked)


def progress(answer: Answer) -> Progress | Broken:
    """AWS takes a minute or more to prepare executions."""
    if answer.get("Status") == "FAILED":
        return Broken(answer.get("StatusReason") or "it failed, AWS gives no reason")
    return Progress.PENDING if answer.get("Status") == "IN_PROGRESS" else Progress.SETTLED


def follows(shown: Shown) -> bool:
    """The executions of the version or alias that the setting is named after."""
    function, _, qualifier = shown.resource.rpartition(":")
    named = shown.field == "provisioned" and shown.change.setting == f"provisioned_concurrency.{qualifier}"
    return named and function == shown.function.name and shown.valued(maybe(whole))


SETTING = Setting(
    kind=KIND,
    title="provisioned concurrency",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    progress=progress,
    asynchronous=True,
    absent_codes=frozenset({"ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetProvisionedConcurrencyConfig", QUALIFIED),),
    write_actions=(
        Action("lambda:PutProvisionedConcurrencyConfig", QUALIFIED),
        Action("lambda:DeleteProvisionedConcurrencyConfig", QUALIFIED),
    ),
)

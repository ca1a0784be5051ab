"""A published version's existence, named ``FUNCTION:VERSION``. It can only go from there to not there.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import FUNCTION, QUALIFIED, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown

KIND = "function-version"


def _names(address: ResourceAddress) -> dict[str, str]:
    function, _, version = address.resource.rpartition(":")
    return {"FunctionName": function, "Qualifier": version}


def read(address: ResourceAddress) -> Call:
    """GetFunction of that version."""
    return Call("lambda", "GetFunction", _names(address))


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``exists``."""
    return {"exists": answer is not None}


def write(address: ResourceAddress, _observed: State, _wanted: State) -> Call:
    """Delete the version; AWS refuses that where an alias points to it."""
    names = _names(address)
    # Without a version the same call would delete the function itself.
    if not names["FunctionName"] or not names["Qualifier"].isdigit():
        raise ValueError(f"{address.resource} names no published version")
    return Call("lambda", "DeleteFunction", names)


def removes(wanted: State) -> bool:
    """Whether it is to be deleted."""
    return wanted.get("exists") is False


def refuse(_observed: State, wanted: State) -> str | None:
    """Nobody can make a deleted version again."""
    return "a version that was deleted cannot be put back" if wanted["exists"] is not False else None


def inexact_undo(_was: State, _wrote: State) -> str | None:
    """There is no way back."""
    return "a version that was deleted cannot be put back"


def follows(shown: Shown) -> bool:
    """Deleted is a version that is shown before and not after."""
    function, _, version = shown.resource.rpartition(":")
    before, after = shown.change.before, shown.change.after
    listed = isinstance(before, list) and isinstance(after, list) and version in before and version not in after
    deleted = shown.field == "exists" and shown.before is True and shown.after is False
    return listed and deleted and function == shown.function.name and shown.change.setting == "versions"


SETTING = Setting(
    kind=KIND,
    title="published version",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    removes=removes,
    refuse=refuse,
    inexact_undo=inexact_undo,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetFunction", QUALIFIED),),
    undo_actions=(
        Action("lambda:ListEventSourceMappings"),
        Action("lambda:ListFunctionEventInvokeConfigs", FUNCTION),
        Action("lambda:ListProvisionedConcurrencyConfigs", FUNCTION),
        Action("lambda:GetPolicy", QUALIFIED),
    ),
    write_actions=(Action("lambda:DeleteFunction", QUALIFIED),),
)

"""The package of a function or layer: whether it holds machine code for x86."""

from __future__ import annotations

from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.packages import NotRead, fetch, x86_files
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import ANY_LAYER, FUNCTION, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Call


def _code(opened: OpenScope, name: str) -> Resource:
    """What of a function's package, or of the layer of that ARN, is machine code for x86."""
    layer = ":layer:" in name
    asked = (
        Call("lambda", "GetLayerVersionByArn", {"Arn": name})
        if layer
        else Call("lambda", "GetFunction", {"FunctionName": name})
    )
    answer = answer_or_none(opened, asked, "ResourceNotFoundException")
    if answer is None:
        return Missing()
    location = (answer.get("Content" if layer else "Code") or {}).get("Location")
    if not isinstance(location, Secret):
        return Unreadable(f"AWS does not say where the code of {name} is")
    package = fetch(location.reveal())
    files = x86_files(package) if isinstance(package, bytes) else package
    return Unreadable(files.because) if isinstance(files, NotRead) else Found({"x86": [*files]})


KINDS = (
    LookupKind(
        kind="code",
        read=one_by_one(_code),
        costs="function",
        actions=(Action("lambda:GetFunction", FUNCTION), Action("lambda:GetLayerVersion", ANY_LAYER)),
    ),
)

"""The processor a function's code runs on: AWS takes it only together with the code, so the same code is sent again.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.package import Package
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.function_configuration import progress, read
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, text

KIND = "function-code"
# A larger package has to be in S3: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_DIRECT_BYTES = 50 * 1024**2


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``architecture``; and where the code is, under whose key, how large, whether signed, and at which revision."""
    configuration = (answer or {}).get("Configuration", {})
    code = (answer or {}).get("Code") or {}
    location = code.get("Location")
    return {
        "architecture": (configuration.get("Architectures") or ["x86_64"])[0],
        "location": location if isinstance(location, Secret) else None,
        "size_bytes": configuration.get("CodeSize") or 0,
        "source_kms_key": code.get("SourceKMSKeyArn"),
        "signed": bool(configuration.get("SigningJobArn") or configuration.get("SigningProfileVersionArn")),
        "revision_id": configuration.get("RevisionId"),
        "code_sha256": configuration.get("CodeSha256"),
    }


def identity(state: State) -> Mapping[str, JsonValue] | None:
    """The package: what another hand deploys since is built for the architecture that it found."""
    digest = state.get("code_sha256")
    return {"code_sha256": digest} if isinstance(digest, str) else None


def refuse(observed: State, _wanted: State) -> str | None:
    """Code that cannot be sent again as it is."""
    if observed.get("location") is None:
        return "AWS does not say where its code is, and takes the architecture only together with it"
    if observed.get("signed"):
        return "its code is signed: sign it for the other architecture and deploy it where it is deployed from"
    size = observed.get("size_bytes")
    if isinstance(size, int) and size > MOST_DIRECT_BYTES:
        return f"its package of {size / 1024**2:.0f} MB has to be deployed from S3: change it where it is deployed from"
    return None


def write(address: ResourceAddress, observed: State, wanted: State) -> Call:
    """UpdateFunctionCode with the very same package, guarded by the revision observed."""
    location = observed.get("location")
    parameters: dict[str, Any] = {"FunctionName": address.resource, "Architectures": [wanted["architecture"]]}
    if isinstance(location, Secret):
        parameters["ZipFile"] = Package(location)
    if observed.get("source_kms_key"):
        # Left out, AWS would encrypt the package with a key of its own from now on.
        parameters["SourceKMSKeyArn"] = observed["source_kms_key"]
    if observed.get("revision_id"):
        parameters["RevisionId"] = observed["revision_id"]
    return Call("lambda", "UpdateFunctionCode", parameters)


def follows(shown: Shown) -> bool:
    """The function's own architecture."""
    return shown.of_the_function and shown.field == "architecture" and shown.valued(text)


SETTING = Setting(
    kind=KIND,
    title="function code",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    identity=identity,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    refuse=refuse,
    progress=progress,
    asynchronous=True,
    read_actions=(Action("lambda:GetFunction", FUNCTION),),
    write_actions=(Action("lambda:UpdateFunctionCode", FUNCTION),),
)

"""The temporary copy of a function that is measured instead of the function itself, and how it is made and removed.

It has the same code, role, layers, environment, network, /tmp and architecture; nothing triggers it, and it is tagged.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused, BadInput, JournalError
from lambda_tailor.iam.permission import ANY_LAYER, FUNCTION, Action
from lambda_tailor.model.package import Package
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Answer, Call

PREFIX = "lambda-tailor-tune-"
TAG = "lambda-tailor:copy-of"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_DIRECT_BYTES = 50 * 1024**2
_COPY = f"arn:{{partition}}:lambda:{{region}}:{{account}}:function:{PREFIX}*"
_LOGS = f"arn:{{partition}}:logs:{{region}}:{{account}}:log-group:/aws/lambda/{PREFIX}*:*"
READ_ACTIONS = (
    Action("lambda:GetFunction", FUNCTION),
    Action("lambda:GetFunction", _COPY),
    Action("logs:FilterLogEvents", _LOGS),
    Action("lambda:GetLayerVersion", ANY_LAYER),
)
WRITE_ACTIONS = (
    Action("lambda:CreateFunction", _COPY),
    Action("lambda:UpdateFunctionConfiguration", _COPY),
    Action("lambda:PublishVersion", _COPY),
    Action("lambda:InvokeFunction", _COPY),
    Action("lambda:TagResource", _COPY),
    Action("lambda:DeleteFunction", _COPY),
    Action("logs:DeleteLogGroup", _LOGS),
    Action("iam:PassRole", because="the copy has the function's role, which is read with it"),
)
_GONE = "ResourceNotFoundException"
_BUSY = "ResourceConflictException"
_SETTLES_WITHIN_S = 180.0
# Logs come some seconds after their call.
LATE_LOGS_S = 5.0
_FIRST_LOOK_S, _LONGEST_WAIT_S = 0.1, 2.0
_SAME = (
    "Runtime", "Role", "Handler", "Timeout", "Architectures", "PackageType", "KMSKeyArn",
)  # fmt: skip


def copy_name(function: str, tune_id: str) -> str:
    """The copy's name: Lambda takes up to 64 characters."""
    return f"{PREFIX}{tune_id[-6:]}-{function}"[:64]


def _description(tune_id: str) -> str:
    return f"Temporary copy by lambda-tailor tune, {tune_id}"


def refusal(answer: Answer) -> str | None:
    """Why there can be no copy of a function as GetFunction answers it, or None."""
    configuration = answer["Configuration"]
    size = configuration.get("CodeSize") or 0
    if configuration.get("DurableConfig"):
        return "it is a durable function, whose replays look like short invocations"
    if configuration.get("CapacityProviderConfig"):
        return "it runs on managed instances, whose capacity provider decides its size"
    if (configuration.get("Environment") or {}).get("Error"):
        return "its environment cannot be decrypted with these credentials"
    if configuration.get("PackageType") != "Image" and size > MOST_DIRECT_BYTES:
        return f"its package of {size / 1024**2:.0f} MB is over the 50 MB that a copy can be made of without a bucket"
    return None


def warnings(answer: Answer) -> tuple[str, ...]:
    """What a copy does otherwise than the function."""
    said = ["a resource policy elsewhere that names the function's ARN, not its role, does not let the copy in"]
    if (answer["Configuration"].get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions":
        said.append("the copy has no SnapStart")
    return tuple(said)


@dataclass(frozen=True, slots=True)
class Copier:
    """Makes and removes one copy."""

    gateway: Gateway
    name: str
    sleep: Callable[[float], None] = field(default=time.sleep)
    clock: Callable[[], float] = field(default=time.monotonic)

    def make(self, original: Answer, function: str, tune_id: str, memory_mb: int) -> None:
        """Make the copy with that much memory. Raises BadInput where IAM does not allow it, and AwsRefused."""
        parameters = _parameters(original) | {
            "FunctionName": self.name,
            "MemorySize": memory_mb,
            "Description": _description(tune_id),
            "Tags": {TAG: function, "lambda-tailor:tune": tune_id},
        }
        try:
            self.gateway.call(Call("lambda", "CreateFunction", parameters))
        except AccessDenied:
            raise
        except AwsRefused as error:
            if "PassRole" in str(error):
                raise BadInput(
                    f"{function} cannot be copied: these credentials may not iam:PassRole its role; "
                    "'lambda-tailor iam-policy --tune' prints what is needed."
                ) from error
            raise

    def version(self, memory_mb: int) -> str:
        """A published version of the copy with that much memory."""
        changed = {"FunctionName": self.name, "MemorySize": memory_mb}
        self._again(Call("lambda", "UpdateFunctionConfiguration", changed))
        self.settled()
        asked = {"FunctionName": self.name, "Description": f"{memory_mb} MB"}
        made = self._again(Call("lambda", "PublishVersion", asked))
        self.settled(str(made["Version"]))
        return str(made["Version"])

    def remove(self, function: str, tune_id: str) -> None:
        """Remove the copy with its versions, and its log group; what is gone already is no error.

        A journal may name any function as a copy: only what that tune made is removed. Raises JournalError, AwsRefused.
        """
        if self.name != copy_name(function, tune_id) or not self._made_by(tune_id):
            raise JournalError(
                f"{self.name} is not the copy of {function} that {tune_id} made: it is kept. "
                "Did somebody change the journal?"
            )
        self._gone(Call("lambda", "DeleteFunction", {"FunctionName": self.name}))
        group = Call("logs", "DeleteLogGroup", {"logGroupName": f"/aws/lambda/{self.name}"})
        self._gone(group)
        # Lambda writes logs some time after the call, and makes their group anew; a killed tune may have one under way.
        self.sleep(LATE_LOGS_S)
        self._gone(group)

    def _made_by(self, tune_id: str) -> bool:
        """Whether the copy says so itself; one that is gone speaks against nothing."""
        try:
            seen = self.gateway.call(Call("lambda", "GetFunction", {"FunctionName": self.name}))
        except AwsRefused as error:
            if error.code == _GONE:
                return True
            raise
        return bool(seen["Configuration"].get("Description") == _description(tune_id))

    def _gone(self, call: Call) -> None:
        until = self.clock() + _SETTLES_WITHIN_S
        while True:
            try:
                self.gateway.call(call)
                return
            except AwsRefused as error:
                if error.code == _GONE:
                    return
                if not (error.lost or error.code in (_BUSY, "OperationAbortedException")) or self.clock() > until:
                    raise
            self.sleep(1.0)

    def _again(self, call: Call) -> Answer:
        """A write to the copy, which is ours alone: an earlier update that AWS is still busy with is waited for."""
        until = self.clock() + _SETTLES_WITHIN_S
        while True:
            try:
                return self.gateway.call(call)
            except AwsRefused as error:
                if not (error.lost or error.code == _BUSY) or self.clock() > until:
                    raise
            self.sleep(0.5)

    def settled(self, version: str | None = None) -> None:
        """Wait until the copy, or that version of it, can be invoked. Raises AwsRefused where it cannot."""
        asked = {"FunctionName": self.name} | ({} if version is None else {"Qualifier": version})
        until, wait = self.clock() + _SETTLES_WITHIN_S, _FIRST_LOOK_S
        while True:
            seen = self.gateway.call(Call("lambda", "GetFunction", asked))["Configuration"]
            state, update = seen.get("State", "Active"), seen.get("LastUpdateStatus", "Successful")
            if state in ("Active", "Inactive") and update == "Successful":
                return
            if state == "Failed" or update == "Failed" or self.clock() > until:
                because = seen.get("StateReason") or seen.get("LastUpdateStatusReason") or f"it stays {state}"
                raise AwsRefused(f"The copy {self.name} could not be made ready: {because}.", code="CopyNotReady")
            self.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)


def _parameters(original: Answer) -> dict[str, Any]:
    """What CreateFunction takes for the same function again; the environment stays in memory."""
    configuration, code = original["Configuration"], original.get("Code") or {}
    parameters: dict[str, Any] = {name: configuration[name] for name in _SAME if configuration.get(name)}
    location = code.get("Location")
    if configuration.get("PackageType") == "Image":
        parameters["Code"] = {"ImageUri": code.get("ImageUri") or code.get("ResolvedImageUri")}
        if image := (configuration.get("ImageConfigResponse") or {}).get("ImageConfig"):
            parameters["ImageConfig"] = image
    elif isinstance(location, Secret):
        parameters["Code"] = {"ZipFile": Package(location)}
        if key := code.get("SourceKMSKeyArn"):
            parameters["Code"]["SourceKMSKeyArn"] = key
    else:
        raise AwsRefused("AWS does not say where the function's code is.", code="NoCodeLocation")
    if variables := (configuration.get("Environment") or {}).get("Variables"):
        parameters["Environment"] = {"Variables": dict(variables)}
    if layers := configuration.get("Layers"):
        parameters["Layers"] = [layer["Arn"] for layer in layers]
    vpc = configuration.get("VpcConfig") or {}
    if vpc.get("SubnetIds"):
        kept = ("SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack")
        parameters["VpcConfig"] = {name: vpc[name] for name in kept if name in vpc}
    for name in ("EphemeralStorage", "TracingConfig", "FileSystemConfigs"):
        if configuration.get(name):
            parameters[name] = configuration[name]
    return parameters

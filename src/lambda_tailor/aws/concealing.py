"""Secrets in AWS's answers become the type ``Secret`` before anybody sees them, and are revealed only to send them."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from lambda_tailor.aws.packages import NotRead, fetch
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.package import Package
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Answer, Call

# Most of what is in a request, which is why these are told first.
_LEAVES = frozenset({str, int, float, bool, type(None)})


def secretive(value: Any) -> bool:
    """Whether there is a secret in a request."""
    if isinstance(value, Secret | Package):
        return True
    if isinstance(value, Mapping):
        return any(map(secretive, value.values()))
    return isinstance(value, list | tuple) and any(map(secretive, value))


def fetched(package: Package) -> bytes:
    data = fetch(package.url.reveal())
    if isinstance(data, NotRead):
        raise AwsRefused(data.because, code="CodeNotFetched")
    return data


def reveal(value: Any) -> Any:
    """The request's parameters with the values of secrets in them."""
    if type(value) in _LEAVES:
        return value
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Package):
        return fetched(value)
    if isinstance(value, Mapping):
        parts = {key: reveal(item) for key, item in value.items()}
        # What has no secret in it is not copied: requests for metrics are large, and several are under way.
        return value if all(parts[key] is item for key, item in value.items()) else parts
    if isinstance(value, list | tuple):
        items = [reveal(item) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    return value


def conceal(call: Call, answer: Any) -> Answer:
    """The answer, in which every value that must not be seen is now wrapped in Secret."""
    match call.service, call.action:
        case "lambda", "GetFunction":
            _conceal_environment(answer.get("Configuration") or {})
            _conceal_location(answer.get("Code"))
        case "lambda", "GetLayerVersionByArn":
            _conceal_location(answer.get("Content"))
        case "lambda", (
            "CreateFunction" | "PublishVersion" | "UpdateFunctionConfiguration" | "UpdateFunctionCode"
            | "GetFunctionConfiguration"
        ):  # fmt: skip
            _conceal_environment(answer)
        case "lambda", "ListFunctions":
            for configuration in answer.get("Functions") or ():
                _conceal_environment(configuration)
        case "secretsmanager", "GetSecretValue":
            if "SecretString" in answer:
                answer["SecretString"] = Secret(answer["SecretString"])
        case "secretsmanager", "BatchGetSecretValue":
            for value in answer.get("SecretValues") or ():
                if "SecretString" in value:
                    value["SecretString"] = Secret(value["SecretString"])
        case "ssm", "GetParameter":
            parameter = answer["Parameter"]
            parameter["Value"] = Secret(parameter["Value"])
        case "sts", "AssumeRole":
            for name in ("SecretAccessKey", "SessionToken"):
                answer["Credentials"][name] = Secret(answer["Credentials"][name])
    concealed: Answer = answer
    return concealed


def _conceal_location(code: Any) -> None:
    """Whoever has the pre-signed URL has the code."""
    if isinstance(code, dict) and code.get("Location"):
        code["Location"] = Secret(code["Location"])


def _conceal_environment(configuration: Any) -> None:
    variables = (configuration.get("Environment") or {}).get("Variables") or {}
    for name, value in variables.items():
        variables[name] = Secret(value)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)

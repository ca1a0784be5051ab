"""What IAM is asked about keys of KMS: of who calls KMS, and of who calls a service that decrypts for its caller.

The emulator (1.5.33) judges calls of KMS without their conditions, by an alias's ARN in place of its key's, and asks
nothing of a secret, parameter, queue, log group or environment that is encrypted under a customer's key. Here an
action is judged on the key itself, with ``kms:ViaService`` and ``kms:RequestAlias``. Of the policies only those that a
user or role has inline are looked at; of a key's own policy, nothing: as KMS makes it, it leaves all to IAM.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

Document = Mapping[str, Any]
_MATCHES = {
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": fnmatchcase,
}
# As each service words it, where it does not repeat what KMS said. {said} is that.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-troubleshooting.html
_WORDS = {
    "secretsmanager": ("AccessDeniedException", "Access to KMS is not allowed"),
    "sqs": ("KMS.AccessDeniedException", "{said} (Service: Kms; Status Code: 400)"),
    "lambda": (
        "AccessDeniedException",
        "Lambda was unable to configure access to your environment variables because the KMS access was denied. "
        "Please check your KMS permissions. KMS Exception: AccessDeniedException KMS Message: {said}",
    ),
}
_SHOWS_VARIABLES = frozenset({"GetFunction", "GetFunctionConfiguration", "UpdateFunctionConfiguration"})


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An action on a key, by its ARN, with what a policy may ask in its conditions."""

    action: str
    key: str
    context: Mapping[str, str]


async def key_uses(backend: Backend, exchange: Exchange) -> AsyncIterator[KeyUse]:
    """What has to be allowed before the request is answered."""
    match exchange.service, exchange.operation:
        case "kms", operation:
            named = exchange.parameters().get("KeyId", "")
            alias = "alias/" + named.partition("alias/")[2] if "alias/" in named else ""
            if key := await key_of(backend, exchange, named):
                yield KeyUse(f"kms:{operation}", key, {"kms:RequestAlias": alias} if alias else {})
        case "lambda", "UpdateFunctionConfiguration" if "Environment" in exchange.parameters():
            function = await backend.function(exchange, exchange.parameters()["FunctionName"]) or {}
            if key := await key_of(backend, exchange, function.get("Configuration", {}).get("KMSKeyArn")):
                yield KeyUse("kms:Encrypt", key, via(exchange))
        case _:
            for named in await _encrypted_under(backend, exchange):
                if key := await key_of(backend, exchange, named):
                    yield KeyUse("kms:Decrypt", key, via(exchange))


async def _encrypted_under(backend: Backend, exchange: Exchange) -> list[str | None]:
    """The keys of all that the request has decrypted, as their owners named them."""
    match exchange.name:
        case "secretsmanager:GetSecretValue":
            return [await _key_of_secret(backend, exchange, exchange.parameters()["SecretId"])]
        case "ssm:GetParameter" | "ssm:GetParameters" if exchange.parameters().get("WithDecryption"):
            asked = exchange.parameters()
            names = asked.get("Names") or [asked["Name"]]
            filters = [{"Key": "Name", "Option": "Equals", "Values": names}]
            found = await backend.json(exchange, "ssm", "AmazonSSM.DescribeParameters", {"ParameterFilters": filters})
            return [each.get("KeyId") for each in found.get("Parameters") or ()]
        case "sqs:ReceiveMessage":
            queue = str(exchange.parameters().get("QueueUrl", "")).rpartition("/")[2]
            attributes = await backend.queue_attributes(exchange, f"::::{exchange.account}:{queue}")
            return [attributes.get("KmsMasterKeyId")]
        case "logs:FilterLogEvents" | "logs:StartQuery":
            asked = exchange.parameters()
            return [
                await _key_of_group(backend, exchange, name)
                for name in asked.get("logGroupNames") or [asked["logGroupName"]]
            ]
    return []


async def _key_of_secret(backend: Backend, exchange: Exchange, secret: str) -> str | None:
    told = await backend.json(exchange, "secretsmanager", "secretsmanager.DescribeSecret", {"SecretId": secret})
    key: str | None = told.get("KmsKeyId")
    return key


async def _key_of_group(backend: Backend, exchange: Exchange, name: str) -> str | None:
    asked = {"logGroupNamePrefix": name}
    told = await backend.json(exchange, "logs", "Logs_20140328.DescribeLogGroups", asked)
    return next((each.get("kmsKeyId") for each in told.get("logGroups") or () if each["logGroupName"] == name), None)


async def key_of(backend: Backend, exchange: Exchange, named: str | None) -> str | None:
    """The ARN of a customer's key; None where there is none, and for AWS's own, which lets everybody in."""
    if not named or "alias/aws/" in named:
        return None
    told = await backend.json(exchange, "kms", "TrentService.DescribeKey", {"KeyId": named})
    about = told.get("KeyMetadata") or {}
    arn: str | None = about.get("Arn") if about.get("KeyManager", "CUSTOMER") == "CUSTOMER" else None
    return arn


async def may_use(backend: Backend, exchange: Exchange, principal_arn: str, use: KeyUse) -> bool:
    """Whether a role or user may, by the policies that it has inline."""
    policies = await backend.policies(exchange, principal_arn)
    resolved = [json.dumps(under(json.loads(policy), use.context)) for policy in policies]
    return await backend.may_by(exchange, resolved, use.action, use.key)


def via(exchange: Exchange) -> Mapping[str, str]:
    """The context of what the asked service asks of KMS."""
    return {"kms:ViaService": f"{exchange.service}.{exchange.region}.amazonaws.com"}


def denied(exchange: Exchange, said: str) -> Answer:
    """The refusal, in the words of the service that asked KMS."""
    code, words = _WORDS.get(exchange.service, ("AccessDeniedException", "{said}"))
    return refusal(exchange, code, words.format(said=said))


async def variables_key(backend: Backend, exchange: Exchange, configuration: Document) -> KeyUse | None:
    """What has to be allowed for a function's variables to be in an answer."""
    key = await key_of(backend, exchange, configuration.get("KMSKeyArn")) if configuration.get("Environment") else None
    return None if key is None else KeyUse("kms:Decrypt", key, via(exchange))


def shown_configurations(exchange: Exchange, told: Document) -> list[dict[str, Any]]:
    """The functions of an answer that has their variables."""
    if exchange.service != "lambda":
        return []
    if exchange.operation == "ListFunctions":
        return list(told.get("Functions") or ())
    if exchange.operation not in _SHOWS_VARIABLES:
        return []
    return [told.get("Configuration", told)]


def without_variables(configuration: dict[str, Any], said: str) -> None:
    """What AWS has in their place: https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentResponse.html ."""
    words = "Lambda was unable to decrypt your environment variables because the KMS access was denied. {said}"
    error = {"ErrorCode": "AccessDeniedException", "Message": words.format(said=said)}
    configuration["Environment"] = {"Error": error}


def under(policy: Document, context: Mapping[str, str]) -> Document:
    """The policy as it stands for a request: without the conditions on KMS that hold, nor statements of those that not.

    Other conditions are left as they are.
    """
    statements = policy.get("Statement") or []
    given = statements if isinstance(statements, list) else [statements]
    return {**policy, "Statement": [left for each in given if (left := _holding(each, context)) is not None]}


def _holding(statement: Document, context: Mapping[str, str]) -> Document | None:
    known = {name.lower(): value for name, value in context.items()}
    left: dict[str, dict[str, Any]] = {}
    for operator, asked in (statement.get("Condition") or {}).items():
        for name, wanted in asked.items():
            if not name.lower().startswith("kms:"):
                left.setdefault(operator, {})[name] = wanted
            elif not _met(operator, known.get(name.lower()), [wanted] if isinstance(wanted, str) else wanted):
                return None
    return {**{name: value for name, value in statement.items() if name != "Condition"}, "Condition": left}


def _met(operator: str, found: str | None, wanted: Collection[str]) -> bool:
    matches = _MATCHES.get(operator)
    return matches is not None and found is not None and any(matches(found, each) for each in wanted)

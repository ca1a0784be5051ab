"""Values and ARNs of Secrets Manager and Parameter Store; what is read stays a Secret."""

from __future__ import annotations

import json

from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import PARAMETER, PARAMETER_ARN, SECRET, SECRET_ARN, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Call


def _secret(opened: OpenScope, name: str) -> Resource:
    secret_id, _, key = name.partition("#")
    answer = answer_or_none(
        opened, Call("secretsmanager", "GetSecretValue", {"SecretId": secret_id}), "ResourceNotFoundException"
    )
    if answer is None:
        return Missing()
    value = answer.get("SecretString")
    if not isinstance(value, Secret):
        return Unreadable(f"secret {secret_id} is binary: a variable takes text")
    return Found({"value": value, "arn": answer["ARN"]}) if not key else _json_key(secret_id, key, value)


def _json_key(secret_id: str, key: str, value: Secret) -> Resource:
    try:
        document = json.loads(value.reveal())
    except ValueError:
        return Unreadable(f"secret {secret_id} is no JSON object, so it has no key {key}")
    if not isinstance(document, dict) or not isinstance(document.get(key), str | int | float):
        return Unreadable(f"secret {secret_id} has no key {key} with a plain value")
    return Found({"value": Secret(str(document[key]))})


def _secret_arn(opened: OpenScope, name: str) -> Resource:
    answer = answer_or_none(
        opened, Call("secretsmanager", "DescribeSecret", {"SecretId": name}), "ResourceNotFoundException"
    )
    if answer is None:
        return Missing()
    return Found({"value": Secret(answer["ARN"]), "arn": answer["ARN"], "kms_key": answer.get("KmsKeyId")})


def _parameter_arn(opened: OpenScope, name: str) -> Resource:
    """Without its value: a SecureString stays encrypted."""
    asked = {"Name": name, "WithDecryption": False}
    answer = answer_or_none(opened, Call("ssm", "GetParameter", asked), "ParameterNotFound")
    if answer is None:
        return Missing()
    arn = answer["Parameter"]["ARN"]
    return Found({"value": Secret(arn), "arn": arn, "kms_key": None})


def _parameter(opened: OpenScope, name: str) -> Resource:
    asked = {"Name": name, "WithDecryption": True}
    answer = answer_or_none(opened, Call("ssm", "GetParameter", asked), "ParameterNotFound")
    return Missing() if answer is None else Found({"value": answer["Parameter"]["Value"]})


KINDS = (
    LookupKind(
        kind="secret",
        read=one_by_one(_secret),
        costs="name",
        actions=(Action("secretsmanager:GetSecretValue", SECRET),),
    ),
    LookupKind(
        kind="secret-arn",
        read=one_by_one(_secret_arn),
        costs="name",
        actions=(Action("secretsmanager:DescribeSecret", SECRET_ARN),),
    ),
    LookupKind(
        kind="parameter-arn",
        read=one_by_one(_parameter_arn),
        costs="name",
        actions=(Action("ssm:GetParameter", PARAMETER_ARN),),
    ),
    LookupKind(
        kind="parameter",
        read=one_by_one(_parameter),
        costs="name",
        actions=(Action("ssm:GetParameter", PARAMETER),),
    ),
)

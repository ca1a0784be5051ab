"""Values and ARNs of Secrets Manager and Parameter Store; what is read stays a Secret. Many are read by twenty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambda_tailor.aws.faults import DENIED, denial
from lambda_tailor.aws.lookups.kind import MANY, LookupKind, Resources, answer_or_none, one_by_one, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import PARAMETER, PARAMETER_ARN, SECRET, SECRET_ARN, Action
from lambda_tailor.model.function import Found, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Call

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
_A_BATCH = 20
# Below this share of a batch that is there, a listing by the hundred spares more batches than it costs.
_MOSTLY = 0.8


def _secrets(opened: OpenScope, names: Sequence[str]) -> Resources:
    """Many secrets, twenty a call; once there are few of those asked for, the ones that are there are listed first."""
    if len(names) < MANY:
        return one_by_one(_secret)(opened, names)
    wanted = sorted({name.partition("#")[0] for name in names})
    values: dict[str, Mapping[str, Any] | Unreadable] = {}
    try:
        there: frozenset[str] | None = None
        while wanted:
            batch, wanted = wanted[:_A_BATCH], wanted[_A_BATCH:]
            found = dict(_batch(opened, batch))
            values |= found
            if there is None and len(wanted) > _A_BATCH and len(found) < _MOSTLY * len(batch):
                there = _listed(opened)
                # What is named by its ARN may be another account's, which no listing shows.
                wanted = [name for name in wanted if name in there or name.startswith("arn:")]
    except (AccessDenied, AwsRefused):
        # A policy may allow the reading of some secrets and no listing.
        return one_by_one(_secret)(opened, names)
    return {name: _of(name, values) for name in names}


def _listed(opened: OpenScope) -> frozenset[str]:
    pages = opened.gateway.pages(Call("secretsmanager", "ListSecrets", {"MaxResults": 100}), "NextToken")
    return frozenset(secret["Name"] for page in pages for secret in page.get("SecretList") or ())


def _batch(opened: OpenScope, batch: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any] | Unreadable]]:
    """Each secret's answer by the id that it was asked for with, or why there is none; nothing for one that is not."""
    answer = opened.gateway.call(Call("secretsmanager", "BatchGetSecretValue", {"SecretIdList": [*batch]}))
    for value in answer.get("SecretValues") or ():
        yield from ((secret_id, value) for secret_id in (value["Name"], value["ARN"]) if secret_id in batch)
    for error in answer.get("Errors") or ():
        if error.get("ErrorCode") != "ResourceNotFoundException":
            yield str(error.get("SecretId")), Unreadable(_refused(error))


def _refused(error: Mapping[str, Any]) -> str:
    """Why one secret of a batch is not given; AWS's own words only as far as they name an action."""
    code = str(error.get("ErrorCode"))
    if code not in DENIED:
        return f"secretsmanager:GetSecretValue: {code}"
    return str(denial("secretsmanager:GetSecretValue", str(error.get("Message") or "")))


def _of(name: str, values: Mapping[str, Mapping[str, Any] | Unreadable]) -> Resource:
    secret_id, _, key = name.partition("#")
    answer = values.get(secret_id)
    if answer is None:
        return Missing()
    return answer if isinstance(answer, Unreadable) else _value(secret_id, key, answer)


def _secret(opened: OpenScope, name: str) -> Resource:
    secret_id, _, key = name.partition("#")
    answer = answer_or_none(
        opened, Call("secretsmanager", "GetSecretValue", {"SecretId": secret_id}), "ResourceNotFoundException"
    )
    return Missing() if answer is None else _value(secret_id, key, answer)


def _value(secret_id: str, key: str, answer: Mapping[str, Any]) -> Resource:
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
        read=together(_secrets),
        costs="page",
        actions=(Action("secretsmanager:GetSecretValue", SECRET),),
        listing=(Action("secretsmanager:ListSecrets"), Action("secretsmanager:BatchGetSecretValue")),
        arn_names=lambda name: {"secret": (name.partition("#")[0],)},
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

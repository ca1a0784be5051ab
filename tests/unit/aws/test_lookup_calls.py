"""Few calls for many: secrets by twenty and listed only where few are there, one simulation for a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_tailor.aws.lookups import look_up
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.function import Found, Lookup, Missing, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT
from tests.unit.aws.answering import Answering


def vault(there: set[str]) -> Answering:
    def batch(asked: Mapping[str, Any]) -> Answer:
        wanted = asked["SecretIdList"]
        found = [{"Name": n, "ARN": f"arn:{n}", "SecretString": Secret(n)} for n in wanted if n in there]
        missing = [{"SecretId": n, "ErrorCode": "ResourceNotFoundException"} for n in wanted if n not in there]
        return {"SecretValues": found, "Errors": missing}

    return Answering(
        {"BatchGetSecretValue": batch, "ListSecrets": lambda _: {"SecretList": [{"Name": n} for n in sorted(there)]}}
    )


def read(gateway: Answering, kind: str, names: list[str]) -> Mapping[Lookup, Any]:
    return look_up(OpenScope(gateway, ACCOUNT, "aws"), {Lookup(kind, name) for name in names})


NAMES = [f"key-{n:03}" for n in range(200)]


def test_secrets_that_are_all_there_are_not_listed() -> None:
    gateway = vault(set(NAMES))
    found = read(gateway, "secret", NAMES)
    assert dict(gateway.calls) == {"secretsmanager:BatchGetSecretValue": 10}
    assert all(isinstance(found[Lookup("secret", name)], Found) for name in NAMES)


def test_secrets_that_are_not_there_cost_one_batch_and_the_listing() -> None:
    gateway = vault(set(NAMES[150:]))
    found = read(gateway, "secret", NAMES)
    # Of fifty that are there, three batches.
    assert dict(gateway.calls) == {"secretsmanager:BatchGetSecretValue": 4, "secretsmanager:ListSecrets": 1}
    assert [isinstance(found[Lookup("secret", name)], Missing) for name in NAMES] == [True] * 150 + [False] * 50


def test_a_secret_whose_key_refuses_says_so_and_the_others_are_read() -> None:
    error = {"SecretId": NAMES[0], "ErrorCode": "AccessDeniedException", "Message": "Access to KMS is not allowed"}
    gateway = Answering(
        {
            "BatchGetSecretValue": lambda asked: {
                "SecretValues": [
                    {"Name": n, "ARN": f"arn:{n}", "SecretString": Secret(n)}
                    for n in asked["SecretIdList"]
                    if n != NAMES[0]
                ],
                "Errors": [error] if NAMES[0] in asked["SecretIdList"] else [],
            }
        }
    )
    found = read(gateway, "secret", NAMES)
    refused = found[Lookup("secret", NAMES[0])]
    assert isinstance(refused, Unreadable) and refused.because.startswith("kms:Decrypt is not allowed")
    assert sum(isinstance(each, Found) for each in found.values()) == len(NAMES) - 1


ROLE = "arn:aws:iam::123456789012:role/r"


def simulating(most_resources: int = 10_000) -> Answering:
    def simulate(asked: Mapping[str, Any]) -> Answer:
        if len(asked["ResourceArns"]) > most_resources:
            raise AwsRefused("too many", code="ValidationError")
        results = [
            {"EvalActionName": action, "EvalResourceName": arn, "EvalDecision": "allowed"}
            for action in asked["ActionNames"] for arn in asked["ResourceArns"]
        ]  # fmt: skip
        assert len(results) <= asked["MaxItems"] <= 1000
        return {"EvaluationResults": results}

    return Answering({"SimulatePrincipalPolicy": simulate})


def asked_of(queues: int) -> list[str]:
    sent = [f"{ROLE} sqs:SendMessage arn:aws:sqs:us-east-1:1:q{n:04}" for n in range(queues)]
    return [*sent, f"{ROLE} xray:PutTraceSegments *", f"{ROLE} xray:PutTelemetryRecords *"]


def test_one_simulation_holds_a_role_with_all_its_queues() -> None:
    for queues, calls in ((300, 1), (500, 2), (1500, 3)):
        gateway = simulating()
        found = read(gateway, "role-may", asked_of(queues))
        assert gateway.calls == {"iam:SimulatePrincipalPolicy": calls}
        assert all(each == Found({"allowed": True}) for each in found.values())
        assert len(found) == queues + 2


def test_a_simulation_that_iam_finds_too_large_is_asked_in_halves() -> None:
    gateway = simulating(most_resources=100)
    found = read(gateway, "role-may", asked_of(300))
    assert len(found) == 302 and all(each == Found({"allowed": True}) for each in found.values())
    assert gateway.calls["iam:SimulatePrincipalPolicy"] == 7

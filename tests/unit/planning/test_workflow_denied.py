"""What IAM refuses is said in one sentence with the action's name, and stops nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from lambda_tailor.aws.accounts import Scope, Scopes
from lambda_tailor.aws.faults import explain
from lambda_tailor.aws.gateway import Connection, Gateway
from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, CredentialsError
from lambda_tailor.planning import workflow
from lambda_tailor.policy.document import Match
from lambda_tailor.policy.file import load_preset
from lambda_tailor.policy.policy import Exclusion, Origin
from lambda_tailor.settings.setting import Call
from tests.builders import ACCOUNT

SAID = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: {} on resource: {} because no …"


def denied(message: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@pytest.mark.parametrize(
    ("call", "message", "told"),
    [
        (
            Call("lambda", "PutFunctionConcurrency", {}),
            SAID.format("lambda:PutFunctionConcurrency", "arn:aws:lambda:us-east-1:123456789012:function:orders"),
            "lambda:PutFunctionConcurrency is not allowed on arn:aws:lambda:us-east-1:123456789012:function:orders: ",
        ),
        # AWS names the action that is missing, which need not be the call's own.
        (
            Call("lambda", "UpdateFunctionConfiguration", {}),
            SAID.format("lambda:GetLayerVersion", "arn:aws:lambda:us-east-1:123456789012:layer:shared:1"),
            "lambda:GetLayerVersion is not allowed on arn:aws:lambda:us-east-1:123456789012:layer:shared:1: ",
        ),
        (Call("s3", "ListBuckets", {}), "Access Denied", "s3:ListAllMyBuckets is not allowed: "),
        (
            Call("tagging", "GetResources", {}),
            SAID.format("tag:GetResources", "*"),
            "tag:GetResources is not allowed: ",
        ),
        (Call("lambda", "GetLayerVersionByArn", {}), "no", "lambda:GetLayerVersion is not allowed: "),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_the_sentence_names_the_missing_action(call: Call, message: str, told: str) -> None:
    error = explain(denied(message), call, lost=False)
    assert isinstance(error, AccessDenied)
    assert str(error) == f"{told}'lambda-tailor iam-policy' prints what is needed."


class FakeGateway:
    """Answers GetFunction and the account's limits; refuses the functions named."""

    def __init__(self, refused: set[str], region: str = "us-east-1", reserved: int = 0) -> None:
        self.refused, self.region, self.reserved = refused, region, reserved
        self.denied: dict[str, str] = {}
        self.calls: dict[str, int] = {}

    def call(self, call: Call) -> Mapping[str, Any]:
        name = str(call.parameters.get("FunctionName", ""))
        if call.action == "GetAccountSettings":
            return {
                "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000 - self.reserved}
            }
        if call.action in self.refused or name in self.refused:
            raise AccessDenied(f"{call.name} is not allowed on {name}.", action=call.name)
        if call.action == "ListAliases":
            return {}
        return {"Configuration": configuration(name), "Concurrency": {"ReservedConcurrentExecutions": self.reserved}}

    def pages(self, call: Call, *_tokens: str) -> Iterator[Mapping[str, Any]]:
        if call.action in self.refused:
            raise AccessDenied(f"{call.name} is not allowed.", action=call.name)
        yield {"Functions": [configuration("a"), configuration("b")]} if call.action == "ListFunctions" else {}


def at(monkeypatch: pytest.MonkeyPatch, sites: Sequence[OpenScope]) -> None:
    by_region = {opened.region: opened for opened in sites}
    monkeypatch.setattr(workflow, "find_scopes", lambda *_: Scopes([Scope(region) for region in by_region]))
    monkeypatch.setattr(workflow, "open_scope", lambda _connection, scope: by_region[scope.region])


def configuration(name: str) -> Mapping[str, Any]:
    return {"FunctionName": name, "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"}


def test_a_function_that_may_not_be_read_leaves_the_others_in_the_inventory() -> None:
    found = take(cast(Gateway, FakeGateway({"a"})), ACCOUNT, Target(names=("a", "b")))
    assert [function.name for function in found.functions] == ["b"]
    assert found.unread == {"a": "lambda:GetFunction is not allowed on a."}
    assert not found.unknown


def test_a_listed_function_whose_reservation_may_not_be_read_is_not_taken_for_one_without() -> None:
    found = take(cast(Gateway, FakeGateway({"a"}, reserved=7)), ACCOUNT, Target(everything=True))
    assert [(function.name, function.reserved_concurrency) for function in found.functions] == [("b", 7)]
    assert set(found.unread) == {"a"}


def test_a_region_that_is_refused_is_a_problem_and_the_others_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    gateways = [FakeGateway({"ListFunctions"}, "eu-west-1"), FakeGateway(set())]
    sites = [OpenScope(cast(Gateway, g), ACCOUNT, "aws") for g in gateways]
    at(monkeypatch, sites)
    policy = load_preset("reference").only(frozenset({"tracing"}))
    plan = workflow.plan(workflow.Request(target=Target(everything=True), policy=policy))
    assert [(problem.region, problem.because) for problem in plan.problems] == [
        ("eu-west-1", "lambda:ListFunctions is not allowed.")
    ]
    assert [function.name for function in plan.functions] == ["a", "b"]


class Untagged(FakeGateway):
    """Gives functions without their tags, as AWS does where these may not be listed."""

    def call(self, call: Call) -> Mapping[str, Any]:
        answer = super().call(call)
        return (
            {**answer, "TagsError": {"ErrorCode": "AccessDeniedException"}} if call.action == "GetFunction" else answer
        )


def planned(monkeypatch: pytest.MonkeyPatch, gateway: FakeGateway, target: Target, **policy: Any) -> Any:
    at(monkeypatch, [OpenScope(cast(Gateway, gateway), ACCOUNT, "aws")])
    made = load_preset("reference").only(frozenset({"tracing"})).model_copy(update=policy)
    return workflow.plan(workflow.Request(target=target, policy=made))


def test_tags_that_may_not_be_listed_are_unknown_and_not_none(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, Untagged(set()), Target(names=("a",)))
    assert [function.name for function in plan.functions] == ["a"]
    (sentence,) = plan.assumptions["evidence"]["not_read"]
    assert sentence.startswith(f"lambda:ListTags is not allowed on arn:aws:lambda:us-east-1:{ACCOUNT}:function:a: ")


@pytest.mark.parametrize(
    ("gateway", "target", "action"),
    [
        (Untagged(set()), Target(names=("a",)), "lambda:ListTags"),
        (FakeGateway({"GetResources"}), Target(everything=True), "tagging:GetResources"),
    ],
    ids=["by name", "listed"],
)
def test_a_function_is_left_alone_where_the_policy_asks_for_tags_that_are_unknown(
    monkeypatch: pytest.MonkeyPatch, gateway: FakeGateway, target: Target, action: str
) -> None:
    plan = planned(
        monkeypatch, gateway, target, exclude=(Exclusion(Match(tags={"team": "payments"}), Origin("p.yaml", 1)),)
    )
    assert not plan.functions
    assert all(f"the policy asks for its tags, and {action}" in problem.because for problem in plan.problems)
    assert plan.problems


def test_functions_chosen_by_a_tag_are_not_said_to_be_missing_where_tags_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planned(monkeypatch, FakeGateway({"GetResources"}), Target(tags={"team": "payments"}))
    assert [problem.because for problem in plan.problems] == ["tagging:GetResources is not allowed."]


def test_what_somebody_made_do_without_is_said_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(boto3.Session("key", "secret"), "us-east-1", Connection())

    def refuse(call: Call) -> Any:
        raise denied(SAID.format(f"{call.service}:{call.action}", "*"))

    monkeypatch.setattr(gateway, "_send", refuse)
    for action in ("ListAliases", "ListAliases", "GetPolicy"):
        with pytest.raises(AccessDenied):
            gateway.call(Call("lambda", action, {}))
    assert list(gateway.denied) == ["lambda:ListAliases", "lambda:GetPolicy"]
    assert gateway.denied["lambda:GetPolicy"].startswith("lambda:GetPolicy is not allowed: ")


@pytest.mark.parametrize(("unsure", "told"), [(True, []), (False, ["eu-south-2"])])
def test_a_region_that_is_not_enabled_is_left_out_where_nobody_could_tell(
    monkeypatch: pytest.MonkeyPatch, unsure: bool, told: list[str]
) -> None:
    gateway = FakeGateway(set())
    scopes = Scopes([Scope("us-east-1", unsure=unsure), Scope("eu-south-2", unsure=unsure)])

    def opened(_connection: object, scope: Scope) -> OpenScope:
        if scope.region == "eu-south-2":
            raise CredentialsError("AWS does not know these credentials (InvalidClientTokenId).")
        return OpenScope(cast(Gateway, gateway), ACCOUNT, "aws")

    monkeypatch.setattr(workflow, "find_scopes", lambda *_: scopes)
    monkeypatch.setattr(workflow, "open_scope", opened)
    policy = load_preset("reference").only(frozenset({"tracing"}))
    plan = workflow.plan(workflow.Request(target=Target(everything=True), policy=policy))
    assert [problem.region for problem in plan.problems] == told
    assert [function.name for function in plan.functions] == ["a", "b"]

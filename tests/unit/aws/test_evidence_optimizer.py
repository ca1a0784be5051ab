"""Compute Optimizer's advice, where there is any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lambda_tailor.errors import AccessDenied, AwsRefused, EndpointUnreachable
from lambda_tailor.model.evidence import Absent, Recommendation
from lambda_tailor.settings.setting import Answer
from tests.builders import a_function
from tests.unit.aws.answering import ALL, Answering, Replies, fleet, read

ADVICE = {
    "functionArn": f"{a_function('f0000').arn}:$LATEST",
    "finding": "NotOptimized",
    "memorySizeRecommendationOptions": [{"rank": 2, "memorySize": 512}, {"rank": 1, "memorySize": 896}],
}


def test_compute_optimizers_first_choice_is_taken() -> None:
    replies = {"GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": [ADVICE]}}
    first, second = read(Answering(replies), fleet(2), readings=ALL).evidence.values()
    assert first.recommendation == Recommendation(896, "NotOptimized", "Compute Optimizer")
    assert isinstance(second.recommendation, Absent)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AwsRefused("x", code="OptInRequiredException"), "the account is not enrolled in Compute Optimizer"),
        (AccessDenied("denied here", action="a"), "denied here"),
        (EndpointUnreachable("gone"), "Compute Optimizer does not answer in us-east-1"),
    ],
)
def test_without_compute_optimizer_that_is_said_once(error: Exception, said: str) -> None:
    def refuse(_: Mapping[str, Any]) -> Answer:
        raise error

    gathered = read(Answering({"GetLambdaFunctionRecommendations": refuse}), fleet(3), readings=ALL)
    assert gathered.notes.count(said) == 1


def advised(*advice: Mapping[str, Any]) -> Recommendation | Absent:
    replies = {"GetLambdaFunctionRecommendations": lambda _: {"lambdaFunctionRecommendations": list(advice)}}
    return next(iter(read(Answering(replies), fleet(1), readings=ALL).evidence.values())).recommendation


def test_advice_for_a_version_is_not_advice_for_the_function() -> None:
    version = {**ADVICE, "functionVersion": "7", "memorySizeRecommendationOptions": [{"rank": 1, "memorySize": 128}]}
    latest = {**ADVICE, "functionVersion": "$LATEST"}
    for order in ((latest, version), (version, latest)):
        found = advised(*order)
        assert isinstance(found, Recommendation) and found.memory_mb == 896


def test_advice_for_another_size_is_stale() -> None:
    found = advised({**ADVICE, "currentMemorySize": 512})
    assert isinstance(found, Absent) and "512 MB" in found.because
    assert isinstance(advised({**ADVICE, "currentMemorySize": 3008}), Recommendation)


def test_compute_optimizers_savings_after_discounts_are_the_accounts_factor() -> None:
    def money(usd: float) -> dict[str, Any]:
        return {"estimatedMonthlySavings": {"currency": "USD", "value": usd}}

    option = {"rank": 1, "memorySize": 896, "savingsOpportunity": money(40.0)}
    told = {**ADVICE, "memorySizeRecommendationOptions": [{**option, "savingsOpportunityAfterDiscounts": money(10.0)}]}
    for advice, factor in ((told, 0.25), ({**ADVICE, "memorySizeRecommendationOptions": [option]}, None)):
        answer = {"lambdaFunctionRecommendations": [advice]}
        replies: Replies = {"GetLambdaFunctionRecommendations": lambda _, a=answer: a}  # type: ignore[misc]
        assert read(Answering(replies), fleet(1), readings=ALL).after_discounts == factor

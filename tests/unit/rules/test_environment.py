from __future__ import annotations

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.environment import EnvironmentOptions, judge, lookups
from tests.builders import a_function

SOURCE = "secretsmanager:database-url-{suffix}"
OPTIONS = EnvironmentOptions(variables={"DATABASE_URL": SOURCE})
NEED = Lookup("secret", "database-url-dev")


def judged(resource: Resource, options: EnvironmentOptions = OPTIONS, **given: object) -> Verdict:
    (verdict,) = judge(a_function(resources={NEED: resource}, **given), Evidence(), options)
    return verdict


def test_a_variable_that_is_absent_is_added_by_reference() -> None:
    verdict = judged(Found({"value": Secret("postgres://canary")}))
    assert isinstance(verdict, Proposed)
    assert verdict.transitions[0].after == {"$reference": "secretsmanager:database-url-dev"}
    assert "canary" not in repr(verdict)


def test_a_variable_with_the_secrets_value_is_kept() -> None:
    assert isinstance(judged(Found({"value": Secret("x")}), environment={"DATABASE_URL": Secret("x")}), Kept)


def test_a_missing_secret_blocks_with_its_name() -> None:
    verdict = judged(Missing())
    assert isinstance(verdict, Blocked)
    assert verdict.because == "there is no secret database-url-dev"


def test_a_users_value_is_not_overwritten_unless_asked() -> None:
    resource, theirs = Found({"value": Secret("x")}), {"DATABASE_URL": Secret("theirs")}
    assert isinstance(judged(resource, environment=theirs), Blocked)
    assert isinstance(judged(resource, OPTIONS.model_copy(update={"overwrite": True}), environment=theirs), Proposed)


def test_an_unreadable_secret_blocks() -> None:
    assert isinstance(judged(Unreadable("denied")), Blocked)


def test_one_missing_secret_fails_no_other_variable() -> None:
    options = EnvironmentOptions(variables={"DATABASE_URL": SOURCE, "API_KEY": "secretsmanager:api-key-{suffix}"})
    resources: dict[Lookup, Resource] = {
        NEED: Missing(),
        Lookup("secret", "api-key-dev"): Found({"value": Secret("k")}),
    }
    first, second = judge(a_function(resources=resources), Evidence(), options)
    assert isinstance(first, Blocked)
    assert isinstance(second, Proposed)


def test_four_kilobytes_are_checked_in_the_plan() -> None:
    verdict = judged(Found({"value": Secret("v" * 4096)}))
    assert isinstance(verdict, Blocked)
    assert "Lambda takes 4096" in verdict.because


def test_the_limit_counts_names_and_bytes() -> None:
    room = 4096 - len("ENVIRONMENTdevLOG_LEVELINFODATABASE_URL")
    assert isinstance(judged(Found({"value": Secret("v" * room)})), Proposed)
    assert isinstance(judged(Found({"value": Secret("v" * (room + 1))})), Blocked)
    assert isinstance(judged(Found({"value": Secret("ü" * (room // 2 + 1))})), Blocked)


@pytest.mark.parametrize(
    ("source", "mode", "lookup"),
    [
        ("secretsmanager:a#url", "value", Lookup("secret", "a#url")),
        ("ssm:/app/url", "value", Lookup("parameter", "/app/url")),
        ("secretsmanager:a#url", "reference", Lookup("secret-arn", "a")),
    ],
)
def test_every_kind_of_source_is_looked_up(source: str, mode: str, lookup: Lookup) -> None:
    options = EnvironmentOptions.model_validate({"variables": {"URL": source}, "mode": mode})
    assert list(lookups(a_function(), options)) == [lookup]


@pytest.mark.parametrize("variables", [{"AWS_REGION": "ssm:x"}, {"1A": "ssm:x"}, {"OK": "plain-text"}, {"OK": "ssm:"}])
def test_impossible_variables_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EnvironmentOptions(variables=variables)

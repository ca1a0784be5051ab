from __future__ import annotations

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.environment import EnvironmentOptions, judge, lookups, more_lookups
from tests.builders import a_function

SOURCE = "secretsmanager:database-url-{suffix}"
OPTIONS = EnvironmentOptions(variables={"DATABASE_URL": SOURCE}, mode="value")
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
    both = {"DATABASE_URL": SOURCE, "API_KEY": "secretsmanager:api-key-{suffix}"}
    options = EnvironmentOptions(variables=both, mode="value")
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
    room = 4096 - len('{"ENVIRONMENT":"dev","LOG_LEVEL":"INFO","DATABASE_URL":""}')
    assert isinstance(judged(Found({"value": Secret("v" * room)})), Proposed)
    assert isinstance(judged(Found({"value": Secret("v" * (room + 1))})), Blocked)
    assert isinstance(judged(Found({"value": Secret("ü" * (room // 2 + 1))})), Blocked)
    # JSON escapes: each quote takes two bytes.
    assert isinstance(judged(Found({"value": Secret('"' * (room // 2))})), Proposed)
    assert isinstance(judged(Found({"value": Secret('"' * (room // 2 + 1))})), Blocked)


@pytest.mark.parametrize(
    ("source", "mode", "lookup"),
    [
        ("secretsmanager:a#url", "value", Lookup("secret", "a#url")),
        ("ssm:/app/url", "value", Lookup("parameter", "/app/url")),
        ("secretsmanager:a#url", "reference", Lookup("secret-arn", "a")),
        ("ssm:/app/url", "reference", Lookup("parameter-arn", "/app/url")),
    ],
)
def test_every_kind_of_source_is_looked_up(source: str, mode: str, lookup: Lookup) -> None:
    options = EnvironmentOptions.model_validate({"variables": {"URL": source}, "mode": mode})
    assert list(lookups(a_function(), options)) == [lookup]


SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-url-dev-AbCdEf"


def referred(allowed: dict[str, Resource], kms_key: str | None = None) -> Verdict:
    options = EnvironmentOptions(variables={"DATABASE_URL": SOURCE})
    found = Found({"value": Secret(SECRET_ARN), "arn": SECRET_ARN, "kms_key": kms_key})
    resources: dict[Lookup, Resource] = {Lookup("secret-arn", "database-url-dev"): found}
    for lookup in more_lookups(a_function(resources=resources), Evidence(), options):
        resources[lookup] = allowed[lookup.name.split(" ")[1]]
    (verdict,) = judge(a_function(resources=resources), Evidence(), options)
    return verdict


def test_a_reference_is_the_default_and_takes_a_role_that_may_read_it() -> None:
    may, may_not = Found({"allowed": True}), Found({"allowed": False})
    verdict = referred({"secretsmanager:GetSecretValue": may})
    assert isinstance(verdict, Proposed)
    assert verdict.transitions[0].after == {"$reference": "secret-arn:database-url-dev"}
    denied = referred({"secretsmanager:GetSecretValue": may_not})
    assert isinstance(denied, Blocked) and "may not secretsmanager:GetSecretValue" in denied.because
    assert isinstance(referred({"secretsmanager:GetSecretValue": Unreadable("no")}), Blocked)


def test_a_customer_key_has_to_be_usable_as_well() -> None:
    may = {"secretsmanager:GetSecretValue": Found({"allowed": True})}
    for key in ("1234-abcd", "arn:aws:kms:us-east-1:123456789012:key/1234-abcd"):
        assert isinstance(referred({**may, "kms:Decrypt": Found({"allowed": True})}, key), Proposed)
        denied = referred({**may, "kms:Decrypt": Found({"allowed": False})}, key)
        assert isinstance(denied, Blocked) and "kms:Decrypt on arn:aws:kms" in denied.because


def test_a_copied_value_says_that_it_goes_stale() -> None:
    verdict = judged(Found({"value": Secret("x")}))
    assert isinstance(verdict, Proposed) and "stale at the next rotation" in verdict.reason


def test_variables_that_cannot_be_decrypted_block_all_others() -> None:
    verdict = judged(Found({"value": Secret("x")}), environment_error="kms:Decrypt is not allowed")
    assert isinstance(verdict, Blocked) and "added: kms:Decrypt is not allowed" in verdict.because


def test_a_name_that_is_not_lambdas_own_is_taken() -> None:
    assert EnvironmentOptions(variables={"AWS_XRAY_CONTEXT_MISSING": "ssm:x"}).variables
    with pytest.raises(ValidationError):
        EnvironmentOptions(variables={"LAMBDA_TASK_ROOT": "ssm:x"})


@pytest.mark.parametrize("variables", [{"AWS_REGION": "ssm:x"}, {"1A": "ssm:x"}, {"OK": "plain-text"}, {"OK": "ssm:"}])
def test_impossible_variables_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EnvironmentOptions(variables=variables)

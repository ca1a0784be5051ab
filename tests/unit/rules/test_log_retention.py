from __future__ import annotations

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.log_retention import ALLOWED_DAYS, LogRetentionOptions, judge
from tests.builders import a_function

SEVEN = LogRetentionOptions(days=7)
GROUP = "/aws/lambda/lambda-function-dev"


def judged(resource: Resource, **given: object) -> Verdict:
    (verdict,) = judge(a_function(resources={Lookup("log-group", GROUP): resource}, **given), Evidence(), SEVEN)
    return verdict


def group(days: int | None) -> Found:
    return Found({"exists": True, "stored_bytes": 1, "retention_days": days})


def test_logs_kept_for_ever_get_a_retention() -> None:
    verdict = judged(group(None))
    assert isinstance(verdict, Proposed)
    assert [t.key.kind for t in verdict.transitions] == ["log-retention"]


def test_a_group_that_does_not_exist_yet_is_made_first() -> None:
    verdict = judged(Missing())
    assert isinstance(verdict, Proposed)
    create, retain = verdict.transitions
    assert (create.key.kind, retain.key.kind) == ("log-group", "log-retention")
    assert retain.requires == (create.key,)


@pytest.mark.parametrize("days", [1, 3, 5, 7])
def test_a_shorter_retention_is_kept(days: int) -> None:
    assert isinstance(judged(group(days)), Kept)


def test_a_legal_hold_keeps_logs() -> None:
    assert isinstance(judged(group(None), tags={"legal-hold": "case 7"}), Blocked)


def test_tags_that_are_not_known_may_hold_logs() -> None:
    verdict = judged(group(None), tags_unread="lambda:ListTags is not allowed")
    assert isinstance(verdict, Blocked)
    assert "lambda:ListTags is not allowed" in verdict.because
    assert isinstance(judged(group(7), tags_unread="no"), Kept)


def test_an_unreadable_group_blocks_with_the_reason() -> None:
    verdict = judged(Unreadable("no permission"))
    assert isinstance(verdict, Blocked)
    assert verdict.because == "no permission"


def test_the_group_that_logging_config_names_is_meant() -> None:
    verdict = judged(Unreadable("x"), log_group="/shared/logs")
    assert isinstance(verdict, Blocked)
    assert "/shared/logs was not looked up" in verdict.because


def test_only_values_that_cloudwatch_takes_are_accepted() -> None:
    with pytest.raises(ValidationError, match="one of 1, 3, 5"):
        LogRetentionOptions(days=8)


def test_the_values_are_those_of_the_service_model() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("logs")
    documented = model.shape_for("Days").documentation
    assert all(f"{days}" in documented for days in ALLOWED_DAYS)

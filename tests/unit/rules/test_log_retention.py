from __future__ import annotations

import pytest
from pydantic import ValidationError

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.log_retention import ALLOWED_DAYS, LogRetentionOptions, judge, settle
from tests.builders import a_function

SEVEN = LogRetentionOptions(days=7)
NOBODY = Found({"groups": []})
GROUP = "/aws/lambda/lambda-function-dev"


def around(resource: Resource, held: Resource = NOBODY) -> dict[Lookup, Resource]:
    return {Lookup("log-group", GROUP): resource} | {Lookup("legal-hold", tag): held for tag in SEVEN.legal_hold_tags}


def judged(resource: Resource, **given: object) -> Verdict:
    (verdict,) = judge(a_function(resources=around(resource), **given), Evidence(), SEVEN)
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


def test_a_tag_of_the_group_or_of_another_writer_holds_logs() -> None:
    for held in (Found({"groups": [GROUP]}), Unreadable("tag:GetResources is not allowed")):
        (verdict,) = judge(a_function(resources=around(group(None), held)), Evidence(), SEVEN)
        assert isinstance(verdict, Blocked)
    (verdict,) = judge(a_function(resources=around(group(None), Found({"groups": ["/other"]}))), Evidence(), SEVEN)
    assert isinstance(verdict, Proposed)


def test_a_group_is_held_for_all_that_write_to_it() -> None:
    resources = around(group(None))
    held = a_function("held", resources=resources, log_group=GROUP, tags={"legal-hold": "case 7"})
    other = a_function("other", resources=resources, log_group=GROUP)
    judged = [(f, judge(f, Evidence(), SEVEN)) for f in (other, held)]
    assert isinstance(judged[0][1][0], Proposed)
    settled = settle(judged, None)
    assert [type(verdicts[0]) for _, verdicts in settled] == [Blocked, Blocked]
    # Both alone: nobody else is stopped.
    alone = settle(judged[:1], None)
    assert isinstance(alone[0][1][0], Proposed)


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

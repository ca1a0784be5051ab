"""How old a plan may be, and which of its functions are no longer those that it was made from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_tailor.applying.freshness import Checked, _because, check_age, stale_operations, to_check
from lambda_tailor.errors import StalePlan
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import ChangeRef
from tests.unit.planning.plans import the_function, the_plan

NOW = "2026-11-24T12:00:00.000+00:00"


@pytest.mark.parametrize(
    "made", ["2026-11-23T12:00:01.000+00:00", NOW, "2026-11-24T12:09:00+00:00", "2026-11-24T11:00Z"]
)
def test_a_plan_of_today_is_taken(made: str) -> None:
    check_age(replace(the_plan(), created_at=made), NOW, 24)


@pytest.mark.parametrize(
    "made",
    ["2026-11-23T11:59:59+00:00", "1970-01-01T00:00:00+00:00", "2026-11-24T12:11:00+00:00", "2099-01-01T00:00:00Z", "",
     "yesterday", "2026-11-24", "2026-11-24T11:00:00", "9" * 5000],
)  # fmt: skip
def test_an_old_plan_or_one_that_hides_its_age_is_refused(made: str) -> None:
    with pytest.raises(StalePlan):
        check_age(replace(the_plan(), created_at=made), NOW, 24)


def test_a_longer_time_may_be_given() -> None:
    check_age(replace(the_plan(), created_at="2026-11-17T12:00:01+00:00"), NOW, 168)


def found(**given: object) -> Function:
    planned = the_plan().functions[0]
    seen = replace(the_function(), role_arn=planned.role_arn, identity="Zip python index.handler")
    return replace(seen, **given)  # type: ignore[arg-type]


CHECKED = Checked(replace(the_plan().functions[0], identity="Zip python index.handler"), "rev-1")


def test_the_same_function_is_fresh() -> None:
    assert _because(CHECKED, found()) is None
    assert _because(replace(CHECKED, revision_id=None), found(revision_id="rev-9")) is None


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (None, "no longer there"),
        (found(revision_id="rev-2"), "was changed after"),
        (found(role_arn="arn:aws:iam::123456789012:role/other"), "another function by now"),
        (found(log_group="/aws/lambda/other"), "another function by now"),
        (found(identity="Zip nodejs index.handler"), "another function by now"),
    ],
)
def test_another_one_is_told(now: Function | None, why: str) -> None:
    assert why in (_because(CHECKED, now) or "")


def test_every_function_that_is_changed_is_checked_and_those_that_the_run_changed_by_what_they_are() -> None:
    plan = the_plan()
    arn = plan.functions[0].arn
    (checked,) = to_check(plan, lambda _arn: False)["123456789012", "us-east-1"]
    assert (checked.planned.arn, checked.revision_id) == (arn, "rev-1")
    (checked,) = to_check(plan, lambda _arn: True)["123456789012", "us-east-1"]
    assert checked.revision_id is None


def test_an_operation_is_stale_where_all_of_its_functions_are() -> None:
    plan = the_plan()
    arn = plan.functions[0].arn
    shared = replace(plan.operations[0], changes={"x": (ChangeRef(arn, "r", "s"), ChangeRef("other", "r", "s"))})
    stale = stale_operations((*plan.operations[1:], replace(shared, id="shared")), {arn: "f is gone"})
    assert len(stale) == len(plan.operations) - 1 > 10
    assert "shared" not in stale
    assert "f is gone: left as it is" in stale.values()

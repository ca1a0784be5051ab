from __future__ import annotations

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.provisioned_concurrency_schedule import (
    ProvisionedConcurrencyScheduleOptions,
    judge,
    more_lookups,
)
from tests.builders import a_function

NAME = "lambda-function-dev"
OPTIONS = ProvisionedConcurrencyScheduleOptions()


def scheduled(hours: list[int] | None, target: Resource | None = None, memory_mb: int = 1024) -> Verdict:
    by_hour = None if hours is None else [4.0 if hour in hours else 0.0 for hour in range(24)]
    resources: dict[Lookup, Resource] = {
        Lookup("provisioned", NAME): Found({"provisioned": {"live": 10}}),
        Lookup("provisioned-use", f"{NAME}:live"): Missing() if by_hour is None else Found({"by_hour": [*by_hour]}),
        Lookup("scalable-target", NAME): target or Missing(),
    }
    function = a_function(resources=resources, memory_mb=memory_mb)
    assert {lookup.name for lookup in more_lookups(function, Evidence(), OPTIONS)} == {f"{NAME}:live", NAME}
    (verdict,) = judge(function, Evidence(), OPTIONS)
    return verdict


def test_idle_nights_get_a_schedule_with_its_price() -> None:
    verdict = scheduled(list(range(8, 18)))
    assert isinstance(verdict, Proposed)
    assert verdict.after == {"executions": 10, "up": "cron(50 7 * * ? *)", "down": "cron(5 18 * * ? *)"}
    target, up, down = verdict.transitions
    assert target.after == {"min": 0, "max": 10}
    assert [t.after for t in (up, down)] == [
        {"schedule": "cron(50 7 * * ? *)", "min": 10, "max": 10},
        {"schedule": "cron(5 18 * * ? *)", "min": 0, "max": 0},
    ]
    assert up.requires == down.requires == (target.key,)
    # Ten executions of a GB for fourteen of twenty-four hours.
    assert float(verdict.adds.provisioned_gb_s) == -10 * 730 * 3600 * 14 / 24


def test_idle_hours_are_counted_over_midnight_and_within_the_day() -> None:
    night = scheduled([22, 23, 0, 1])
    assert isinstance(night, Proposed) and isinstance(night.after, dict)
    assert (night.after["up"], night.after["down"]) == ("cron(50 21 * * ? *)", "cron(5 2 * * ? *)")


def test_use_all_day_at_no_hour_or_unknown_gets_none() -> None:
    assert isinstance(scheduled(list(range(0, 24, 4))), Kept)
    assert isinstance(scheduled([]), Kept)
    assert isinstance(scheduled(None), Kept)


def test_a_number_that_something_else_owns_is_left_alone() -> None:
    assert isinstance(scheduled([9], Found({"targets": {"live": [1, 10]}})), Kept)
    assert isinstance(scheduled([9], Unreadable("denied")), Blocked)

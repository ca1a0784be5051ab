"""How long a run takes follows from the slowest lane of the slowest account and region."""

from __future__ import annotations

import pytest

from lambda_tailor.model.plan import Operation
from lambda_tailor.model.verdict import Key
from lambda_tailor.planning.estimate import estimate, lane_of_operation
from lambda_tailor.settings import all_settings


def operations(kind: str, number: int, account: str = "1", region: str = "us-east-1") -> list[Operation]:
    return [
        Operation(
            id=f"{account}-{region}-{kind}-{n}", account_id=account, region=region, function=f"f{n}",
            key=Key(kind, f"r{n}"), before={}, after={},
        )
        for n in range(number)
    ]  # fmt: skip


def test_lanes_run_side_by_side_and_the_slowest_tells_the_time() -> None:
    found = estimate([*operations("function-configuration", 30), *operations("alarm", 30)], share=1.0)
    assert found is not None
    assert (found.seconds, found.lane, found.calls, found.per_second) == (10.0, "cloudwatch:PutMetricAlarm", 30, 3)


def test_operations_of_one_lane_add_up() -> None:
    found = estimate([*operations("function-configuration", 30), *operations("function-concurrency", 45)], share=0.5)
    assert found is not None and (found.seconds, found.lane, found.calls) == (10.0, "lambda", 75)


def test_accounts_and_regions_run_side_by_side_sixteen_at_a_time() -> None:
    sites = [operations("alarm", 3, region=f"r{n}") for n in range(32)]
    few = estimate([o for site in sites[:16] for o in site], share=1.0)
    many = estimate([o for site in sites for o in site], share=1.0)
    assert few is not None and many is not None
    assert (few.seconds, many.seconds) == (1.0, 2.0)


def test_nothing_to_do_takes_no_time() -> None:
    assert estimate([], share=1.0) is None


@pytest.mark.parametrize("kind", all_settings())
def test_every_kind_of_setting_waits_in_a_lane(kind: str) -> None:
    (operation,) = operations(kind, 1)
    lanes = {"application-autoscaling", "lambda", "cloudwatch", "logs", "sqs", "s3", "iam"}
    assert lane_of_operation(operation).partition(":")[0] in lanes

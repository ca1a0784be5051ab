"""What the changes beyond the ten are worth."""

from __future__ import annotations

from decimal import Decimal

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.planner import Reading
from lambda_tailor.policy import Assumptions
from lambda_tailor.usage import SECONDS_A_MONTH, Usage
from lambda_tailor.worth import worth
from tests.builders import ACCOUNT, REGION, a_function


def test_fewer_provisioned_executions_save_what_they_cost() -> None:
    function = a_function(memory_mb=1024)
    change = Proposed("provisioned_concurrency.live", 3, 1, "", (), adds=Usage(provisioned_gb_s=-2 * SECONDS_A_MONTH))
    reading = Reading(account_id=ACCOUNT, region=REGION, functions=[function])
    (saving,) = worth(Assumptions(), reading)([(function, Evidence(), change)])
    assert saving.low == saving.high == (2 * SECONDS_A_MONTH * Decimal("0.0000041667")).quantize(Decimal("0.0001"))

"""What a function costs now and its load by day, beside its changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from lambda_tailor.model.evidence import Absent, Evidence, Measured
from lambda_tailor.model.plan import PlannedFunction
from lambda_tailor.planning.background import with_background
from lambda_tailor.planning.planner import PlannedScope
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.document import Assumptions
from tests.builders import ACCOUNT, REGION, a_function, measured
from tests.unit.report.plans import a_change, a_planned

# 730 hours a month, so 30.41666 days; 14 days of 460,273.97 runs are a million a month.
RUNS = Measured(460_273.97, "count", "CloudWatch", 14.0, 460_274, (("2026-11-10", 4.0), ("2026-11-12", 6.0)))


def background(evidence: Evidence, *, region: str = REGION, **given: object) -> PlannedFunction:
    function = replace(a_function("f", memory_mb=3008), region=region)
    planned = replace(a_planned("f", (a_change(**given),)), arn=function.arn)
    data = ScopeData(account_id=ACCOUNT, region=region, functions=[function], evidence={function.arn: evidence})
    (found,) = with_background(PlannedScope([planned], []), data, Assumptions()).functions
    return found


def test_a_million_runs_of_five_seconds_at_3008_mb_cost_what_the_worked_example_says() -> None:
    found = background(Evidence(invocations=RUNS, billed_avg=measured(5000)))
    assert found.monthly_cost_usd is not None
    # 244.79 for compute and 0.20 for a million requests.
    assert round(found.monthly_cost_usd.low, 2) == Decimal("244.99")


def test_logs_are_a_part_of_it() -> None:
    logged = Measured(14 * 1024**3 / 30.4166667, "bytes", "CloudWatch", 14.0, 1)
    evidence = Evidence(invocations=RUNS, billed_avg=measured(5000))
    quiet, chatty = background(evidence), background(replace(evidence, log_bytes=logged))
    assert quiet.monthly_cost_usd is not None and chatty.monthly_cost_usd is not None
    # A GB a month at 0.50.
    assert round(chatty.monthly_cost_usd.low - quiet.monthly_cost_usd.low, 2) == Decimal("0.50")


def test_load_that_was_not_measured_is_assumed() -> None:
    found = background(Evidence())
    assert found.monthly_cost_usd is not None and round(found.monthly_cost_usd.low, 2) == Decimal("244.99")


def test_without_prices_nobody_knows() -> None:
    assert background(Evidence(), region="mars-north-1").monthly_cost_usd is None


def test_a_day_without_invocations_has_none_and_one_without_memory_is_not_known() -> None:
    memory = Measured(400.0, "MB", "Lambda Insights", 14.0, 10, (("2026-11-10", 390.0), ("2026-11-12", 400.0)))
    invocations, used = background(Evidence(invocations=RUNS, memory_used=memory)).series
    assert (invocations.first_day, invocations.values) == ("2026-11-10", (4.0, 0.0, 6.0))
    assert used.values == (390.0, None, 400.0)


def test_what_a_sample_tells_by_day_is_said_to_be_a_sample() -> None:
    days = (("2026-11-10", 390.0), ("2026-11-12", 400.0))
    memory = Measured(400.0, "MB", "sample of 750 REPORT records", 14.0, 750, days)
    _, used = background(Evidence(invocations=RUNS, memory_used=memory)).series
    assert used.sampled and used.values == (390.0, None, 400.0)


def test_it_is_said_why_there_is_no_memory_by_day() -> None:
    a_day = Measured(400.0, "MB", "sample of 500 REPORT records, 3 of them older", 0.2, 500)
    _, used = background(Evidence(invocations=RUNS, memory_used=a_day)).series
    assert (used.values, used.because) == ((), "the sample of 500 REPORT records is not of several days")
    _, used = background(Evidence(invocations=RUNS, memory_used=Absent("no log group"))).series
    assert (used.values, used.because) == ((), "no log group")


def test_a_function_about_which_nothing_is_done_has_no_background() -> None:
    found = background(Evidence(invocations=RUNS), kind="finding")
    assert found.monthly_cost_usd is None and found.series == ()

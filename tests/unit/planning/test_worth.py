"""What the changes beyond the ten are worth."""

from __future__ import annotations

from decimal import Decimal

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.usage import DAYS_A_MONTH, SECONDS_A_MONTH, Usage
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.planning.planner import Value
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.worth import discount_notes, price_notes, worth
from lambda_tailor.policy.document import Assumptions
from tests.builders import ACCOUNT, REGION, a_function


def test_fewer_provisioned_executions_save_what_they_cost() -> None:
    function = a_function(memory_mb=1024)
    change = Proposed("provisioned_concurrency.live", 3, 1, "", (), adds=Usage(provisioned_gb_s=-2 * SECONDS_A_MONTH))
    reading = ScopeData(account_id=ACCOUNT, region=REGION, functions=[function])
    (value,) = worth(Assumptions(), reading)([(function, Evidence(), change)])
    saving = value.monthly_usd
    assert saving.low == saving.high == (2 * SECONDS_A_MONTH * Decimal("0.0000041667")).quantize(Decimal("0.0001"))


def _valued(change: Proposed, evidence: Evidence | None = None, region: str = REGION) -> Value:
    function = a_function(memory_mb=1024, timeout_s=300)
    seen = evidence or Evidence()
    reading = ScopeData(account_id=ACCOUNT, region=region, functions=[function], evidence={function.arn: seen})
    (value,) = worth(Assumptions(), reading)([(function, seen, change)])
    return value


def test_tracing_costs_by_the_load_from_bursts_to_an_even_spread() -> None:
    usd = _valued(Proposed("tracing", "PassThrough", "Active", "", ())).monthly_usd
    # 1,000,000 traces at the most and 50,000 at the least, at 5 dollars a million.
    assert (usd.low, usd.high) == (Decimal("-5"), Decimal("-0.25"))


def test_a_retention_saves_where_it_is_known_how_much_is_logged() -> None:
    change = Proposed("retention_days", None, 7, "", ())
    assert _valued(change).monthly_usd.high == 0
    logged = Measured(14 * 1024.0**3, "bytes", "cloudwatch", 14, 1)
    usd = _valued(change, Evidence(log_bytes=logged)).monthly_usd
    # 30.4 GB a month, 0.15 of it stored, 12 months instead of 7 days, at 3 cents.
    months = 12 - 7 / DAYS_A_MONTH
    assert (
        usd.low == usd.high == (DAYS_A_MONTH * Decimal("0.15") * months * Decimal("0.03")).quantize(Decimal("0.0001"))
    )


def test_a_timeout_saves_nothing_and_says_what_a_runaway_day_costs() -> None:
    value = _valued(Proposed("timeout_s", 300, 30, "", ()))
    assert value.monthly_usd == MonthlyUsd()
    a_day = 1_000_000 / DAYS_A_MONTH * Decimal("0.0000166667")
    assert f"${a_day * 30:,.2f} instead of ${a_day * 300:,.2f} at the assumed load" in value.says


def test_a_region_without_prices_is_said_and_not_guessed() -> None:
    value = _valued(Proposed("memory_mb", 1024, 512, "", ()), region="xx-nowhere-1")
    assert value == Value(says="no price is known for the region", priced=False)
    assert "prices refresh" in " ".join(price_notes(["xx-nowhere-1"]))


def test_what_discounts_do_to_a_saving_is_shown_or_said_in_one_line() -> None:
    (unknown,) = discount_notes({"us-east-1": None})
    assert "Savings Plan" in unknown and "until its term ends" in unknown
    assert discount_notes({"us-east-1": 0.37, "eu-west-1": None}) == (
        "us-east-1: after this account's discounts Compute Optimizer leaves 37 % of a saving",
    )


def test_a_function_of_which_no_invocation_is_known_is_worth_nothing_in_what_a_rule_derives() -> None:
    for setting, before, after in (("memory_mb", 1024, 512), ("tracing", "PassThrough", "Active")):
        derived = _valued(Proposed(setting, before, after, "", (), derived=True))
        assert derived.monthly_usd == MonthlyUsd() and not derived.assumed
        assert "no load was measured" in derived.says
        # What a policy states keeps the stated assumption: a million runs.
        stated = _valued(Proposed(setting, before, after, "", ()))
        assert stated.monthly_usd != MonthlyUsd() and stated.assumed


def test_old_versions_that_expire_save_their_storage_where_its_price_is_known() -> None:
    change = Proposed("noncurrent_days", None, 90, "", (), adds=Usage(bucket_gb_month=Decimal(-2)))
    usd = _valued(change).monthly_usd
    assert usd.low == usd.high == 2 * Decimal("0.023")
    elsewhere = _valued(change, region="eu-west-1")
    assert elsewhere.monthly_usd == MonthlyUsd() and "S3 storage not priced here" in elsewhere.says

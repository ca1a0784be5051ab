from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.usage import (
    DAYS_A_MONTH,
    QUANTITIES,
    SECONDS_A_MONTH,
    ZERO,
    Load,
    Profile,
    Scenario,
    Usage,
    alarm_usage,
    compute_usage,
    duration_at,
    log_retention_usage,
    queue_usage,
    secret_usage,
    stored_log_gb,
    tracing_usage,
)
from lambda_tailor.money.bill import (
    Prices,
    Tier,
    attribute,
    attribute_ranges,
    bill,
    prices_for,
    runaway_day_usd,
    tiered,
    total,
)
from lambda_tailor.report.texts import usd_range

WORKED = Load(Decimal(1_000_000), Decimal(5_000), 3008, assumed=True)


def us_east_1() -> Prices:
    prices = prices_for("us-east-1")
    assert isinstance(prices, Prices)
    return prices


PRICES = us_east_1()
LINEAR = Prices("flat", {name: (Tier(None, Decimal(1)),) for name in QUANTITIES})


def compute_usd(memory_mb: int, scenario: Scenario) -> Decimal:
    usage = compute_usage(Profile(memory_mb), WORKED, scenario)
    return bill(usage - Usage(requests=usage.requests), PRICES, free_tier=False)


def show(usd: Decimal) -> str:
    return usd_range(MonthlyUsd(usd, usd))


# Hand-worked examples


def test_the_worked_example_when_the_duration_stays() -> None:
    assert show(compute_usd(3008, "io-bound")) == "$244.79"
    assert show(compute_usd(1024, "io-bound")) == "$83.33"
    assert show(compute_usd(3008, "io-bound") - compute_usd(1024, "io-bound")) == "$161.46"


def test_the_worked_example_when_the_function_is_bound_by_cpu() -> None:
    assert duration_at(1024, WORKED, "cpu-bound") == Decimal(8638)
    assert show(compute_usd(3008, "cpu-bound") - compute_usd(1024, "cpu-bound")) == "$100.83"


def test_the_worked_example_as_a_range() -> None:
    worlds: tuple[Scenario, Scenario] = ("cpu-bound", "io-bound")
    before = [compute_usage(Profile(3008), WORKED, world) for world in worlds]
    after = [compute_usage(Profile(1024), WORKED, world) for world in worlds]
    change = (after[0] - before[0], after[1] - before[1])
    [saving] = attribute_ranges((before[0], before[1]), [change], PRICES, free_tier=False)
    assert usd_range(saving) == "$100.83 to $161.46"


def test_a_single_thread_gains_nothing_above_one_vcpu() -> None:
    assert duration_at(1769, WORKED, "cpu-bound") == WORKED.duration_ms


def test_an_average_with_fractions_stays_as_it_is_where_cpu_does_not_change() -> None:
    load = Load(Decimal(1), Decimal("12.5"), 3008, assumed=False)
    assert duration_at(2048, load, "cpu-bound") == Decimal("12.5")


def test_more_cpu_shortens_the_run() -> None:
    load = Load(Decimal(1), Decimal(1000), 512, assumed=False)
    assert duration_at(1024, load, "cpu-bound") == 500


def test_arm_is_billed_at_its_own_price() -> None:
    usage = compute_usage(Profile(1024, "arm64"), WORKED, "io-bound")
    assert usage == Usage(gb_s_arm=Decimal(5_000_000), requests=Decimal(1_000_000))


def test_only_ephemeral_storage_above_512_mb_is_billed() -> None:
    assert compute_usage(Profile(1024, ephemeral_mb=512), WORKED, "io-bound").ephemeral_gb_s == 0
    assert compute_usage(Profile(1024, ephemeral_mb=1536), WORKED, "io-bound").ephemeral_gb_s == 5_000_000


def test_provisioned_concurrency_that_nobody_uses_is_paid_by_the_second() -> None:
    idle = Load(Decimal(0), Decimal(100), 1024, assumed=False)
    usage = compute_usage(Profile(1024, provisioned=2), idle, "io-bound")
    assert usage == Usage(provisioned_gb_s=2 * SECONDS_A_MONTH)


def test_provisioned_executions_serve_what_they_can_and_the_rest_is_on_demand() -> None:
    usage = compute_usage(Profile(1024, provisioned=1), WORKED, "io-bound")
    assert usage.provisioned_duration_gb_s == SECONDS_A_MONTH
    assert usage.gb_s_x86 == 5_000_000 - SECONDS_A_MONTH


def test_volume_tiers_hold_for_the_part_that_falls_into_them() -> None:
    expected = 6_000_000_000 * Decimal("0.0000166667") + 1_000_000_000 * Decimal("0.000015")
    assert bill(Usage(gb_s_x86=Decimal(7_000_000_000)), PRICES, free_tier=False) == expected


def test_the_free_tier_is_the_accounts_and_shared_by_both_architectures() -> None:
    usage = Usage(gb_s_x86=Decimal(300_000), gb_s_arm=Decimal(300_000), requests=Decimal(1_500_000))
    expected = 200_000 * Decimal("0.0000133334") + 500_000 * Decimal("0.0000002")
    assert bill(usage, PRICES, free_tier=True) == expected


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (alarm_usage(3), "0.30"),
        (secret_usage(2, Decimal(10_000)), "0.85"),
        (queue_usage(Decimal(2_000_000)), "0.80"),
        (Usage(traces=Decimal(1_000_000)), "5"),
        (Usage(log_gb_ingested=Decimal(2), log_gb_month=Decimal(10)), "1.30"),
        (Usage(requests=Decimal(1_000_000)), "0.20"),
    ],
)
def test_what_a_change_adds_has_its_list_price(usage: Usage, usd: str) -> None:
    assert bill(usage, PRICES, free_tier=False) == Decimal(usd)


def test_a_queue_and_traces_within_the_free_tier_cost_nothing() -> None:
    assert bill(queue_usage(Decimal(1_000_000)) + Usage(traces=Decimal(100_000)), PRICES, free_tier=True) == 0


def test_a_quiet_function_is_traced_on_every_run_or_at_the_rate() -> None:
    most, fewest = tracing_usage(WORKED)
    assert (most.traces, fewest.traces) == (Decimal(1_000_000), Decimal(50_000))


def test_a_busy_function_is_traced_once_a_second_and_at_the_rate_beyond() -> None:
    load = Load(SECONDS_A_MONTH * 11, Decimal(10), 128, assumed=False)
    most, _ = tracing_usage(load)
    assert most.traces == SECONDS_A_MONTH + SECONDS_A_MONTH * 10 * Decimal("0.05")


def test_shorter_retention_keeps_less() -> None:
    change = log_retention_usage(Decimal(100), None, 7)
    assert change.log_gb_month == pytest.approx(15 * (7 / DAYS_A_MONTH - 12))


def test_retention_beyond_the_horizon_counts_as_for_ever() -> None:
    assert stored_log_gb(Decimal(1), 3653) == stored_log_gb(Decimal(1), None)


def test_a_runaway_day_costs_every_event_run_to_its_timeout() -> None:
    day = runaway_day_usd(Profile(1024), WORKED, 300, PRICES)
    assert day == pytest.approx(1_000_000 / DAYS_A_MONTH * 300 * Decimal("0.0000166667"), abs=Decimal("0.000001"))
    assert runaway_day_usd(Profile(1024), WORKED, 30, PRICES) == pytest.approx(day / 10, abs=Decimal("0.000001"))


# Ranges


def test_a_range_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match="wrong way round"):
        MonthlyUsd(Decimal(2), Decimal(1))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("100.2", "161.4575", "$100.20 to $161.46"),
        ("-0.4", "-0.4", "-$0.40"),
        ("-1.005", "0.005", "-$1.01 to $0.01"),
        ("1.001", "1.004", "$1.00"),
        ("-0.001", "0.001", "$0.00"),
        ("1234567.8", "1234567.8", "$1,234,567.80"),
    ],
)
def test_a_range_in_words(low: str, high: str, text: str) -> None:
    assert usd_range(MonthlyUsd(Decimal(low), Decimal(high))) == text


def test_the_opposite_of_a_range_is_the_right_way_round() -> None:
    assert -MonthlyUsd(Decimal(1), Decimal(3)) == MonthlyUsd(Decimal(-3), Decimal(-1))


def test_nothing_is_saved_below_zero() -> None:
    assert attribute(Usage(secrets=Decimal(1)), [Usage(secrets=Decimal(-2))], PRICES) == [Decimal("0.40")]


def test_a_negative_quantity_earns_no_free_tier() -> None:
    usage = Usage(gb_s_x86=Decimal(-1_000_000), gb_s_arm=Decimal(1_400_000))
    assert bill(usage, PRICES, free_tier=True) == 1_000_000 * Decimal("0.0000133334")


# Properties

quantities = st.decimals(0, 10**11, places=3)
deltas = st.decimals(-(10**11), 10**11, places=3)
sparse = st.dictionaries(st.sampled_from(QUANTITIES), deltas, max_size=4).map(lambda d: Usage(**d))
usages = st.tuples(*[quantities] * len(QUANTITIES)).map(lambda values: Usage(*values))
pairs = st.tuples(sparse, sparse)


@given(usages, st.sampled_from(QUANTITIES), quantities, st.booleans())
def test_a_bill_never_falls_when_one_quantity_grows(usage: Usage, name: str, more: Decimal, free_tier: bool) -> None:
    grown = usage + Usage(**{name: more})
    assert bill(grown, PRICES, free_tier=free_tier) >= bill(usage, PRICES, free_tier=free_tier)


@given(usages)
def test_the_free_tier_never_costs(usage: Usage) -> None:
    assert 0 <= bill(usage, PRICES, free_tier=True) <= bill(usage, PRICES, free_tier=False)


@given(usages, st.lists(sparse, max_size=6), st.booleans())
def test_the_parts_add_up_to_the_difference_of_the_bills(before: Usage, changes: list[Usage], free_tier: bool) -> None:
    savings = attribute(before, changes, PRICES, free_tier=free_tier)
    after = sum(changes, before)
    whole = bill(before, PRICES, free_tier=free_tier) - bill(after, PRICES, free_tier=free_tier)
    assert sum(savings, Decimal(0)) == whole


@given(usages, st.lists(st.tuples(sparse, st.integers(1, 99)), max_size=6))
def test_the_parts_add_up_where_quantities_have_no_end(before: Usage, changes: list[tuple[Usage, int]]) -> None:
    endless = [Usage(*(getattr(usage, name) / divisor for name in QUANTITIES)) for usage, divisor in changes]
    whole = bill(before, PRICES) - bill(sum(endless, before), PRICES)
    assert sum(attribute(before, endless, PRICES), Decimal(0)) == whole


@given(st.tuples(usages, usages), st.lists(pairs, max_size=6), st.booleans())
def test_the_total_of_the_ranges_contains_both_worlds(
    base: tuple[Usage, Usage], changes: list[tuple[Usage, Usage]], free_tier: bool
) -> None:
    parts = attribute_ranges(base, changes, PRICES, free_tier=free_tier)
    whole = total(parts)
    for world in (0, 1):
        after = sum((change[world] for change in changes), base[world])
        saved = bill(base[world], PRICES, free_tier=free_tier) - bill(after, PRICES, free_tier=free_tier)
        assert whole.low <= saved <= whole.high


@given(st.tuples(usages, usages), st.lists(pairs, max_size=6))
def test_each_range_is_the_right_way_round_and_the_ends_add_up(
    base: tuple[Usage, Usage], changes: list[tuple[Usage, Usage]]
) -> None:
    parts = attribute_ranges(base, changes, PRICES)
    assert all(part.low <= part.high for part in parts)
    assert total(parts) == MonthlyUsd(sum((p.low for p in parts), Decimal(0)), sum((p.high for p in parts), Decimal(0)))


functions = st.lists(
    st.tuples(st.integers(128, 10240), st.integers(128, 10240), st.integers(1, 900_000)), min_size=1, max_size=4
)


@given(functions, st.data())
def test_every_mixture_of_cpu_bound_and_io_bound_functions_is_within_the_total(
    sizes: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    def usage(memory_mb: int, at: int, duration: int, world: Scenario) -> Usage:
        load = Load(Decimal(1000), Decimal(duration), at, assumed=False)
        return compute_usage(Profile(memory_mb), load, world)

    worlds: tuple[Scenario, Scenario] = ("cpu-bound", "io-bound")
    base = [sum((usage(old, old, ms, world) for old, _, ms in sizes), ZERO) for world in worlds]
    changes = [
        tuple(usage(new, old, ms, world) - usage(old, old, ms, world) for world in worlds) for old, new, ms in sizes
    ]
    whole = total(attribute_ranges((base[0], base[1]), changes, LINEAR, free_tier=False))  # type: ignore[arg-type]
    mixture = sum((change[data.draw(st.integers(0, 1))] for change in changes), ZERO)
    assert whole.low <= -mixture.gb_s_x86 + Decimal("0.000001")
    assert -mixture.gb_s_x86 <= whole.high + Decimal("0.000001")


@given(st.integers(128, 10240), st.integers(128, 10240), st.decimals(1, 900_000, places=2))
def test_the_cpu_bound_end_is_never_faster_with_less_memory(before: int, after: int, duration: Decimal) -> None:
    load = Load(Decimal(1000), duration, before, assumed=False)
    if after <= before:
        assert duration_at(after, load, "cpu-bound") >= duration
    else:
        assert duration_at(after, load, "cpu-bound") <= duration


@given(usages, usages)
def test_usage_adds_and_subtracts(one: Usage, other: Usage) -> None:
    assert one + other - other == one
    assert one - other == one + -other
    assert one - one == ZERO


@pytest.mark.parametrize("name", ["gb_s_x86", "gb_s_arm"])
def test_tiers_are_continuous_and_never_dearer_by_volume(name: str) -> None:
    tiers = PRICES.tiers[name]
    for lower, upper in pairwise(tiers):
        assert lower.up_to is not None
        assert upper.usd <= lower.usd
        assert tiered(lower.up_to + 1, tiers) - tiered(lower.up_to, tiers) == upper.usd
        assert tiered(lower.up_to, tiers) - tiered(lower.up_to - 1, tiers) == lower.usd


@given(quantities, quantities)
def test_a_tiered_cost_is_monotone(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert tiered(less, PRICES.tiers["gb_s_x86"]) <= tiered(more, PRICES.tiers["gb_s_x86"])


def test_a_senseless_quantity_has_a_bill_too() -> None:
    assert bill(Usage(gb_s_x86=Decimal("1e300")), PRICES) > Decimal("1e290")

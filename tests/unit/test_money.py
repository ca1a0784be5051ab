from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.money import Prices, Unpriced, attribute, bill, prices_for, tiered
from lambda_tailor.usage import QUANTITIES, ZERO, Load, Profile, Usage, compute_usage, duration_at

CENT = Decimal("0.01")
WORKED = Load(Decimal(1_000_000), Decimal(5_000), 3008, assumed=True)


def us_east_1() -> Prices:
    prices = prices_for("us-east-1")
    assert isinstance(prices, Prices)
    return prices


def compute_usd(memory_mb: int, scenario: str) -> Decimal:
    usage = compute_usage(Profile(memory_mb), WORKED, scenario)  # type: ignore[arg-type]
    requests = Usage(requests=usage.requests)
    return bill(usage - requests, us_east_1(), free_tier=False)


def cents(usd: Decimal) -> Decimal:
    return usd.quantize(CENT, ROUND_HALF_UP)


def test_the_worked_example_when_duration_stays() -> None:
    assert cents(compute_usd(3008, "io-bound")) == Decimal("244.79")
    assert cents(compute_usd(1024, "io-bound")) == Decimal("83.33")
    assert cents(compute_usd(3008, "io-bound") - compute_usd(1024, "io-bound")) == Decimal("161.46")


def test_the_worked_example_when_the_function_is_bound_by_cpu() -> None:
    assert duration_at(1024, WORKED, "cpu-bound") == Decimal(8638)
    saving = compute_usd(3008, "cpu-bound") - compute_usd(1024, "cpu-bound")
    assert cents(saving) == Decimal("100.83")


def test_a_single_thread_gains_nothing_above_one_vcpu() -> None:
    assert duration_at(1769, WORKED, "cpu-bound") == WORKED.duration_ms


def test_arm_is_billed_at_its_own_price() -> None:
    usage = compute_usage(Profile(1024, "arm64"), WORKED, "io-bound")
    assert (usage.gb_s_x86, usage.gb_s_arm) == (0, Decimal(5_000_000))


def test_volume_tiers_hold_for_the_part_that_falls_into_them() -> None:
    seven_billion = Usage(gb_s_x86=Decimal(7_000_000_000))
    expected = Decimal(6_000_000_000) * Decimal("0.0000166667") + Decimal(1_000_000_000) * Decimal("0.000015")
    assert bill(seven_billion, us_east_1(), free_tier=False) == expected


def test_the_free_tier_is_the_accounts_and_shared_by_both_architectures() -> None:
    usage = Usage(gb_s_x86=Decimal(300_000), gb_s_arm=Decimal(300_000), requests=Decimal(1_500_000))
    expected = Decimal(200_000) * Decimal("0.0000133334") + Decimal(500_000) * Decimal("0.0000002")
    assert bill(usage, us_east_1(), free_tier=True) == expected


def test_a_region_without_prices_is_said_and_not_guessed() -> None:
    assert isinstance(prices_for("xx-nowhere-1"), Unpriced)


def test_prices_that_are_borrowed_are_noted() -> None:
    prices = prices_for("eu-central-1")
    assert isinstance(prices, Prices)
    assert any("prices of us-east-1" in note for note in prices.notes)
    assert any("as of 2022-10-01" in note for note in prices.notes)


quantities = st.decimals(0, 10**11, places=3)
usages = st.builds(lambda values: Usage(**dict(zip(QUANTITIES, values, strict=True))), st.tuples(*[quantities] * 13))


@given(usages, usages, st.booleans())
def test_a_bill_never_falls_when_usage_grows(usage: Usage, more: Usage, free_tier: bool) -> None:
    assert bill(usage + more, us_east_1(), free_tier=free_tier) >= bill(usage, us_east_1(), free_tier=free_tier)


@given(usages, st.lists(usages, max_size=5), st.booleans())
def test_the_parts_add_up_to_the_whole(before: Usage, changes: list[Usage], free_tier: bool) -> None:
    savings = attribute(before, changes, us_east_1(), free_tier=free_tier)
    after = sum(changes, before)
    prices = us_east_1()
    whole = bill(before, prices, free_tier=free_tier) - bill(after, prices, free_tier=free_tier)
    assert sum(savings, Decimal(0)) == pytest.approx(whole, abs=Decimal("0.000001"))


@given(st.integers(128, 10240), st.integers(128, 10240), st.integers(1, 900_000))
def test_the_cpu_bound_end_never_saves_more(before: int, after: int, duration: int) -> None:
    load = Load(Decimal(1000), Decimal(duration), before, assumed=False)
    saved = {
        scenario: compute_usage(Profile(before), load, scenario).gb_s_x86  # type: ignore[arg-type]
        - compute_usage(Profile(after), load, scenario).gb_s_x86  # type: ignore[arg-type]
        for scenario in ("cpu-bound", "io-bound")
    }
    if after <= before:
        assert saved["cpu-bound"] <= saved["io-bound"]


def test_usage_adds_and_subtracts() -> None:
    one = Usage(requests=Decimal(1))
    assert one + one - one == one
    assert one - one == ZERO


def test_tiers_are_continuous() -> None:
    tiers = us_east_1().tiers["gb_s_x86"]
    edge = tiers[0].up_to
    assert edge is not None
    step = tiered(edge + 1, tiers) - tiered(edge, tiers)
    assert step == tiers[1].usd

"""What a month's usage costs: US dollars in Decimal.

Volume tiers and the free tier belong to the account, not to a function (with one bill for an
organization, AWS pools them over its accounts, which is not counted here). So one change has no price of
its own: what it saves is the difference of two whole bills, before and after it, with the changes
taken one after the other. Then the parts add up to the whole.

https://aws.amazon.com/lambda/pricing/
https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from lambda_tailor.model.plan import WIDE, MonthlyUsd
from lambda_tailor.model.usage import DAYS_A_MONTH, QUANTITIES, ZERO, Load, Pair, Profile, Usage, compute_usage
from lambda_tailor.money.prices import LABELS, Prices, Tier, Unpriced, prices_for

__all__ = [
    "FREE", "FREE_GB_S", "LABELS", "Prices", "Tier", "Unpriced", "attribute", "attribute_ranges", "bill",
    "prices_for", "runaway_day_usd", "tiered", "total",
]  # fmt: skip

# A month's free tier, once for the whole account. Compute is free in GB-seconds of either architecture.
FREE_GB_S = Decimal(400_000)
FREE: Mapping[str, Decimal] = {
    "requests": Decimal(1_000_000),
    "traces": Decimal(100_000),
    "queue_requests": Decimal(1_000_000),
}
_NOTHING = Decimal(0)
# Every bill is rounded to this, far below a cent, so that differences of bills add up without rest.
_GRAIN = Decimal("0.0000000001")
# What is billed together: the free GB-seconds are shared by both architectures.
_METERS: tuple[tuple[str, ...], ...] = (
    ("gb_s_x86", "gb_s_arm"),
    *((name,) for name in QUANTITIES if name not in {"gb_s_x86", "gb_s_arm"}),
)


def total(parts: Iterable[MonthlyUsd]) -> MonthlyUsd:
    """The sum of ranges: the changes of different functions turn out one way or the other independently."""
    return sum(parts, MonthlyUsd())


def tiered(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """What a quantity costs when each tier's price holds for the part that falls into it."""
    cost, floor = _NOTHING, _NOTHING
    for tier in tiers:
        ceiling = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if ceiling > floor:
            cost += (ceiling - floor) * tier.usd
            floor = ceiling
    return cost


def _metered(meter: tuple[str, ...], quantities: Mapping[str, Decimal], prices: Prices, free_tier: bool) -> Decimal:
    """What is billed together, in whole grains. A quantity below zero costs nothing; nor does one without a price."""
    free = _NOTHING
    if free_tier:
        free = FREE_GB_S if len(meter) > 1 else FREE.get(meter[0], _NOTHING)
    cost = _NOTHING
    for name in meter:
        quantity = quantities[name]
        if quantity > 0:
            spent = min(free, quantity)
            free -= spent
            cost += tiered(quantity - spent, prices.tiers.get(name, ()))
    return cost.quantize(_GRAIN, ROUND_HALF_EVEN, WIDE)


def bill(usage: Usage, prices: Prices, *, free_tier: bool = True) -> Decimal:
    """A whole account's month in one region, with volume tiers and the free tier applied once."""
    quantities = {name: getattr(usage, name) for name in QUANTITIES}
    return sum((_metered(meter, quantities, prices, free_tier) for meter in _METERS), _NOTHING)


def attribute(before: Usage, changes: Iterable[Usage], prices: Prices, *, free_tier: bool = True) -> list[Decimal]:
    """What each change to an account's usage saves, taken one after the other.

    Each is ``bill`` before it minus ``bill`` after it, so the parts add up to the whole exactly. What
    a change does away with has to be in ``before``; nothing is saved below zero.
    """
    saving = _savings(before, prices, free_tier)
    return [saving(change) for change in changes]


def _savings(before: Usage, prices: Prices, free_tier: bool) -> Callable[[Usage], Decimal]:
    """Gives what a change saves after all those that it was asked for before."""
    quantities = {name: getattr(before, name) for name in QUANTITIES}
    costs = {meter: _metered(meter, quantities, prices, free_tier) for meter in _METERS}

    def saving(change: Usage) -> Decimal:
        saved = _NOTHING
        if change is ZERO:
            return saved
        # A plan has tens of thousands of changes and each touches few meters: only those are read again.
        for meter in _METERS:
            deltas = [(name, delta) for name in meter if (delta := getattr(change, name))]
            if deltas:
                quantities.update((name, quantities[name] + delta) for name, delta in deltas)
                cost = _metered(meter, quantities, prices, free_tier)
                saved += costs[meter] - cost
                costs[meter] = cost
        return saved

    return saving


def attribute_ranges(
    base: Pair, changes: Iterable[Pair], prices: Prices, *, free_tier: bool = True
) -> list[MonthlyUsd]:
    """What each change saves, as a range over two worlds: (pessimistic, optimistic), as a rule (CPU-bound, I/O-bound).

    In each world the parts are those of ``attribute`` and add up to that world's two bills. A part's
    range runs from the lower of its two values to the higher one, since a change may save more in the
    pessimistic world (one that adds memory makes a CPU-bound function faster). The whole is the sum
    of the parts, ``total``. It contains the saving of both worlds, and equals them where no part is
    turned round; where some are, it is wider, and rightly: one function may be bound by CPU and
    another by I/O.
    """
    pessimistic, optimistic = (_savings(world, prices, free_tier) for world in base)
    return [MonthlyUsd.between(pessimistic(most), optimistic(least)) for most, least in changes]


def runaway_day_usd(profile: Profile, load: Load, timeout_s: int, prices: Prices) -> Decimal:
    """The compute of a day on which every event of the load hangs until the timeout ends it.

    A timeout saves nothing by itself; the difference of two such days is the exposure that it
    removes. Without free tier, which a runaway soon has used up.
    """
    day = Load(load.invocations_per_month / DAYS_A_MONTH, Decimal(timeout_s) * 1000, profile.memory_mb, load.assumed)
    usage = compute_usage(Profile(profile.memory_mb, profile.architecture, profile.ephemeral_mb), day, "io-bound")
    return bill(usage - Usage(requests=usage.requests), prices, free_tier=False)

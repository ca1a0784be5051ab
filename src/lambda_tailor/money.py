"""What a month's usage costs: US dollars in Decimal, prices as dated data by region.

https://aws.amazon.com/lambda/pricing/
https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from lambda_tailor.usage import QUANTITIES, Usage

# A month's free tier, once for the whole account.
FREE_GB_S = Decimal(400_000)
FREE: Mapping[str, Decimal] = {
    "requests": Decimal(1_000_000),
    "traces": Decimal(100_000),
    "queue_requests": Decimal(1_000_000),
}
REFERENCE_REGION = "us-east-1"
_COMPUTE = ("gb_s_x86", "gb_s_arm")


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for one unit, up to a month's volume; None is without end."""

    up_to: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """A region's price list. ``notes`` says what in it is not of that region or not of today."""

    region: str
    tiers: Mapping[str, Sequence[Tier]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unpriced:
    """There is no price for a region, because …"""

    region: str
    because: str


@cache
def _data() -> Mapping[str, Any]:
    text = (files("lambda_tailor.prices") / "prices.json").read_text(encoding="utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data


@cache
def prices_for(region: str) -> Prices | Unpriced:
    """The price list of a region. What is not known there is taken from us-east-1, and said in the notes."""
    data = _data()
    own = data["regions"].get(region)
    if own is None:
        return Unpriced(region, f"the price list of {data['as_of']} has no region {region}: no money is told for it")
    fallback = data["regions"][REFERENCE_REGION]
    notes = [f"{region}: prices as of {own['as_of']}"]
    borrowed = [name for name in QUANTITIES if name not in own]
    if borrowed:
        notes.append(f"{region}: everything but compute at the prices of {REFERENCE_REGION}, as of {fallback['as_of']}")
    if "gb_s_arm" in borrowed:
        notes.append(f"{region}: no arm64 price is known")
    tiers = {name: _tiers(own.get(name, fallback[name])) for name in QUANTITIES}
    return Prices(region, tiers, tuple(notes))


def _tiers(raw: str | Sequence[tuple[str | None, str]]) -> Sequence[Tier]:
    if isinstance(raw, str):
        return (Tier(None, Decimal(raw)),)
    return tuple(Tier(None if up_to is None else Decimal(up_to), Decimal(usd)) for up_to, usd in raw)


def tiered(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """What a quantity costs when each tier's price holds for the part that falls into it."""
    total, floor = Decimal(0), Decimal(0)
    for tier in tiers:
        ceiling = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if ceiling > floor:
            total += (ceiling - floor) * tier.usd
            floor = ceiling
    return total


def bill(usage: Usage, prices: Prices, *, free_tier: bool) -> Decimal:
    """A whole account's month in one region, with volume tiers and the free tier applied once."""
    billed = {name: max(Decimal(0), getattr(usage, name)) for name in QUANTITIES}
    if free_tier:
        left = FREE_GB_S
        for name in _COMPUTE:
            spent = min(left, billed[name])
            billed[name] -= spent
            left -= spent
        for name, free in FREE.items():
            billed[name] = max(Decimal(0), billed[name] - free)
    return sum((tiered(quantity, prices.tiers[name]) for name, quantity in billed.items()), Decimal(0))


def attribute(before: Usage, changes: Sequence[Usage], prices: Prices, *, free_tier: bool) -> list[Decimal]:
    """What each change to an account's usage saves, one after the other: the parts add up to the whole."""
    savings: list[Decimal] = []
    usage, cost = before, bill(before, prices, free_tier=free_tier)
    for change in changes:
        usage += change
        following = bill(usage, prices, free_tier=free_tier)
        savings.append(cost - following)
        cost = following
    return savings

"""Cost against memory, for the functions that are known to have run at several sizes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.evidence import AT_SIZE
from lambda_tailor.model.plan import Change, Plan, PlannedFunction
from lambda_tailor.model.usage import Load, Profile, compute_usage
from lambda_tailor.money.bill import bill
from lambda_tailor.money.prices import Unpriced, prices_for

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Point:
    """What a run took at a size, in ms as billed, over so many runs; and what a million of them cost in US dollars."""

    memory_mb: int
    billed_ms: float
    samples: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Curve:
    """A function's points by size, with the size that it has and the one that is proposed."""

    function: PlannedFunction
    change: Change
    points: tuple[Point, ...]


def curves(plan: Plan) -> list[Curve]:
    """One for each function whose durations at several sizes are known, the greatest saving first."""
    found = [
        Curve(function, change, points)
        for function in plan.functions
        for change in function.changes
        if change.setting == "memory_mb" and len(points := _points(function, change)) > 1
    ]
    return sorted(found, key=lambda curve: (-curve.change.monthly_usd.high, curve.function.arn))


def _points(function: PlannedFunction, change: Change) -> tuple[Point, ...]:
    quotes = [quote for quote in change.evidence if quote.name.startswith(AT_SIZE)]
    prices = prices_for(function.region)
    if not quotes or isinstance(prices, Unpriced):
        return ()
    points = []
    for quote in quotes:
        size = int(quote.name.removeprefix(AT_SIZE))
        profile = Profile(size, "arm64" if function.architecture == "arm64" else "x86_64", 512)
        load = Load(MILLION, Decimal(str(quote.value)), size, assumed=False)
        usd = bill(compute_usage(profile, load, "io-bound"), prices, free_tier=False)
        points.append(Point(size, quote.value, quote.samples, usd))
    return tuple(points)

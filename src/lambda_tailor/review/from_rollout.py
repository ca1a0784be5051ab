"""What a finished rollout already tells: both versions were measured side by side, so that nobody has to wait. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from lambda_tailor.model.evidence import Absent, Measured, Measurement
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.realized import RealizedFunction, Window
from lambda_tailor.model.rollout import LookSide, Rollout, RolloutStatus, SideTotal
from lambda_tailor.model.run import Outcome
from lambda_tailor.review.comparison import Profiles, compare, profiles_of

_SOURCE = "guarded rollout, REPORT records of both versions"
_FOUR_PLACES = Decimal("0.0001")


def compared_side_by_side(rollout: Rollout) -> bool:
    """Whether a rollout was promoted after both versions were measured at the same time."""
    return rollout.status is RolloutStatus.PROMOTED and rollout.track == "alias" and bool(rollout.looks)


def realized_by(
    rollout: Rollout, applied: Sequence[Outcome], architecture: str, worse_percent: float
) -> RealizedFunction:
    """The realized saving of one promoted function, with its interval, at the load that it had."""
    look = rollout.looks[-1]
    days = _hours(rollout.started_at, look.at) / 24
    function = Function(
        account_id=rollout.account_id,
        region=rollout.region,
        name=rollout.function,
        arn=rollout.arn,
        revision_id="",
        suffix="",
        memory_mb=rollout.new.memory_mb if rollout.new else 128,
        architecture="arm64" if architecture == "arm64" else "x86_64",
    )
    profiles = profiles_of(function, list(applied))
    if rollout.old is not None:
        profiles = Profiles(replace(profiles.before, memory_mb=rollout.old.memory_mb), profiles.after)
    before = _window(rollout, look.old, rollout.old, days)
    after = _window(rollout, look.new, rollout.new, days)
    # A month of what the version gets now, and not of its share in the rollout.
    hours = max(days * 24, 1 / 60)
    found = compare(function, profiles, before, after, hours=hours, worse_percent=worse_percent)
    # Where no load was known before, it is that of the rollout.
    per_hour = rollout.per_hour or (look.old.invocations + look.new.invocations) / hours
    if found.saved_usd is None:
        return replace(found, measured="side-by-side")
    scale = Decimal(str(per_hour * hours / max(1, look.new.invocations)))
    saved = (found.saved_usd * scale).quantize(_FOUR_PLACES)
    promised = found.promised_usd or MonthlyUsd()
    return replace(
        found,
        measured="side-by-side",
        saved_usd=saved,
        saved_interval_usd=_interval(rollout, found, saved, per_hour),
        promised_usd=MonthlyUsd(promised.low * scale, promised.high * scale).quantize(_FOUR_PLACES)
        if promised
        else None,
    )


def _interval(rollout: Rollout, found: RealizedFunction, saved: Decimal, per_hour: float) -> MonthlyUsd | None:
    """The saving between the ends of the slowdown's interval: compute costs what the runs take."""
    slowdown = rollout.looks[-1].slowdown
    if slowdown is None or found.per_million_usd is None or slowdown[1] is None or slowdown[2] is None:
        return None
    a_month = Decimal(str(per_hour * 730)) / 1_000_000
    _, has = found.per_million_usd
    estimate, low, high = (Decimal(str(1 + each)) for each in slowdown if each is not None)
    ends = [saved + a_month * has * (1 - end / estimate) for end in (high, low)]
    return MonthlyUsd.between(*ends).quantize(_FOUR_PLACES)


def _window(rollout: Rollout, side: LookSide, total: SideTotal | None, days: float) -> Window:
    def measured(value: float | None, unit: str) -> Measurement:
        if value is None:
            return Absent("no REPORT record told it")
        return Measured(value, unit, _SOURCE, days, side.invocations)

    return Window(
        start=rollout.started_at,
        end=rollout.looks[-1].at,
        memory_mb=total.memory_mb if total else 0,
        invocations=measured(side.invocations, "count"),
        errors=measured(side.errors, "count"),
        duration_avg=measured(total.billed_ms if total else None, "ms"),
        duration_p50=measured(side.p50_ms, "ms"),
        duration_p95=measured(side.p95_ms, "ms"),
    )


def _hours(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600

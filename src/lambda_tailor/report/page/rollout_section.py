"""A run's guarded rollouts as a section of its page: each with both distributions of durations, and its looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from lambda_tailor.model.rollout import LookSide, Rollout, SideTotal
from lambda_tailor.report import rollout as words
from lambda_tailor.report.page.rollout_chart import RolloutChart, rollout_chart
from lambda_tailor.report.texts import clean, count

# Bars of a side; each is as much longer than the one before it.
BARS = 24
# The longest runs of a heavy tail would leave no room for the others.
_SHOWN = 0.995


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in per cent of the drawing: where it begins, and the heights of old and new."""

    x: float
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class RolloutCard:
    """One rollout: its name, how it ended, its bars with the durations at their ends, its chart over time, its looks.

    A look is when it was, the new version's share, what both sides did, and what was decided and why.
    """

    title: str
    sentence: str
    bars: tuple[Bar, ...]
    ends: tuple[str, str]
    label: str
    chart: RolloutChart | None
    looks: tuple[tuple[str, str, str, str, str], ...]


def rollout_cards(rollouts: tuple[Rollout, ...]) -> tuple[RolloutCard, ...]:
    """A card a rollout."""
    return tuple(_card(rollout) for rollout in rollouts)


def _card(rollout: Rollout) -> RolloutCard:
    bars, ends = _bars(rollout.old, rollout.new)
    label = f"Durations of the old and the new version of {clean(rollout.function)}; the table below has the figures."
    return RolloutCard(
        title=clean(words.what(rollout)).replace("->", "→"),
        sentence=words.ended(rollout).partition(": ")[2],
        bars=bars,
        ends=ends,
        label=label,
        chart=rollout_chart(rollout),
        looks=tuple(
            (
                f"{datetime.fromisoformat(look.at):%H:%M}",
                f"{look.share} %",
                _did(look.old),
                _did(look.new),
                clean(look.because),
            )
            for look in rollout.looks
            if look.decision != "stay" or look is rollout.looks[-1]
        ),
    )


def _did(side: LookSide) -> str:
    """What a side did, on one line."""
    if not side.invocations:
        return "no calls"
    parts = [count(side.invocations, "call"), f"{100 * side.errors / side.invocations:.1f} % errors"]
    if side.p50_ms is not None:
        parts.append(f"p50 {side.p50_ms:,.0f} ms")
    return ", ".join(parts).replace(" %", "\N{NO-BREAK SPACE}%").replace(" ms", "\N{NO-BREAK SPACE}ms")


def _bars(old: SideTotal | None, new: SideTotal | None) -> tuple[tuple[Bar, ...], tuple[str, str]]:
    sides = [dict(side.histogram) if side is not None else {} for side in (old, new)]
    every = sorted((duration, runs) for side in sides for duration, runs in side.items())
    if not every or not all(sides):
        return (), ("", "")
    shown, seen, total = every[-1][0], 0, sum(runs for _, runs in every)
    for duration, runs in every:
        seen += runs
        if seen >= _SHOWN * total:
            shown = duration
            break
    low, high = math.log(every[0][0]), math.log(shown * 1.02)
    shares = [_shares(side, low, high) for side in sides]
    most = max(max(side) for side in shares) or 1.0
    bars = tuple(
        Bar(round(100 * n / BARS, 2), round(100 * one / most, 1), round(100 * other / most, 1))
        for n, (one, other) in enumerate(zip(*shares, strict=True))
    )
    return bars, (f"{every[0][0]:,.0f} ms", f"{shown:,.0f} ms")


def _shares(side: dict[float, int], low: float, high: float) -> list[float]:
    """The share of the runs in each bar; the last has all that is longer."""
    counts, total = [0] * BARS, sum(side.values())
    for duration, runs in side.items():
        at = int(BARS * (math.log(duration) - low) / (high - low)) if high > low else 0
        counts[min(BARS - 1, max(0, at))] += runs
    return [count / total for count in counts]

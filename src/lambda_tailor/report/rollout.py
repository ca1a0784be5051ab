"""A guarded rollout in words: one line a step, or the block that a terminal keeps up to date. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lambda_tailor.model.rollout import Look, LookSide, Rollout, RolloutStatus, UnfinishedRollout
from lambda_tailor.report.texts import clean

_ENDS = {
    RolloutStatus.RUNNING: "goes on",
    RolloutStatus.PROMOTED: "promoted",
    RolloutStatus.ROLLED_BACK: "went back",
    RolloutStatus.INCONCLUSIVE: "ended without an answer",
}


def what(rollout: Rollout) -> str:
    """The function and what is rolled out: ``thumbnailer live 41 -> 42``."""
    if rollout.alias is None:
        return f"{rollout.function} $LATEST"
    return f"{rollout.function} {rollout.alias} {rollout.from_version} -> {rollout.to_version or 'new version'}"


def line(rollout: Rollout) -> str:
    """A rollout's last look in one line."""
    if not rollout.looks:
        return clean(f"{what(rollout)}: {_ENDS[rollout.status]}{_because(rollout)}")
    look = rollout.looks[-1]
    sides = f"old {calls(look.old)}, new {calls(look.new)}{_slowdown(look)}"
    return clean(f"{what(rollout)}: {look.share} % of the traffic, {sides}: {look.decision}: {look.because}")


def ended(rollout: Rollout) -> str:
    """How a rollout stands, in one line."""
    return clean(f"{what(rollout)}: {_ENDS[rollout.status]}{_because(rollout)}{_cost(rollout)}")


def _cost(rollout: Rollout) -> str:
    """What a thousand runs cost on either side."""
    usd = [side.usd_per_thousand for side in (rollout.old, rollout.new) if side is not None]
    if len(usd) < 2 or usd[0] is None or usd[1] is None:
        return ""
    return f"; a thousand runs cost ${usd[1]:.5f}, on the old version ${usd[0]:.5f}"


def _because(rollout: Rollout) -> str:
    return f" ({rollout.because})" if rollout.because else ""


def block(rollout: Rollout) -> list[str]:
    """A rollout as the terminal shows it while it goes on."""
    name = f"  {what(rollout)}   "
    if not rollout.looks:
        return [clean(f"{name}{_ENDS[rollout.status]}")]
    look = rollout.looks[-1]
    minutes = _minutes(rollout.started_at, look.at)
    left = max(0.0, rollout.minutes - minutes)
    first = f"{name}{look.share} % of the traffic, {minutes:.0f} min, look {len(rollout.looks)}"
    allowed = f", {100 * rollout.allowed_slowdown:g} % allowed" if look.slowdown else ""
    after = f"at most {left:.0f} min left" if rollout.status is RolloutStatus.RUNNING else _ENDS[rollout.status]
    stops = (
        f"more than {100 * rollout.allowed_slowdown:g} % slower, {100 * rollout.allowed_errors:g} % more errors, a new "
        "kind of failure or an alarm stops it"
    )
    return [
        clean(text)
        for text in (
            first,
            f"    old {_figures(look.old)}",
            f"    new {_figures(look.new)}{_slowdown(look)}{allowed}",
            f"    {look.because}; {after}",
            f"    {stops}",
        )
    ]


def _minutes(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60


def calls(side: LookSide) -> str:
    """One side in a few words."""
    median = f" p50 {side.p50_ms:,.0f} ms" if side.p50_ms else ""
    return f"{side.invocations:,} calls {_percent(side)} errors{median}"


def _figures(side: LookSide) -> str:
    durations = f"   p50 {side.p50_ms:,.0f}  p95 {side.p95_ms:,.0f} ms" if side.p50_ms and side.p95_ms else ""
    return f"{side.invocations:>7,} calls   errors {_percent(side)}{durations}"


def _percent(side: LookSide) -> str:
    return f"{100 * side.errors / side.invocations:.1f} %" if side.invocations else "- %"


def _slowdown(look: Look) -> str:
    if look.slowdown is None:
        return ""
    estimate, low, high = look.slowdown
    between = f" ({100 * low:+.0f} to {100 * high:+.0f})" if low is not None and high is not None else ""
    return f"   {100 * estimate:+.0f} %{between}"


def unfinished_lines(unfinished: Iterable[UnfinishedRollout]) -> Sequence[str]:
    """What is said first of rollouts that nobody has ended."""
    return [
        clean(
            f"! {each.function}{f' {each.alias}' if each.alias else ''} is being rolled out, at {each.share} % since "
            f"{each.started_at}: lambda-tailor resume {each.run_id}, or lambda-tailor rollback {each.run_id}"
        )
        for each in unfinished
    ]

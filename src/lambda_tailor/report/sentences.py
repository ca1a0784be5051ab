"""Sentences about a plan that more than one report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from lambda_tailor.model.plan import Change, Estimate, MonthlyUsd, Plan, PlanSummary
from lambda_tailor.report.figures import NOTHING, figures_of
from lambda_tailor.report.texts import brief_range, clean, count, duration, fine_usd, value

_LANES = {
    "lambda": "changes of functions", "cloudwatch:PutMetricAlarm": "alarms", "logs:PutRetentionPolicy": "log groups",
}  # fmt: skip
# Values that come to so many are told by an example.
_TOLD = 1


def net_words(net: MonthlyUsd) -> str:
    """``net saving $554 to $798 a month``, or a cost."""
    if net == NOTHING:
        return "saves and adds no money"
    if net.high <= 0:
        return f"net cost {brief_range(-net)} a month"
    return f"net saving {brief_range(net)} a month"


def plan_total(plan: Plan) -> str:
    """The one line that says what a plan comes to."""
    return f"Plan: {total_of(plan.summary)}; {net_words(figures_of(plan).net)}."


def total_of(s: PlanSummary) -> str:
    """A summary's counts in words."""
    parts = [count(s.functions, "function"), f"{s.changes:,} to change", f"{s.blocked:,} blocked"]
    if s.findings:
        parts.append(count(s.findings, "finding"))
    return ", ".join(parts)


def estimate_text(estimate: Estimate) -> str:
    """How long applying takes, and which of AWS's request quotas makes it so."""
    what = _LANES.get(estimate.lane, estimate.lane)
    where = f"{estimate.account_id}, {estimate.region}"
    pace = f"{estimate.calls:,} {what} at {estimate.per_second:g} a second in {where}"
    return f"To apply: about {duration(estimate.seconds)}, bound by AWS's request quotas ({pace})."


def step_of(change: Change) -> str:
    """Before and after; the unit once where both have the same: ``3008 -> 1769 MB``."""
    before, after = value(change.setting, change.before), value(change.setting, change.after)
    had, unit = before.partition(" ")[::2]
    before = "never" if before == "never expires" else before
    return f"{had if unit and after.partition(' ')[2] == unit and had.isdigit() else before} -> {after}"


def steps_of(changes: Sequence[Change]) -> str:
    """What a group of changes does: the step that most of them make, and that there are others."""
    steps: dict[str, int] = {}
    for change in changes:
        step = _short_step(change)
        steps[step] = steps.get(step, 0) + 1
    first = max(steps, key=lambda step: steps[step], default="")
    return first if len(steps) <= _TOLD else f"{first}, ..."


def _short_step(change: Change) -> str:
    if isinstance(change.after, dict | list) or isinstance(change.before, dict | list):
        return "new" if change.before in (None, [], {}) else "changed"
    return clean(step_of(change)).partition("\n")[0]


def assumption_lines(plan: Plan) -> list[str]:
    """What the money rests on, a sentence a line."""
    assumed = plan.assumptions
    lines = ["Assumptions:"]
    invocations, duration_ms = assumed.get("invocations_per_month"), assumed.get("duration_ms")
    if isinstance(invocations, int):
        lines.append(f"  - where no load was measured: {invocations:,} invocations a month of {duration_ms} ms each")
    lines.append("  - low: the function is bound by CPU and slows down with less memory; high: it is not")
    free = "counted" if assumed.get("free_tier") else "not counted"
    lines.append(f"  - on-demand prices of the region; the free tier is {free}")
    prices = assumed.get("prices")
    lines += [f"  - {note}" for note in (prices if isinstance(prices, Sequence) else ())]
    return lines + _evidence_lines(plan)


def _evidence_lines(plan: Plan) -> list[str]:
    """What reading the evidence cost, and what of it could not be read."""
    evidence = plan.assumptions.get("evidence")
    if not isinstance(evidence, Mapping):
        return []
    charged = fine_usd(Decimal(str(evidence["usd"])))
    lines = [f"  - evidence: {evidence['metrics']:,} metrics asked, {charged} charged by AWS"]
    not_read = evidence["not_read"]
    return lines + [f"  - not read: {because}" for because in (not_read if isinstance(not_read, Sequence) else ())]

"""Money lost: what failed runs cost, and events that were dropped without anybody being told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.usage import DAYS_A_MONTH
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.money.prices import Unpriced, prices_for
from lambda_tailor.rules.rule import Options, Rule

SETTING = "money_lost"
_DROPPED = {
    "async_dropped": "asynchronous events were dropped: they grew too old, or there was no capacity",
    "dead_letter_errors": "failed events could not be sent to the dead-letter queue",
    "destination_failures": "records could not be delivered to their destination",
}


class MoneyLostOptions(Options):
    """From when on it is worth a word."""

    min_monthly_usd: float = Field(default=1, ge=0, description="Dollars a month from which failed runs are reported.")


def judge(function: Function, evidence: Evidence, options: MoneyLostOptions) -> Sequence[Verdict]:
    """What failed, in dollars; and each way in which events were lost."""
    verdicts = [*_failed(function, evidence, options), *_dropped(evidence)]
    return verdicts or (Kept(SETTING, None, "no run failed that cost anything, and no event is known to be lost"),)


def _failed(function: Function, evidence: Evidence, options: MoneyLostOptions) -> Iterator[Verdict]:
    prices, errors = prices_for(function.region), evidence.errors
    took = evidence.billed_avg if isinstance(evidence.billed_avg, Measured) else evidence.duration_avg
    if isinstance(prices, Unpriced) or not isinstance(errors, Measured) or not isinstance(took, Measured):
        return
    ended = evidence.timeouts
    # A run that ends at the timeout is an error that took all of it.
    timeouts = min(ended.value, errors.value) if isinstance(ended, Measured) else 0.0
    seconds = (errors.value - timeouts) * took.value / 1000 + timeouts * function.timeout_s
    meter = "gb_s_arm" if function.architecture == "arm64" else "gb_s_x86"
    compute = Decimal(str(seconds)) * function.memory_mb / 1024 * prices.tiers[meter][0].usd
    usd = compute + Decimal(str(errors.value)) * prices.tiers["requests"][0].usd
    monthly = usd / Decimal(str(errors.window_days)) * DAYS_A_MONTH
    if monthly < Decimal(str(options.min_monthly_usd)) or not monthly:
        return
    retried = "; asynchronous events are tried three times, which is in it" if evidence.asynchronous else ""
    note = (
        f"failed runs cost ${monthly:,.2f} a month: {errors.value:,.0f} errors in {errors.window_days:.0f} days, "
        f"{timeouts:,.0f} of them ended at the timeout{retried}"
    )
    quotes = evidence.quote("errors", "timeouts", "billed_avg", "duration_avg")
    yield Finding(f"{SETTING}.errors", float(round(monthly, 2)), note, Risk.MEDIUM, quotes)


def _dropped(evidence: Evidence) -> Iterator[Verdict]:
    for name, told in _DROPPED.items():
        count = getattr(evidence, name)
        if isinstance(count, Measured) and count.value > 0:
            note = f"{count.value:,.0f} {told}, in {count.window_days:.0f} days; nobody is told of it"
            yield Finding(f"{SETTING}.{name}", int(count.value), note, Risk.HIGH, evidence.quote(name))


RULE = Rule(
    id="money-lost",
    title="What failures cost",
    why="Failed runs are billed like all others, and a dropped event is work that nobody will do.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    options=MoneyLostOptions,
    judge=judge,
    evidence=(
        "errors", "timeouts", "billed_avg", "duration_avg", "async_events", "async_dropped", "dead_letter_errors",
        "destination_failures",
    ),
    surprise="Throttled and dropped events are no errors: the error rate stays at zero while events are lost. "
    "What counts a dead-letter queue or destination that cannot be reached appears only then, and is seldom looked at.",
    order=195,
)  # fmt: skip

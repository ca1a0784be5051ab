"""Provisioned concurrency: executions that are kept warm and paid for, used or not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.usage import SECONDS_A_MONTH, Usage
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "provisioned_concurrency"


class ProvisionedConcurrencyOptions(Options):
    """How much room is left above what was used."""

    headroom_percent: float = Field(default=30, ge=0, le=400, description="Room above the most that were in use.")


def lookups(function: Function, _options: ProvisionedConcurrencyOptions) -> Iterable[Lookup]:
    """What is provisioned for its versions and aliases."""
    return (Lookup("provisioned", function.name),)


def judge(function: Function, evidence: Evidence, options: ProvisionedConcurrencyOptions) -> Sequence[Verdict]:
    """Propose to buy what was in use and no more; what nobody saw in use is reported."""
    match function.resource("provisioned", function.name):
        case Unreadable(because):
            return (Kept(SETTING, None, f"whether any is provisioned is not known: {because}"),)
        case Missing():
            return (Kept(SETTING, 0, "none is provisioned"),)
        case Found(state):
            bought = state["provisioned"]
            assert isinstance(bought, Mapping)
            return [
                _judge_one(function, evidence, options, qualifier, count, alone=len(bought) == 1)
                for qualifier, count in sorted(bought.items())
                if isinstance(count, int)
            ]


def _judge_one(
    function: Function,
    evidence: Evidence,
    options: ProvisionedConcurrencyOptions,
    qualifier: str,
    count: int,
    *,
    alone: bool,
) -> Verdict:
    setting, peak, quotes = f"{SETTING}.{qualifier}", evidence.provisioned_max, evidence.quote("provisioned_max")
    if not isinstance(peak, Measured):
        note = f"{count} executions are provisioned for {qualifier}, and none is known to be in use: {peak.because}"
        return Finding(setting, count, note, Risk.MEDIUM)
    wanted = max(1, math.ceil(peak.value * (1 + options.headroom_percent / 100)))
    if wanted >= count:
        return Kept(setting, count, f"at most {peak.value:.0f} were in use", quotes)
    reason = f"at most {peak.value:.0f} of {count} were in use"
    if not alone:
        # CloudWatch's figure is the function's, so it does not tell which of its aliases uses them.
        return Finding(setting, count, f"{reason}, over all its versions and aliases", Risk.LOW, quotes)
    step = Transition(Key("provisioned-concurrency", f"{function.name}:{qualifier}"), "provisioned", count, wanted)
    fewer = Decimal(count - wanted) * SECONDS_A_MONTH * Decimal(function.memory_mb) / 1024
    return Proposed(setting, count, wanted, reason, (step,), Risk.MEDIUM, quotes, Usage(provisioned_gb_s=-fewer))


RULE = Rule(
    id="provisioned-concurrency",
    title="Provisioned concurrency that is used",
    why="Provisioned executions are paid for around the clock, whether an event comes or not.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html",
    options=ProvisionedConcurrencyOptions,
    judge=judge,
    writes=always("provisioned-concurrency"),
    lookups=lookups,
    evidence=("provisioned_max",),
    order=130,
)

"""Reserved concurrency: a limit on how far one function can run away, within the account's pool."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rule import Judged, Options, Pool, Rule

SETTING = "reserved_concurrency"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
ALWAYS_UNRESERVED = 100


class ReservedConcurrencyOptions(Options):
    """Executions to reserve for each function."""

    target: int | None = Field(default=None, ge=1, description="The reservation wanted, in executions.")


def judge(function: Function, evidence: Evidence, options: ReservedConcurrencyOptions) -> Sequence[Verdict]:
    """Propose the target, or block it where more ran at once; whether it fits the pool is settled later."""
    target = options.target
    if target is None:
        return ()
    current = function.reserved_concurrency
    quotes = evidence.quote("concurrency_max", "throttles")
    if current == target:
        return (Kept(SETTING, current, f"{target} are reserved", quotes),)
    if current == 0:
        return (Blocked(SETTING, current, target, "it is switched off on purpose by a reservation of 0"),)
    key = Key("function-concurrency", function.name)
    follows = (Key("function-configuration", function.name),)
    step = Transition(key, SETTING, current, target, follows=follows)
    peak = evidence.concurrency_max
    if isinstance(peak, Measured) and peak.value > target:
        because = f"{peak.value:.0f} ran at once in the last {peak.window_days:.0f} days ({peak.source})"
        return (Blocked(SETTING, current, target, because, (step,), quotes),)
    reason = f"caps a runaway at {target} executions"
    if isinstance(peak, Measured):
        reason += f"; at most {peak.value:.0f} ran at once"
    return (Proposed(SETTING, current, target, reason, (step,), Risk.MEDIUM, quotes),)


def settle(judged: Sequence[Judged], pool: Pool | None) -> Sequence[Judged]:
    """Block the reservations that the account's pool cannot carry, with the arithmetic shown.

    AWS keeps 100 executions unreserved. Functions are served in the order given.
    """
    reserved = pool.reserved if pool else 0
    settled: list[Judged] = []
    for function, verdicts in judged:
        answers: list[Verdict] = []
        for verdict in verdicts:
            if not isinstance(verdict, Proposed) or not isinstance(verdict.after, int):
                answers.append(verdict)
                continue
            more = verdict.after - (function.reserved_concurrency or 0)
            because = _does_not_fit(pool, reserved, more)
            if because is None:
                reserved += more
                answers.append(verdict)
            else:
                answers.append(Blocked(SETTING, verdict.before, verdict.after, because, (), verdict.evidence))
        settled.append((function, answers))
    return settled


def _does_not_fit(pool: Pool | None, reserved: int, more: int) -> str | None:
    if more <= 0:
        return None
    if pool is None:
        return "the account's concurrency limit could not be read (lambda:GetAccountSettings), so nothing is reserved"
    left = pool.limit - reserved - more
    if left >= ALWAYS_UNRESERVED:
        return None
    sum_shown = f"{pool.limit} limit - {reserved} reserved - {more} more = {left}"
    return f"{sum_shown}, and AWS keeps {ALWAYS_UNRESERVED} unreserved"


RULE = Rule(
    id="reserved-concurrency",
    title="A cap on runaways",
    why="Without a reservation one function can take the whole account's concurrency, and its bill.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
    options=ReservedConcurrencyOptions,
    judge=judge,
    settle=settle,
    evidence=("concurrency_max", "throttles"),
    order=30,
)

"""Reserved concurrency: a limit where it protects something, within the account's pool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import ConcurrencyPool, Judged, Options, Rule, always

SETTING = "reserved_concurrency"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
ALWAYS_UNRESERVED = 100
# So many executions at once Lambda scales a queue without MaximumConcurrency to, and more.
QUEUE_SCALES_TO = 1000


class ReservedConcurrencyOptions(Options):
    """Executions to reserve for each function."""

    target: int | None = Field(default=None, ge=1, description="The reservation wanted, in executions.")
    from_evidence: bool = Field(default=False, description="Without a target: derive it from the peak that was seen.")
    protects: str | None = Field(default=None, description="What a limit protects, such as: a database's connections.")
    headroom_percent: float = Field(default=100, ge=0, le=1000, description="Room above the most that ran at once.")
    minimum: int = Field(default=5, ge=1, description="No derived reservation is under this.")


def lookups(function: Function, options: ReservedConcurrencyOptions) -> Iterable[Lookup]:
    """What is provisioned, which a reservation may not be under."""
    derived = options.from_evidence and options.protects is not None
    return (Lookup("provisioned", function.name),) if options.target is not None or derived else ()


def judge(function: Function, evidence: Evidence, options: ReservedConcurrencyOptions) -> Sequence[Verdict]:
    """Propose the target or what the peak calls for; whether that fits the pool is settled later."""
    if options.target is not None:
        return (_to_target(function, evidence, options.target),)
    return (_fitted(function, evidence, options),) if options.from_evidence else ()


def _step(function: Function, to: int) -> tuple[Transition, ...]:
    follows = (Key("function-configuration", function.name),)
    key = Key("function-concurrency", function.name)
    return (Transition(key, SETTING, function.reserved_concurrency, to, follows=follows),)


def _fitted(function: Function, evidence: Evidence, options: ReservedConcurrencyOptions) -> Verdict:
    """A limit only where something is protected by it, or where the present one is in the way."""
    current, peak = function.reserved_concurrency, evidence.concurrency_max
    quotes = evidence.quote("concurrency_max", "throttles")
    if current == 0:
        return Kept(SETTING, current, "it is switched off on purpose by a reservation of 0")
    if not isinstance(peak, Measured):
        return Kept(SETTING, current, f"it is not derived: {peak.because}", quotes)
    least = max(options.minimum, _provisioned(function))
    wanted = max(math.ceil(peak.value * (1 + options.headroom_percent / 100)), least)
    throttled = isinstance(evidence.throttles, Measured) and evidence.throttles.value > 0
    if current is not None:
        if throttled and peak.value >= current and wanted > current:
            reason = f"it was throttled at its reservation of {current}"
            return Proposed(SETTING, current, wanted, reason, _step(function, wanted), Risk.LOW, quotes)
        return Kept(SETTING, current, f"at most {peak.value:.0f} ran at once", quotes)
    if options.protects is None:
        return Kept(SETTING, current, "nothing is named that a limit would protect", quotes)
    if because := _starves(evidence, wanted):
        return Blocked(SETTING, current, wanted, because, _step(function, wanted), quotes)
    reason = f"protects {options.protects}; at most {peak.value:.0f} ran at once"
    return Proposed(SETTING, current, wanted, reason, _step(function, wanted), Risk.MEDIUM, quotes)


def _to_target(function: Function, evidence: Evidence, target: int) -> Verdict:
    current = function.reserved_concurrency
    quotes = evidence.quote("concurrency_max", "throttles")
    if current == target:
        return Kept(SETTING, current, f"{target} are reserved", quotes)
    if current == 0:
        return Blocked(SETTING, current, target, "it is switched off on purpose by a reservation of 0")
    peak = evidence.concurrency_max
    if isinstance(peak, Measured) and peak.value >= target:
        because = f"{peak.value:.0f} ran at once in the last {peak.window_days:.0f} days ({peak.source})"
        because += ": that leaves no headroom" if peak.value == target else ""
        return Blocked(SETTING, current, target, because, _step(function, target), quotes, "more-ran-at-once")
    ready = _provisioned(function)
    if ready > target:
        because = f"{ready} executions are provisioned, and a reservation may not be under that"
        return Blocked(SETTING, current, target, because)
    reason = f"caps a runaway at {target} executions"
    if isinstance(peak, Measured):
        reason += f"; at most {peak.value:.0f} ran at once"
    bites = _starves(evidence, target)
    risk = Risk.HIGH if bites else Risk.MEDIUM
    reason += f"; but {bites}" if bites else ""
    return Proposed(SETTING, current, target, reason, _step(function, target), risk, quotes)


def _provisioned(function: Function) -> int:
    """Executions that are kept ready for its versions and aliases, as far as they are known."""
    match function.resource("provisioned", function.name):
        case Found(state) if isinstance(counts := state["provisioned"], Mapping):
            return sum(count for count in counts.values() if isinstance(count, int))
    return 0


def _starves(evidence: Evidence, reservation: int) -> str | None:
    """Why messages of its queues would be lost to it: Lambda polls a queue without regard to the reservation.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    polled = [source for source in evidence.queues if source.source.split(":")[2:3] == ["sqs"]]
    scale = sum(source.max_concurrency or QUEUE_SCALES_TO for source in polled)
    if not polled or scale <= reservation:
        return None
    names = ", ".join(sorted({source.name for source in polled}))
    return (
        f"Lambda polls {names} for up to {scale} at once and is throttled at {reservation}: messages use up their "
        "receives and end in the dead-letter queue; a MaximumConcurrency of the event source limits it without loss"
    )


def settle(judged: Sequence[Judged], pool: ConcurrencyPool | None) -> Sequence[Judged]:
    """Block the reservations that the account's pool cannot carry, with the arithmetic shown.

    AWS keeps 100 executions unreserved. Functions are served in the order given.
    """
    reserved = pool.reserved if pool else 0
    added, relieved = 0, 0.0
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
                added += more
                if function.reserved_concurrency is None:
                    relieved += max((q.value for q in verdict.evidence if q.name == "concurrency_max"), default=0)
                answers.append(verdict if pool is None else _crowding(verdict, pool, reserved, added, relieved))
            else:
                answers.append(Blocked(SETTING, verdict.before, verdict.after, because, (), verdict.evidence))
        settled.append((function, answers))
    return settled


def _crowding(verdict: Proposed, pool: ConcurrencyPool, reserved: int, added: int, relieved: float) -> Proposed:
    """With a warning where the functions without a reservation would have less than they once used.

    ``relieved`` is what the functions that get a reservation used of the rest themselves. What is provisioned without
    a reservation is claimed from the rest too, and runs nowhere.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
    """
    left = pool.limit - reserved
    crowded = None
    if pool.busy is not None and left <= pool.busy - relieved:
        crowded = f"all other functions ran up to {pool.busy - relieved:.0f} at once, and {left} are left to them"
    elif pool.claimed is not None and pool.claimed - relieved + added > pool.limit:
        crowded = f"{pool.claimed:.0f} of {pool.limit} executions were claimed at once already, provisioned ones too"
    return verdict if crowded is None else replace(verdict, reason=f"{verdict.reason}; but {crowded}", risk=Risk.HIGH)


def _does_not_fit(pool: ConcurrencyPool | None, reserved: int, more: int) -> str | None:
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
    writes=always("function-concurrency"),
    lookups=lookups,
    settle=settle,
    evidence=("concurrency_max", "throttles", "event_sources"),
    surprise="A reservation is a limit and a guarantee at once: what it holds back, nobody else may use. The pollers "
    "of a queue ignore it: throttled messages are received again until they land in the dead-letter queue. Executions "
    "that are provisioned count towards it.",
    order=30,
)

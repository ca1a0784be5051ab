"""From what was read to a plan: verdicts, then changes. Pure: no I/O, no clock."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never

from pydantic import JsonValue

from lambda_tailor.documents import plan_hash
from lambda_tailor.errors import LimitExceeded
from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function, Lookup
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import (
    Change,
    ChangeRef,
    Kept,
    MonthlyUsd,
    Operation,
    Plan,
    PlannedFunction,
    PlanSummary,
    Problem,
)
from lambda_tailor.model.verdict import Blocked, Finding, Proposed, Risk, Verdict
from lambda_tailor.model.verdict import Kept as KeptVerdict
from lambda_tailor.planning.estimate import estimate
from lambda_tailor.planning.operations import Step, arrange
from lambda_tailor.policy.policy import Match, Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import ConcurrencyPool, Judged, Options


@dataclass(frozen=True, slots=True)
class Value:
    """What a change is worth in a month, and what else money says of it."""

    monthly_usd: MonthlyUsd = field(default_factory=MonthlyUsd)
    says: str = ""


_WORTHLESS = Value()
Worth = Callable[[Sequence[tuple[Function, Evidence, Proposed]]], Sequence[Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeData:
    """What was read of one account and region. ``pool`` is None where it could not be read."""

    account_id: str
    region: str
    functions: Sequence[Function]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    pool: ConcurrencyPool | None = None

    def evidence_of(self, function: Function) -> Evidence:
        """The function's evidence; all of it absent where none was read."""
        return self.evidence.get(function.arn, Evidence())


@dataclass(frozen=True, slots=True)
class _Judged:
    function: Function
    rule: str
    verdict: Verdict


def lookups_of(policy: Policy, functions: Sequence[Function]) -> frozenset[Lookup]:
    """Every resource that the policy's rules want to see before they judge these functions."""
    rules = all_rules()
    return frozenset(
        lookup
        for function in functions
        for rule, options in policy.options_for(function).items()
        for lookup in rules[rule].lookups(function, options)
    )


def kinds_of(policy: Policy) -> frozenset[str]:
    """The kinds of resources that the policy's rules want to see around a function like any other."""
    some = Function(account_id="", region="", name="f", arn="", revision_id="", suffix="f", log_group="/aws/lambda/f")
    return frozenset(lookup.kind for lookup in lookups_of(policy, [some]))


def more_lookups_of(
    policy: Policy, functions: Sequence[Function], evidence: Mapping[str, Evidence]
) -> frozenset[Lookup]:
    """The resources that rules want to see on account of the evidence, which is by function ARN."""
    rules = all_rules()
    return frozenset(
        lookup
        for function in functions
        for rule, options in policy.options_for(function).items()
        for lookup in rules[rule].more_lookups(function, evidence.get(function.arn, Evidence()), options)
    )


def readings_of(policy: Policy, functions: Sequence[Function]) -> frozenset[str]:
    """The names of the readings that the policy's rules ask for.

    A rule with a fixed target asks for no advice and no triggers, which only its derived value rests on.
    """
    distinct = {id(each): each for each in map(policy.options_for, functions)}.values()
    return frozenset(name for options in distinct for name in readings_for(options))


def readings_for(options: Mapping[str, Options]) -> frozenset[str]:
    """The names of the readings that rules with these options ask for."""
    rules = all_rules()
    asked: set[str] = set()
    for rule, chosen in options.items():
        derives = getattr(chosen, "from_evidence", True)
        asked |= {name for name in rules[rule].evidence if derives or name not in {"recommendation", "triggers"}}
    return frozenset(asked)


@dataclass(frozen=True, slots=True)
class PlannedScope:
    """What shall be changed in one account and region: data only, as it goes into a plan."""

    functions: Sequence[PlannedFunction]
    operations: Sequence[Operation]


def plan_scope(
    policy: Policy, reading: ScopeData, worth: Worth, *, force: frozenset[str] = frozenset(), number: int = 0
) -> PlannedScope:
    """The part of a plan that one account and region is.

    ``force`` names blocked changes to make all the same, as ``FUNCTION:RULE``. ``number`` is how many
    parts go before this one: operations are known by it.
    """
    with _uncollected():
        functions, operations = _plan_reading(policy, reading, worth, force, f"op-{number}-" if number else "op-")
    return PlannedScope(functions, operations)


def join(
    policy: Policy,
    parts: Sequence[PlannedScope],
    *,
    created_at: str,
    problems: Sequence[Problem] = (),
    api_calls: Mapping[str, int] | None = None,
    assumptions: Mapping[str, JsonValue] | None = None,
    roles: Mapping[str, str] | None = None,
    quota_share: float = DEFAULT_SHARE,
) -> Plan:
    """The plan that the parts are together. ``created_at`` is an ISO 8601 time in UTC."""
    functions = tuple(function for part in parts for function in part.functions)
    operations = tuple(operation for part in parts for operation in part.operations)
    used = {operation.account_id for operation in operations}
    plan = Plan(
        plan_id="",
        created_at=created_at,
        policy=policy.name,
        assumptions={**policy.assumed, "caps": policy.caps.model_dump(mode="json"), **(assumptions or {})},
        functions=functions,
        operations=operations,
        summary=summarize(functions),
        estimate=estimate(operations, quota_share),
        roles={account: role for account, role in sorted((roles or {}).items()) if account in used},
        problems=tuple(problems),
        api_calls=dict(api_calls or {}),
    )
    return replace(plan, plan_id=plan_hash(plan))


def make_plan(
    policy: Policy,
    readings: Sequence[ScopeData],
    *,
    worth: Callable[[ScopeData], Worth],
    created_at: str,
    force: frozenset[str] = frozenset(),
) -> Plan:
    """The plan for everything that was read, where all of it was read here."""
    parts = [plan_scope(policy, r, worth(r), force=force, number=n) for n, r in enumerate(readings)]
    return join(policy, parts, created_at=created_at)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: it would walk the growing plan again and again, and a plan has no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _plan_reading(
    policy: Policy, reading: ScopeData, worth: Worth, force: frozenset[str], prefix: str
) -> tuple[list[PlannedFunction], Sequence[Operation]]:
    judged = [_release(item, force) for item in _judge(policy, reading)]
    proposed = (_step(n, item) for n, item in enumerate(judged) if isinstance(item.verdict, Proposed))
    operations, conflicts = arrange(proposed, prefix)
    for n, because in conflicts.items():
        verdict = judged[n].verdict
        assert isinstance(verdict, Proposed)
        blocked = Blocked(verdict.setting, verdict.before, verdict.after, because, (), verdict.evidence)
        judged[n] = replace(judged[n], verdict=blocked)
    valued = [
        (i.function, reading.evidence_of(i.function), i.verdict) for i in judged if isinstance(i.verdict, Proposed)
    ]
    money = iter(worth(valued))
    by_function: dict[str, list[tuple[_Judged, Value]]] = {function.arn: [] for function in reading.functions}
    for item in judged:
        value = next(money) if isinstance(item.verdict, Proposed) else _WORTHLESS
        by_function[item.function.arn].append((item, value))
    # Verdicts go as their changes come, so that a fleet is not held twice.
    judged.clear()
    valued.clear()
    return [_planned(policy, f, by_function.pop(f.arn)) for f in reading.functions], operations


def _judge(policy: Policy, reading: ScopeData) -> list[_Judged]:
    """Every rule's verdicts, function by function and in the rules' order."""
    by_function: dict[str, list[_Judged]] = {function.arn: [] for function in reading.functions}
    included = [f for f in reading.functions if policy.excluded(f) is None]
    wanted = [(f, reading.evidence_of(f), policy.options_for(f)) for f in included]
    for rule in all_rules().values():
        answers: list[Judged] = [(f, rule.judge(f, seen, o[rule.id])) for f, seen, o in wanted if rule.id in o]
        for function, verdicts in rule.settle(_hands_off(answers), reading.pool):
            by_function[function.arn] += [_Judged(function, rule.id, verdict) for verdict in verdicts]
    return [item for items in by_function.values() for item in items]


def _hands_off(answers: Sequence[Judged]) -> Sequence[Judged]:
    """Nothing is proposed for a function that AWS would not let be changed."""
    return [
        (function, [_blocked(v, because) if isinstance(v, Proposed) else v for v in verdicts])
        if (because := function.untouchable)
        else (function, verdicts)
        for function, verdicts in answers
    ]


def _blocked(verdict: Proposed, because: str) -> Blocked:
    return Blocked(verdict.setting, verdict.before, verdict.after, because, (), verdict.evidence)


def _release(item: _Judged, force: frozenset[str]) -> _Judged:
    """A blocked change that the user forced by name."""
    verdict = item.verdict
    if not isinstance(verdict, Blocked) or not verdict.transitions:
        return item
    if f"{item.function.name}:{item.rule}" not in force:
        return item
    reason = f"forced, although {verdict.because}"
    forced = Proposed(
        verdict.setting, verdict.before, verdict.after, reason, verdict.transitions, Risk.HIGH, verdict.evidence
    )
    return replace(item, verdict=forced)


def _step(number: int, item: _Judged) -> Step:
    assert isinstance(item.verdict, Proposed)
    ref = ChangeRef(item.function.arn, item.rule, item.verdict.setting)
    return Step(number, item.function, ref, item.verdict.transitions)


def _planned(policy: Policy, function: Function, items: Sequence[tuple[_Judged, Value]]) -> PlannedFunction:
    changes: list[Change] = []
    kept: list[Kept] = []
    for item, value in items:
        match item.verdict:
            case KeptVerdict() as v:
                kept.append(Kept(item.rule, v.setting, v.value, v.because))
            case Proposed() as v:
                changes.append(
                    Change(
                        rule=item.rule, setting=v.setting, before=v.before, after=v.after,
                        reason="; ".join(filter(None, (v.reason, value.says))),
                        risk=v.risk, evidence=v.evidence, monthly_usd=value.monthly_usd,
                        resource=_resource(function, v),
                    )
                )  # fmt: skip
            case Blocked() as v:
                changes.append(
                    Change(
                        rule=item.rule, setting=v.setting, before=v.before, after=v.after, reason="",
                        risk=Risk.HIGH, blocked=v.because, evidence=v.evidence,
                    )
                )  # fmt: skip
            case Finding() as v:
                changes.append(
                    Change(
                        rule=item.rule, setting=v.setting, before=v.value, after=v.value, reason=v.note,
                        risk=v.risk, kind="finding", evidence=v.evidence,
                    )
                )  # fmt: skip
            case _ as never:
                assert_never(never)
    return PlannedFunction(
        account_id=function.account_id,
        region=function.region,
        name=function.name,
        arn=function.arn,
        revision_id=function.revision_id,
        owner=function.owner,
        changes=tuple(changes),
        kept=tuple(kept),
        notes=_notes(policy, function, changes),
        architecture=function.architecture,
        role_arn=function.role_arn,
    )


def _resource(function: Function, verdict: Proposed) -> str | None:
    """What is changed in the end, where that is not the function itself."""
    resource = verdict.transitions[-1].key.resource if verdict.transitions else function.name
    return None if resource == function.name else resource


def _notes(policy: Policy, function: Function, changes: Sequence[Change]) -> tuple[str, ...]:
    notes: list[str] = []
    if (exclusion := policy.excluded(function)) is not None:
        notes.append(f"left alone{_term(exclusion)}")
    else:
        notes += _exceptions(policy, function)
    if function.untouchable:
        notes.append(function.untouchable)
    pending = any(change.pending for change in changes)
    if pending and function.aliases:
        names = ", ".join(function.aliases)
        notes.append(f"only $LATEST changes: callers of {names} keep the configuration of the version they point to")
    if pending and function.owner:
        notes.append(f"deployed by {function.owner}, whose next deployment reverts this unless its source changes too")
    return tuple(notes)


def _term(match: Match) -> str:
    until = f" until {match.until}" if match.until else ""
    return until + (f", because {match.because}" if match.because else "")


def _exceptions(policy: Policy, function: Function) -> Iterator[str]:
    """What was agreed on for this function and why, and what of it is over: that is never silent."""
    for exclusion in policy.ended_exclusions(function):
        over = f"that ended on {exclusion.match.until}"
        yield f"no longer left alone: {over} ({exclusion.match.because}; {exclusion.origin})"
    for layer in policy.exceptions(function):
        match, rules = layer.match, ", ".join(layer.rules)
        assert match is not None
        if match.over(policy.today):
            over = f"ended on {match.until} and holds no more"
            yield f"the exception for {rules} {over} ({match.because}; {layer.origin})"
        else:
            yield f"an exception for {rules} holds{_term(match)}"


def summarize(functions: Sequence[PlannedFunction]) -> PlanSummary:
    """Counts, savings and additions over the changes that would be made."""
    changes = [change for function in functions for change in function.changes]
    pending = [change for change in changes if change.pending]
    nothing = Decimal(0)
    return PlanSummary(
        functions=len(functions),
        changes=len(pending),
        blocked=sum(change.blocked is not None for change in changes),
        findings=sum(change.kind == "finding" for change in changes),
        monthly_saving_usd=MonthlyUsd(
            sum((max(c.monthly_usd.low, nothing) for c in pending), nothing),
            sum((max(c.monthly_usd.high, nothing) for c in pending), nothing),
        ),
        monthly_added_usd=sum((max(-c.monthly_usd.low, nothing) for c in pending), nothing),
    )


def check_caps(plan: Plan) -> None:
    """Refuse a plan that touches more functions than its policy's caps allow.

    Raises LimitExceeded.
    """
    caps = plan.assumptions.get("caps")
    if not isinstance(caps, dict):
        return
    touched = len({function.arn for function, _ in plan.pending()})
    most = caps.get("max_functions")
    if isinstance(most, int) and touched > most:
        raise LimitExceeded(
            f"The plan changes {touched} functions and the policy's max_functions is {most}: narrow the target."
        )
    percent = caps.get("max_percent")
    share = 100 * touched / max(1, len(plan.functions))
    if isinstance(percent, int | float) and share > percent:
        raise LimitExceeded(
            f"The plan changes {share:.0f} % of the functions and the policy's max_percent is {percent:g}: "
            "narrow the target."
        )

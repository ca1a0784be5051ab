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
from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import LATEST, Function, Traffic
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.owner import deployed_as
from lambda_tailor.model.plan import (
    Change,
    ChangeRef,
    Kept,
    MonthlyUsd,
    Operation,
    Plan,
    PlannedFunction,
    Problem,
)
from lambda_tailor.model.verdict import Blocked, Finding, Proposed, Risk
from lambda_tailor.model.verdict import Kept as KeptVerdict
from lambda_tailor.planning.estimate import estimate
from lambda_tailor.planning.judging import Judgement, blocked, judge_all, release
from lambda_tailor.planning.not_saved import not_saved
from lambda_tailor.planning.notes import notes_of, plan_notes, remarks_of
from lambda_tailor.planning.operations import Step, arrange
from lambda_tailor.planning.risk import assess
from lambda_tailor.planning.scope import PlannedScope, ScopeData
from lambda_tailor.planning.summing import roles_needed, summarize
from lambda_tailor.planning.together import weighed_together
from lambda_tailor.planning.weighing import Weighed, left_out, weigh, weighed_later
from lambda_tailor.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Value:
    """What a change is worth in a month, and what else money says of it.

    ``assumed`` where that rests on assumed load, ``counted`` where it reaches the function's traffic, ``priced``
    where a price and a load are known. ``bill_usd`` is what its function costs a month; ``once_moved_usd`` what the
    change is worth when callers of versions and aliases are moved to it, where there are any.
    """

    monthly_usd: MonthlyUsd = field(default_factory=MonthlyUsd)
    says: str = ""
    assumed: bool = False
    counted: bool = True
    priced: bool = True
    bill_usd: Decimal | None = None
    once_moved_usd: MonthlyUsd | None = None


_WORTHLESS = Value()
Worth = Callable[[Sequence[tuple[Function, Evidence, Proposed]]], Sequence[Value]]


def plan_scope(
    policy: Policy, reading: ScopeData, worth: Worth, *, force: frozenset[str] = frozenset(), number: int = 0
) -> PlannedScope:
    """The part of a plan that one account and region is.

    ``force`` names blocked changes to make all the same, as ``FUNCTION:RULE``. ``number`` is how many
    parts go before this one: operations are known by it.
    """
    with _uncollected():
        return _plan_reading(policy, reading, worth, force, f"op-{number}-" if number else "op-")


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
    plan = Plan(
        plan_id="",
        created_at=created_at,
        policy=policy.name,
        assumptions={**policy.assumed, **_limits(policy), **(assumptions or {})},
        functions=functions,
        operations=operations,
        summary=summarize(functions),
        estimate=estimate(operations, quota_share),
        roles=roles_needed(roles or {}, operations),
        problems=tuple(problems),
        notes=plan_notes(
            policy,
            (each for part in parts for each in part.left_out),
            (remark for part in parts for remark in part.remarks),
        ),
        api_calls=dict(api_calls or {}),
    )
    return replace(plan, plan_id=plan_hash(plan))


def _limits(policy: Policy) -> Mapping[str, JsonValue]:
    """What the policy says of the plan as a whole."""
    limits: dict[str, JsonValue] = {"caps": policy.caps.model_dump(mode="json")}
    if policy.write_back.ignore:
        limits["write_back"] = policy.write_back.model_dump(mode="json")
    return limits


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
    return join(policy, weighed_together(policy, parts), created_at=created_at)


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


def _plan_reading(policy: Policy, reading: ScopeData, worth: Worth, force: frozenset[str], prefix: str) -> PlannedScope:
    judged = [release(item, force) for item in judge_all(policy, reading)]
    operations = _arrange(judged, prefix)
    values = _values(judged, reading, worth)
    outs, later = _leave_out(policy, reading, judged, values)
    if outs:
        # Without those the others are arranged and valued again: they are the account's, one after the other.
        operations, values = _arrange(judged, prefix), _values(judged, reading, worth)
    money, unsaved = iter(values), not_saved(judged, reading, worth)
    by_function: dict[str, list[tuple[Judgement, Value]]] = {function.arn: [] for function in reading.functions}
    for n, item in enumerate(judged):
        value = _WORTHLESS
        if isinstance(item.verdict, Proposed):
            value = next(money)
        elif n in unsaved:
            value = Value(unsaved[n])
        by_function[item.function.arn].append((item, value))
    # Verdicts go as their changes come, so that a fleet is not held twice.
    judged.clear()
    functions = [_planned(policy, reading, f, by_function.pop(f.arn)) for f in reading.functions]
    together = {
        ref: notes_of(policy, f, [c for c in planned.changes if ref != ChangeRef(f.arn, c.rule, c.setting)])
        for f, planned in zip(reading.functions, functions, strict=True)
        for change in planned.changes
        if (ref := ChangeRef(f.arn, change.rule, change.setting)) in later
    }
    return PlannedScope(functions, operations, left_out(outs), remarks_of(functions), together)


def _arrange(judged: list[Judgement], prefix: str) -> Sequence[Operation]:
    """The operations; a change that contradicts another becomes a blocked one."""
    proposed = (_step(n, item) for n, item in enumerate(judged) if isinstance(item.verdict, Proposed))
    operations, conflicts = arrange(proposed, prefix)
    for n, because in conflicts.items():
        verdict = judged[n].verdict
        assert isinstance(verdict, Proposed)
        judged[n] = replace(judged[n], verdict=blocked(verdict, because))
    return operations


def _values(judged: Sequence[Judgement], reading: ScopeData, worth: Worth) -> Sequence[Value]:
    return worth(
        [(i.function, reading.evidence_of(i.function), i.verdict) for i in judged if isinstance(i.verdict, Proposed)]
    )


def _leave_out(
    policy: Policy, reading: ScopeData, judged: list[Judgement], values: Sequence[Value]
) -> tuple[list[tuple[KeptVerdict, MonthlyUsd]], frozenset[ChangeRef]]:
    """Take out what is not worth it; what is said instead, what it would have brought, and what is weighed later."""
    places = [n for n, item in enumerate(judged) if isinstance(item.verdict, Proposed)]
    weighed = [
        Weighed(
            judged[n].function, reading.evidence_of(judged[n].function), judged[n].rule, verdict,
            value.once_moved_usd or value.monthly_usd, value.bill_usd, priced=value.priced,
        )
        for n, value in zip(places, values, strict=True)
        if isinstance(verdict := judged[n].verdict, Proposed)
    ]  # fmt: skip
    found = weigh(policy, weighed)
    for number, kept in found.items():
        judged[places[number]] = replace(judged[places[number]], verdict=kept)
    later = frozenset(ChangeRef(w.function.arn, w.rule, w.verdict.setting) for w in weighed if weighed_later(w))
    return [(kept, values[number].monthly_usd) for number, kept in found.items()], later


def _step(number: int, item: Judgement) -> Step:
    assert isinstance(item.verdict, Proposed)
    ref = ChangeRef(item.function.arn, item.rule, item.verdict.setting)
    return Step(number, item.function, ref, item.verdict.transitions)


def _planned(
    policy: Policy, reading: ScopeData, function: Function, items: Sequence[tuple[Judgement, Value]]
) -> PlannedFunction:
    evidence = reading.evidence_of(function)
    bill = next((value.bill_usd for _, value in items if value.bill_usd is not None), None)
    changes: list[Change] = []
    kept: list[Kept] = []
    for item, value in items:
        match item.verdict:
            case KeptVerdict() as v:
                kept.append(Kept(item.rule, v.setting, v.value, v.because))
            case Proposed() as v:
                assessed = assess(function, evidence, item.rule, v)
                changes.append(
                    Change(
                        rule=item.rule, setting=v.setting, before=v.before, after=v.after,
                        reason="; ".join(filter(None, (v.reason, value.says))),
                        risk=assessed.risk, evidence=v.evidence, monthly_usd=value.monthly_usd,
                        counted=value.counted, assumed=value.assumed, risk_because=assessed.because,
                        reason_code=assessed.code,
                        resource=_resource(function, v),
                    )
                )  # fmt: skip
            case Blocked() as v:
                changes.append(
                    Change(
                        rule=item.rule, setting=v.setting, before=v.before, after=v.after, reason="",
                        risk=Risk.HIGH, blocked=v.because, evidence=v.evidence, reason_code=v.code,
                        monthly_usd=value.monthly_usd,
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
        notes=notes_of(policy, function, changes),
        architecture=function.architecture,
        role_arn=function.role_arn,
        traffic=function.traffic or (Traffic(LATEST, 1.0),),
        monthly_cost_usd=None if bill is None else MonthlyUsd(bill, bill),
        deployed_as=deployed_as(function.tags),
        log_group=function.log_group,
        identity=function.identity,
    )


def _resource(function: Function, verdict: Proposed) -> str | None:
    """What is changed in the end, where that is not the function itself."""
    resource = verdict.transitions[-1].key.resource if verdict.transitions else function.name
    return None if resource == function.name else resource

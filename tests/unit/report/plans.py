"""Plans to show: a small one with one of everything, and a fleet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from lambda_tailor.documents import plan_hash
from lambda_tailor.model.evidence import Quote
from lambda_tailor.model.plan import Change, MonthlyUsd, Plan, PlannedFunction, PlanSummary, Problem
from lambda_tailor.model.verdict import Risk

ACCOUNT = "123456789012"
HOSTILE = '<img src=x onerror="document.title=1">{{7*7}}|`'
EVIDENCE = (Quote("memory_used", 412.0, "MB", "logs", 14.0, 1200),)


def money(low: str, high: str | None = None) -> MonthlyUsd:
    """US dollars a month."""
    return MonthlyUsd(Decimal(low), Decimal(high or low))


def a_change(**given: Any) -> Change:
    """A change of memory that saves money."""
    defaults: dict[str, Any] = {
        "rule": "memory", "setting": "memory_mb", "before": 3008, "after": 1024, "reason": "412 MB were used at most",
        "risk": Risk.LOW, "monthly_usd": money("100.83", "161.46"), "evidence": EVIDENCE,
    }  # fmt: skip
    return Change(**{**defaults, **given})


def one_of_each() -> tuple[Change, ...]:
    """A change, an addition, a removal, a blocked one, a finding and one that costs."""
    alarm = {"alarm": "lambda-duration-dev", "Threshold": 20000.0, "Period": 300, "Metrics": None}
    return (
        a_change(),
        a_change(rule="alarms", setting="duration_alarm", before=None, after=alarm, reason="there is no such alarm",
                 risk=Risk.NONE, monthly_usd=money("-0.20"), evidence=()),
        a_change(rule="environment", setting="environment", before=["OLD"], after=[], reason="it is not wanted",
                 risk=Risk.MEDIUM, monthly_usd=money("0"), evidence=()),
        a_change(rule="timeout", setting="timeout_s", before=300, after=30, reason="no run was near it",
                 blocked="the longest run took 41 s", monthly_usd=money("0"), evidence=()),
        a_change(rule="idle-function", setting="idle_function", kind="finding", before=None, after=None,
                 reason="nobody invoked it in 90 days", monthly_usd=money("0"), evidence=()),
    )  # fmt: skip


def a_planned(name: str, changes: tuple[Change, ...], region: str = "us-east-1") -> PlannedFunction:
    """A function with these changes."""
    arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
    return PlannedFunction(
        account_id=ACCOUNT, region=region, name=name, arn=arn, revision_id="rev-1", owner=None, changes=changes
    )


def a_plan(*functions: PlannedFunction, problems: tuple[Problem, ...] = ()) -> Plan:
    """A plan whose summary adds up."""
    every = [c for f in functions for c in f.changes]
    pending = [c for c in every if c.pending]
    saved = [c.monthly_usd for c in pending if c.monthly_usd.high > 0]
    added = sum((-c.monthly_usd.high for c in pending if c.monthly_usd.high < 0), Decimal(0))
    summary = PlanSummary(
        functions=len(functions),
        changes=len(pending),
        blocked=sum(c.blocked is not None for c in every),
        findings=sum(c.kind == "finding" for c in every),
        monthly_saving_usd=sum(saved, MonthlyUsd()),
        monthly_added_usd=added,
    )
    assumptions = {"invocations_per_month": 1_000_000, "duration_ms": 5000, "free_tier": False}
    bare = Plan(
        plan_id="", created_at="2026-11-23T18:00:00Z", policy="reference", assumptions=assumptions,
        functions=functions, operations=(), summary=summary, problems=problems,
    )  # fmt: skip
    return replace(bare, plan_id=plan_hash(bare))


def small_plan() -> Plan:
    """Two functions in two regions; one has a name that attacks."""
    hostile = a_planned(HOSTILE, (a_change(monthly_usd=money("1.5", "12.25"), reason=HOSTILE),), "eu-west-1")
    return a_plan(a_planned("lambda-function-dev", one_of_each()), hostile)


def fleet(functions: int) -> Plan:
    """Many functions, with savings that differ."""
    regions = ("us-east-1", "eu-west-1", "ap-southeast-2")
    return a_plan(
        *(
            a_planned(
                f"orders-worker-{n:04d}",
                (a_change(monthly_usd=money(f"{n % 97}.10", f"{n % 97 + n % 13}.55")), *one_of_each()[1 : 2 + n % 4]),
                regions[n % 3],
            )
            for n in range(functions)
        )
    )

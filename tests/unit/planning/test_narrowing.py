"""A narrowed plan: what is left out of the changes is left out of the operations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lambda_tailor.model.plan import ChangeRef
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning.narrowing import left_out, narrowed
from lambda_tailor.planning.planner import PlannedScope
from lambda_tailor.planning.weighing import HIGHER_RISK, SAVES_LESS, LeftOut, sentences
from lambda_tailor.policy.file import parse_policy
from tests.unit.planning.plans import the_plan


def scope() -> PlannedScope:
    plan = the_plan()
    return PlannedScope(plan.functions, plan.operations)


def test_without_a_limit_nothing_changes() -> None:
    given = scope()
    functions, operations = narrowed(given.functions, given.operations)
    assert functions == tuple(given.functions) and operations == tuple(given.operations)


@pytest.mark.parametrize("most", [Risk.NONE, Risk.LOW, Risk.MEDIUM])
def test_every_field_that_is_written_belongs_to_a_change_that_is_kept(most: Risk) -> None:
    given = scope()
    functions, operations = narrowed(given.functions, given.operations, max_risk=most)
    kept = {ChangeRef(f.arn, c.rule, c.setting) for f in functions for c in f.changes if c.pending}
    written = {ref for o in operations for refs in o.changes.values() for ref in refs}
    assert written == kept
    ids = {operation.id for operation in operations}
    for operation in operations:
        assert operation.after.keys() == operation.before.keys() == operation.changes.keys()
        assert operation.waits_for <= ids
        assert operation.requires.keys() <= operation.after.keys()
    assert len(operations) < len(given.operations)


def test_changes_of_more_risk_are_gone_and_blocked_ones_stay() -> None:
    given = scope()
    functions, _ = narrowed(given.functions, given.operations, max_risk=Risk.LOW)
    assert {c.risk for f in functions for c in f.changes if c.pending} <= {Risk.NONE, Risk.LOW}
    assert [c for f in functions for c in f.changes if not c.pending] == [
        c for f in given.functions for c in f.changes if not c.pending
    ]


def test_a_function_that_saves_too_little_is_not_changed() -> None:
    given = scope()
    functions, operations = narrowed(given.functions, given.operations, min_saving_usd=Decimal(10**9))
    assert operations == () and not [c for f in functions for c in f.changes if c.pending]


def test_what_is_left_out_is_counted_by_reason() -> None:
    given = scope()
    pending = [c for f in given.functions for c in f.changes if c.pending]
    riskier = sum(c.risk in (Risk.MEDIUM, Risk.HIGH) for c in pending)
    functions, _ = narrowed(given.functions, given.operations, max_risk=Risk.LOW)
    assert riskier and left_out(given.functions, functions, Risk.LOW) == (LeftOut(HIGHER_RISK, riskier),)
    functions, _ = narrowed(given.functions, given.operations, max_risk=Risk.LOW, min_saving_usd=Decimal(10**6))
    gone = left_out(given.functions, functions, Risk.LOW)
    assert {each.because: each.changes for each in gone} == {HIGHER_RISK: riskier, SAVES_LESS: len(pending) - riskier}
    assert sentences(parse_policy("rules: {}", "p.yaml", date(2026, 1, 1)), gone)[0] == (
        f"Left out: {riskier} changes of a higher risk than was asked for (--risk)."
    )
    assert left_out(given.functions, given.functions, Risk.LOW) == ()

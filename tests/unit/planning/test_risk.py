"""A risk says what it follows from: evidence, worst case, and whether rollback can bring it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Lookup
from lambda_tailor.model.verdict import Key, Proposed, Risk, Transition
from lambda_tailor.planning.risk import assess
from tests.builders import a_function, measured

SEEN = Evidence(invocations=measured(100_000, "count"))


def memory(**given: Any) -> Proposed:
    told = {"slowdown": (1.0, 2.37), "checked": ("bound by CPU, a run takes up to 2.3 times as long",), **given}
    return Proposed("memory_mb", 1024, 512, "", (), Risk.MEDIUM, derived=True, **told)


def test_a_slower_size_says_how_much_slower_and_what_was_seen() -> None:
    found = assess(a_function(), SEEN, "memory", memory())
    assert found.risk is Risk.MEDIUM
    assert found.because == (
        "bound by CPU, a run takes up to 2.3 times as long",
        "runs take 1 to 2.4 times as long",
        "100,000 invocations in 2 weeks were seen",
        "rollback puts it back",
    )


@pytest.mark.parametrize(
    ("slowdown", "evidence", "risk"),
    [
        ((1.0, 1.0), SEEN, Risk.LOW),
        ((0.9, 1.25), SEEN, Risk.LOW),
        ((1.0, 2.4), SEEN, Risk.MEDIUM),
        ((1.0, 1.0), Evidence(invocations=measured(80, "count")), Risk.MEDIUM),
        ((1.0, 1.0), Evidence(), Risk.MEDIUM),
    ],
)
def test_little_evidence_and_much_slowdown_are_both_a_risk(
    slowdown: tuple[float, float], evidence: Evidence, risk: Risk
) -> None:
    assert assess(a_function(), evidence, "memory", memory(slowdown=slowdown)).risk is risk


def test_a_shorter_retention_deletes_for_good_where_there_are_logs() -> None:
    change = Proposed("retention_days", None, 7, "", (), Risk.LOW)
    lookup = Lookup("log-group", "/aws/lambda/lambda-function-dev")
    full = a_function(resources={lookup: Found({"stored_bytes": 5_000})})
    empty = a_function(resources={lookup: Found({"stored_bytes": 0})})
    assert assess(full, SEEN, "log-retention", change).risk is Risk.MEDIUM
    assert "rollback cannot bring them back" in assess(full, SEEN, "log-retention", change).because[-1]
    assert assess(empty, SEEN, "log-retention", change).because == ("rollback puts it back",)


def test_what_most_of_the_risk_comes_from_has_a_code() -> None:
    step = (Transition(Key("function-configuration", "f"), "timeout_s", 300, 30),)
    proposed = Proposed("timeout_s", 300, 30, "the policy's target", step, Risk.MEDIUM)
    assert assess(a_function(), Evidence(), "timeout", proposed).code == "no-run-seen"
    few = Evidence(invocations=Measured(20, "count", "test", 14.0, 20))
    assert assess(a_function(), few, "timeout", proposed).code == "few-runs-seen"
    many = Evidence(invocations=Measured(20_000, "count", "test", 14.0, 20))
    calm = replace(proposed, risk=Risk.LOW)
    assert assess(a_function(), many, "timeout", calm).code == ""
    slower = replace(proposed, setting="memory_mb", slowdown=(1.0, 1.9))
    assert assess(a_function(), many, "memory", slower).code == "may-be-slower"

"""For every call of a guarded rollout: killed just before and just after it, then resumed or rolled back.

The clock is scripted by the options: no step lasts, so that one process goes through publishing, moving
the alias, a look and the end, one way or the other. By default some points are tried; ``make faults``
tries all.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.tailor import Tailor
from tests.integration.conftest import Aws, deploy
from tests.integration.traffic import released

__all__ = ["deploy"]
THOROUGH = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"
WAYS = tuple(itertools.product(("before", "after"), ("resume", "rollback")))
# Every so many calls one is tried, in the next of the four ways.
SPARSELY = 9
GUARDED = (
    "apply", "--function", "f", "--preset", "reference", "--rules", "memory", "--auto-approve", "--guard",
    "--guard-steps", "50,100", "--guard-minutes", "0.0001",
)  # fmt: skip
Record = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Rolled:
    """The function as one reads it."""

    aws: Aws

    def state(self) -> tuple[Any, ...]:
        functions = self.aws.client("lambda")
        alias = functions.get_alias(FunctionName="f", Name="live")
        versions = functions.list_versions_by_function(FunctionName="f")["Versions"]
        memory = functions.get_function(FunctionName="f")["Configuration"]["MemorySize"]
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return alias["FunctionVersion"] == "1", bool(weights), len(versions) - 1, memory


MOVE = "lambda:UpdateAlias"
BEFORE = (True, False, 1, 3008)
PROMOTED = (False, False, 2, 1024)


@pytest.fixture
def rolled(aws: Aws, deploy: Any) -> Rolled:
    released(deploy, "good")
    found = Rolled(aws)
    assert found.state() == BEFORE
    return found


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(("ends", "after"), [("promote", PROMOTED), ("rollback", BEFORE)])
def test_killed_at_every_call_of_a_rollout(
    rolled: Rolled, ends: str, after: tuple[Any, ...], record_property: Record
) -> None:
    aws, tailor = rolled.aws, Tailor(rolled.aws, None)
    command = (*GUARDED, "--on-inconclusive", ends)
    aws.control.reset()
    aws.run(*command, exit_code=None)
    calls = sum(aws.control.calls().values())
    moves = aws.control.calls()[MOVE]
    assert moves >= 2
    aws.run("rollback", "latest", "--auto-approve")
    assert rolled.state() == BEFORE
    tried = begun = 0
    every = [("*", number, *way) for number in range(1, calls + 1) for way in WAYS]
    # What was done and nobody knows of is the dangerous half: each move of the alias is always among them.
    moved = [(MOVE, number, "after", finish) for number in range(1, moves + 1) for finish in ("resume", "rollback")]
    points = every if THOROUGH else [every[n] for n in range(0, len(every), 4 * SPARSELY + 1)] + moved
    for operation, number, when, finish in points:
        if not tailor.killed_at(number, when, *command, operation=operation):
            aws.run("rollback", "latest", "--auto-approve", exit_code=None)
            continue
        tried += 1
        run = opened(aws)
        if run is not None:
            begun += 1
            if finish == "resume":
                aws.run("resume", run, "--auto-approve", exit_code=None)
                shown = aws.json("runs", run)
                assert [each["status"] for each in shown["rollouts"]] == [
                    "promoted" if ends == "promote" else "inconclusive"
                ]
                assert rolled.state() == after, (number, when)
            aws.run("rollback", run, "--auto-approve")
        assert rolled.state() == BEFORE, (number, when, finish)
    assert tried and begun
    record_property("figure", f"a rollout that ends in {ends}, killed before and after its calls: {tried} points tried")


def opened(aws: Aws) -> str | None:
    """The newest run that is no rollback and not over."""
    runs = aws.json("runs")["runs"]
    left = [run["run_id"] for run in runs if run["of_run"] is None and run["status"] in ("running", "interrupted")]
    return left[-1] if left else None

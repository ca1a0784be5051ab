"""What a policy makes the program read: readings, and resources that cost a call for each function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.lookups import FEW, affordable, all_kinds
from lambda_tailor.aws.lookups.kind import LookupKind
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.evidence import READINGS
from lambda_tailor.model.function import Lookup
from lambda_tailor.planning.asking import readings_of
from lambda_tailor.policy.file import load_preset, parse_policy
from lambda_tailor.settings.setting import Call
from tests.builders import ACCOUNT, a_function

RECURSION, ALARM = Lookup("recursion", "f"), Lookup("alarm", "a")


def test_fixed_targets_ask_for_no_advice_and_no_triggers() -> None:
    asked = readings_of(load_preset("reference"), [a_function()])
    assert "memory_used" in asked
    assert not {"recommendation", "triggers"} & asked


def test_derived_values_ask_for_all_that_they_rest_on() -> None:
    asked = readings_of(load_preset("right-size,operate"), [a_function()])
    assert {"memory_used", "at_memory", "recommendation", "triggers", "idle_days", "async_events"} <= asked


def test_only_the_rules_of_the_policy_ask() -> None:
    policy = parse_policy("rules: {tracing: {}}", "p.yaml")
    assert readings_of(policy, [a_function()]) == frozenset()
    assert readings_of(load_preset("right-size"), []) == frozenset()


def test_a_call_for_each_function_is_spent_on_few_functions_or_when_asked() -> None:
    lookups = {RECURSION, ALARM}
    assert affordable(lookups, FEW, deep=False) == lookups
    assert affordable(lookups, FEW + 1, deep=False) == {ALARM}
    assert affordable(lookups, FEW + 1, deep=True) == lookups


class Counting:
    """A gateway whose AWS has nothing, and that counts what it is asked."""

    def __init__(self) -> None:
        self.region, self.sent = "eu-central-1", 0

    def call(self, _call: Call) -> dict[str, Any]:
        self.sent += 1
        return {}

    def pages(self, _call: Call, *_tokens: str) -> Iterator[dict[str, Any]]:
        self.sent += 1
        yield {}


@pytest.mark.parametrize("kind", [k for k in all_kinds().values() if k.costs == "page"], ids=lambda kind: kind.kind)
def test_a_kind_that_says_page_takes_few_calls_for_many_names(kind: LookupKind) -> None:
    gateway = Counting()
    kind.read(OpenScope(cast(Gateway, gateway), ACCOUNT, "aws"), [f"thing-{number:03}" for number in range(100)])
    file = f"src/{kind.read.__module__.replace('.', '/')}.py"
    assert 0 < gateway.sent <= 10, f"{kind.kind} sent {gateway.sent} calls for 100 names: see costs= in {file}"


def test_there_are_kinds_of_every_cost() -> None:
    assert {kind.costs for kind in all_kinds().values()} == {"page", "name", "function"}


def test_every_preset_asks_for_readings_that_there_are() -> None:
    for preset in ("reference", "right-size"):
        asked = readings_of(load_preset(preset), [a_function()])
        assert asked <= {*READINGS, "at_memory", "recommendation", "triggers", "event_sources", "tuned"}

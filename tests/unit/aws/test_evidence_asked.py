"""What a policy makes the program read: readings, and resources that cost a call for each function."""

from __future__ import annotations

from lambda_tailor.aws.lookups import BY_FUNCTION, FEW, READERS, affordable
from lambda_tailor.model.evidence import READINGS
from lambda_tailor.model.function import Lookup
from lambda_tailor.planning.planner import readings_of
from lambda_tailor.policy.file import load_preset, parse_policy
from tests.builders import a_function

RECURSION, ALARM = Lookup("recursion", "f"), Lookup("alarm", "a")


def test_fixed_targets_ask_for_no_advice_and_no_triggers() -> None:
    asked = readings_of(load_preset("reference"), [a_function()])
    assert "memory_used" in asked
    assert not {"recommendation", "triggers"} & asked


def test_derived_values_ask_for_all_that_they_rest_on() -> None:
    asked = readings_of(load_preset("right-size"), [a_function()])
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


def test_what_costs_a_call_for_each_function_has_a_reader() -> None:
    assert READERS.keys() >= BY_FUNCTION


def test_every_preset_asks_for_readings_that_there_are() -> None:
    for preset in ("reference", "right-size"):
        asked = readings_of(load_preset(preset), [a_function()])
        assert asked <= {*READINGS, "at_memory", "recommendation", "triggers"}

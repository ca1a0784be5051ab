from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import ChangeRef
from lambda_tailor.model.verdict import Key, Transition
from lambda_tailor.planning.operations import Step, arrange
from tests.builders import a_function

F = a_function()


def step(number: int, *transitions: Transition, function: Function = F) -> Step:
    return Step(number, function, ChangeRef(function.arn, f"rule-{number}", "setting"), transitions)


def test_all_changes_of_one_configuration_travel_in_one_operation() -> None:
    key = Key("function-configuration", F.name)
    memory, timeout = Transition(key, "memory_mb", 3008, 1024), Transition(key, "timeout_s", 300, 30)
    (operation,), conflicts = arrange([step(0, memory), step(1, timeout)])
    assert operation.before == {"memory_mb": 3008, "timeout_s": 300}
    assert operation.after == {"memory_mb": 1024, "timeout_s": 30}
    assert operation.revision_id == "rev-1"
    assert not conflicts


def test_a_requirement_comes_first_and_binds_only_its_field() -> None:
    queue, configuration = Key("queue", "q"), Key("function-configuration", F.name)
    memory = Transition(configuration, "memory_mb", 3008, 1024)
    attach = Transition(configuration, "dead_letter_arn", None, "arn", requires=(queue,))
    operations, _ = arrange([step(0, memory), step(1, Transition(queue, "exists", False, True), attach)])
    assert [o.key.kind for o in operations] == ["queue", "function-configuration"]
    assert operations[1].requires == {"dead_letter_arn": (operations[0].id,)}


def test_a_shared_resource_is_written_once() -> None:
    other = a_function("other")
    retain = Transition(Key("log-retention", "/shared"), "retention_days", None, 7)
    operations, conflicts = arrange([step(0, retain), step(1, retain, function=other)])
    assert len(operations) == 1
    assert not conflicts
    assert len(operations[0].changes["retention_days"]) == 2


def test_functions_that_want_different_things_of_a_shared_resource_conflict() -> None:
    key = Key("log-retention", "/shared")
    first, second = Transition(key, "retention_days", None, 7), Transition(key, "retention_days", None, 30)
    operations, conflicts = arrange([step(0, first), step(1, second, function=a_function("other"))])
    assert operations[0].after == {"retention_days": 7}
    assert list(conflicts) == [1]
    assert "is shared, and lambda-function-dev (rule-0) sets its retention_days to 7" in conflicts[1]


def test_a_conflicting_step_leaves_nothing_half_done() -> None:
    shared = Key("log-retention", "/shared")
    create = Transition(Key("log-group", "/new"), "exists", False, True)
    clash = Transition(shared, "retention_days", None, 30)
    operations, _ = arrange([step(0, Transition(shared, "retention_days", None, 7)), step(1, create, clash)])
    assert [o.key.kind for o in operations] == ["log-retention"]


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=3)), max_size=12))
def test_every_operation_comes_after_what_it_waits_for(edges: list[tuple[int, list[int]]]) -> None:
    # Only backward edges: rules never make circles.
    steps = [
        step(n, Transition(Key("queue", f"q{a}"), f"f{n}", 0, 1, tuple(Key("queue", f"q{b}") for b in bs if b < a)))
        for n, (a, bs) in enumerate(edges)
    ]
    operations, _ = arrange(steps)
    seen: set[str] = set()
    for operation in operations:
        assert {i for ids in operation.requires.values() for i in ids} <= seen
        seen.add(operation.id)

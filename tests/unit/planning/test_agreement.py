"""Operations that do not follow from what a plan shows are refused: each is tried on a plan with every kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from lambda_tailor.applying.undo import undo_plan
from lambda_tailor.documents import adapter, dumps
from lambda_tailor.errors import JournalError, PlanFileError
from lambda_tailor.model.function import Found, Lookup, Missing, Resource
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.record import RunRecord
from lambda_tailor.planning.agreement import check_operations, check_steps
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.file import parse_policy
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.shown import same
from tests.builders import ACCOUNT, REGION, a_function
from tests.unit.planning.plans import a_run, the_plan

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
KINDS = sorted(all_settings())


def operation(kind: str) -> Operation:
    return next(each for each in the_plan().operations if each.key.kind == kind)


def refused(loaded: dict[str, Any]) -> bool:
    """Whether a plan is refused that somebody wrote, whose plan_id may fit."""
    try:
        plan: Plan = adapter(Plan).validate_json(json.dumps(loaded))
        check_operations(plan)
    except (PlanFileError, ValueError):
        return True
    return False


@cache
def text() -> str:
    return dumps(the_plan())


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text())
    return loaded


def test_the_plan_has_every_kind_and_does_what_it_shows() -> None:
    assert {each.key.kind for each in the_plan().operations} == set(all_settings())
    check_operations(the_plan())


def test_what_undoes_it_does_what_it_shows_and_so_does_what_undoes_that() -> None:
    undoing = undo_plan(a_run(the_plan()), "2026-11-24")
    check_operations(undoing, undoing=True)
    again = undo_plan(a_run(undoing, "run-0"), "2026-11-24")
    assert len(again.operations) == len(the_plan().operations)
    check_operations(again, undoing=True)


def test_what_undoes_a_part_of_a_run_names_no_role_of_an_account_that_it_leaves_alone() -> None:
    own, other = the_plan().functions[0].account_id, "999999999999"
    role = f"arn:aws:iam::{own}:role/tailor"
    both = replace(the_plan(), roles={own: role, other: f"arn:aws:iam::{other}:role/tailor"})
    undoing = undo_plan(a_run(both), "2026-11-24")
    assert undoing.operations and undoing.roles == {own: role}
    check_operations(undoing, undoing=True)


def test_a_plan_file_may_not_undo() -> None:
    undoing = undo_plan(a_run(the_plan()), "2026-11-24")
    with pytest.raises(PlanFileError, match="does not do what it shows"):
        check_operations(undoing)


HOSTILE: tuple[Any, ...] = (
    None, True, 1, 7, 10**30, -1, 1.5, "", "x", "arn:aws:iam::999999999999:role/other", [], ["x"], {}, ADMIN,
    {"$reference": "secretsmanager:other"}, {"$sealed": "x"}, {"$fingerprint": "x"}, {"$present": "value"},
)  # fmt: skip


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield path
    for key, item in items:
        yield from leaves(item, (*path, key))


def changed(kind: str, part: str, path: tuple[Any, ...], value: Any) -> dict[str, Any] | None:
    loaded = document()
    (found,) = [o for o in loaded["operations"] if o["id"] == operation(kind).id]
    holder = found
    for key in (part, *path)[:-1]:
        holder = holder[key]
    last = (part, *path)[-1]
    if same(holder[last], value):
        return None
    holder[last] = value
    return loaded


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_value_may_be_written(kind: str) -> None:
    tried = 0
    for path in leaves(json.loads(json.dumps(dict(operation(kind).after)))):
        for value in HOSTILE:
            loaded = changed(kind, "after", path, value)
            if loaded is None:
                continue
            tried += 1
            assert refused(loaded), (path, value)
    assert tried > 10


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"alarm", "event-invoke-config"}))
def test_no_other_value_may_be_said_to_be_there(kind: str) -> None:
    """An alarm's other fields, and what is not configured, are held against AWS alone: nothing is written of them."""
    tried = 0
    for path in leaves(json.loads(json.dumps(dict(operation(kind).before)))):
        for value in HOSTILE:
            loaded = changed(kind, "before", path, value)
            if loaded is None:
                continue
            tried += 1
            assert refused(loaded), (path, value)
    assert tried > 10


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_resource_function_account_or_region(kind: str) -> None:
    key = operation(kind).key.resource
    others = (
        "other",
        f"{key}-2",
        f"other/{key}",
        f"{key}:1",
        "",
        f"{key}\u202e",
        "arn:aws:lambda:us-east-1:1:function:x",
    )
    wrong = [("key", ("resource",), other) for other in others]
    wrong += [("key", ("kind",), other) for other in KINDS if other != kind]
    wrong += [("account_id", (), "999999999999"), ("region", (), "eu-west-1"), ("function", (), "arn:other")]
    wrong += [("revision_id", (), "rev-2")]
    assert len(wrong) > 15
    for part, path, value in wrong:
        loaded = changed(kind, part, path, value)
        assert loaded is not None
        assert refused(loaded), (part, value)


def on_operation(**given: Any) -> Callable[[dict[str, Any]], None]:
    def more(loaded: dict[str, Any]) -> None:
        memory = next(o for o in loaded["operations"] if o["key"]["kind"] == "function-configuration")
        ref = memory["changes"]["memory_mb"]
        field = next(iter(given["after"]))
        loaded["operations"].append(
            {**memory, "id": "op-99999", "requires": {}, "revision_id": None, "changes": {field: ref}, **given}
        )

    return more


def drop(kind: str) -> Callable[[dict[str, Any]], None]:
    def less(loaded: dict[str, Any]) -> None:
        gone = next(o for o in loaded["operations"] if o["key"]["kind"] == kind)
        loaded["operations"].remove(gone)

    return less


def of_plan(**given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda loaded: loaded.update(given)


def of_function(**given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda loaded: loaded["functions"][0].update(given)


def of_change(number: int, **given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda loaded: loaded["functions"][0]["changes"][number].update(given)


def key(kind: str, resource: str) -> dict[str, str]:
    return {"kind": kind, "resource": resource}


@pytest.mark.parametrize(
    "attack",
    [
        on_operation(key=key("role-policy", "admin/x"), before={"document": None}, after={"document": ADMIN}),
        on_operation(key=key("queue", "theirs"), before={"exists": True}, after={"exists": False}),
        on_operation(key=key("log-group", "theirs"), before={"exists": True}, after={"exists": False}),
        on_operation(key=key("alarm", "theirs"), before={"definition": {}}, after={"definition": None}),
        on_operation(key=key("function-version", "other:1"), before={"exists": True}, after={"exists": False}),
        on_operation(
            key=key("function-concurrency", "other"), before={"reserved_concurrency": None},
            after={"reserved_concurrency": 0},
        ),
        on_operation(key=key("function-configuration", "other"), before={"memory_mb": 3008}, after={"memory_mb": 1024}),
        drop("queue-visibility"),
        drop("log-retention"),
        of_plan(roles={"123456789012": "arn:aws:iam::999999999999:role/theirs"}),
        of_plan(roles={"999999999999": "arn:aws:iam::999999999999:role/theirs"}),
        of_plan(roles={"123456789012": "arn:aws:iam::123456789012:user/theirs"}),
        of_plan(operations=[]),
        of_function(name="lambda-function-dеv"),  # a Cyrillic letter
        of_function(arn="arn:aws:lambda:us-east-1:999999999999:function:lambda-function-dev"),
        of_function(account_id="999999999999"),
        of_function(region="us-east-1\u200b"),
        of_function(revision_id="rev-2"),
        of_function(changes=[]),
        of_change(0, after=256),
        of_change(0, kind="finding"),
        of_change(0, blocked="not at all"),
        of_change(0, setting="timeout_s"),
        of_change(3, resource="/aws/lambda/other"),
        of_change(7, after="arn:aws:sqs:us-east-1:999999999999:lambda-dlq-dev"),
    ],
)  # fmt: skip
def test_an_attack_is_refused(attack: Callable[[dict[str, Any]], None]) -> None:
    loaded = document()
    attack(loaded)
    assert refused(loaded)


@pytest.mark.parametrize("requires", [{"memory_mb": ["op-00099"]}, {"other": ["op-00001"]}])
def test_an_operation_waits_only_for_what_comes_before_it(requires: dict[str, Any]) -> None:
    loaded = changed("function-configuration", "requires", (), requires)
    assert loaded is not None
    assert refused(loaded)


def with_step(record: RunRecord, id: str, **given: Any) -> RunRecord:
    return replace(record, steps={**record.steps, id: replace(record.steps[id], **given)})


def test_the_steps_of_a_run_are_those_of_its_plan() -> None:
    check_steps(a_run(the_plan()))
    undoing = undo_plan(a_run(the_plan()), "2026-11-24")
    check_steps(a_run(undoing, "run-1"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["was", "wrote"])
def test_no_other_value_in_a_step_is_put_back(kind: str, part: str) -> None:
    record, id = a_run(the_plan()), operation(kind).id
    tried = 0
    for field, noted in getattr(record.steps[id], part).items():
        for value in HOSTILE:
            secret = isinstance(noted, dict) and next(iter(noted), "").startswith("$")
            if same(value, noted) or (secret and isinstance(value, dict)):
                continue
            tried += 1
            fields = {**getattr(record.steps[id], part), field: value}
            with pytest.raises(JournalError, match="somebody changed the journal"):
                check_steps(with_step(record, id, **{part: fields}))
    assert tried > 10


def test_a_step_with_another_field_or_of_no_operation_is_refused() -> None:
    record = a_run(the_plan())
    id = operation("function-configuration").id
    more = {"was": {**record.steps[id].was, "role": "x"}, "wrote": {**record.steps[id].wrote, "role": "y"}}
    for strange in (
        with_step(record, id, **more),
        with_step(record, id, was={}),
        replace(record, steps={**record.steps, "op-9": replace(record.steps[id], operation_id="op-9")}),
    ):
        with pytest.raises(JournalError, match="somebody changed the journal"):
            check_steps(strange)


def destined_plan() -> Plan:
    """A plan that sends what fails to a new queue, and leaves where successes go."""
    function = a_function("worker")
    role = f"{function.role_arn} sqs:SendMessage arn:aws:sqs:{REGION}:{ACCOUNT}:worker-failed"
    resources: dict[Lookup, Resource] = {
        Lookup("queue", "worker-failed"): Missing(), Lookup("role-may", role): Found({"allowed": False}),
        Lookup("event-invoke-config", "worker"): Found(
            {"destinations": {"OnSuccess": {"Destination": "arn:aws:sns:us-east-1:123456789012:done"}}}
        ),
    }  # fmt: skip
    rules = "rules: {dead-letter-queue: {queue: worker-failed, kind: destination, add_permission: true}}"
    reading = ScopeData(
        account_id=ACCOUNT, region=REGION, functions=[replace(function, resources=resources)], evidence={},
        pool=None,
    )  # fmt: skip
    policy = parse_policy(rules, "p.yaml", date(2026, 11, 24))
    return make_plan(policy, [reading], worth=lambda _: lambda asked: [Value()] * len(asked), created_at="2026-11-24")


def test_a_destination_for_failures_changes_nothing_else() -> None:
    plan = destined_plan()
    assert [each.key.kind for each in plan.operations] == ["queue", "role-policy", "event-invoke-config"]
    check_operations(plan)
    check_operations(undo_plan(a_run(plan), "2026-11-24"), undoing=True)
    *made, sends = plan.operations
    (after,) = sends.after.values()
    assert isinstance(after, dict)
    hostile = [
        {**after, "OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:999999999999:theirs"}},
        {**after, "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:999999999999:theirs"}},
        {"OnFailure": after["OnFailure"]},
        None,
    ]
    for wanted in hostile:
        changed = replace(sends, after={"destinations": wanted})
        with pytest.raises(PlanFileError, match="does not follow"):
            check_operations(replace(plan, operations=(*made, changed)))

"""One operation of every kind of setting, each on a function of its own, and what another hand does to it.

The plan is put together here, so that no evidence has to be made for it; it is held against what it shows all the
same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from lambda_tailor.documents import plan_hash
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan, PlannedFunction
from lambda_tailor.model.verdict import Key, Risk
from lambda_tailor.planning.summing import summarize
from lambda_tailor.settings.role_policy import MAY_TRACE, may_trace
from lambda_tailor.settings.scheduled_action import DOWN, UP, action
from tests.faults import hand as by
from tests.faults.hand import ALARM, REGION, SCHEDULE, Hand, package
from tests.integration.conftest import Aws


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its kind, resource, fields before and after, and the change that it is shown as."""

    kind: str
    resource: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    setting: str
    shown: tuple[Any, Any] | None = None
    rule: str = "memory"
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of setting: the operations of its function (the kind's own first), and another hand.

    ``theirs`` is set by the other hand; ``seen`` reads what it touched, whole. ``prepare`` makes what has to be there.
    ``claim`` is what the other hand does after the run where that is something else. ``same`` tells that what it sets
    is what the run wants, since there is nothing else, and ``same_back`` that it is what a rollback wants: there is
    nothing to tell then. ``never_back`` tells that there is no way back.
    """

    kind: str
    steps: Callable[[Hand], tuple[Step, ...]]
    theirs: Callable[[Hand], object]
    seen: Callable[[Hand], Any]
    prepare: Callable[[Hand], object] = field(default=lambda _hand: None)
    claim: Callable[[Hand], object] | None = None
    same: bool = False
    same_back: bool = False
    never_back: bool = False


def _traced(hand: Hand) -> Step:
    return Step(
        "function-configuration", hand.name, {"tracing": "PassThrough"}, {"tracing": "Active"}, "tracing",
        rule="tracing",
    )  # fmt: skip


def _scaled_by(hand: Hand) -> tuple[Step, ...]:
    where, setting, shown = f"{hand.name}:live", "provisioned_schedule.live", (None, SCHEDULE)
    told: dict[str, Any] = {"setting": setting, "shown": shown, "rule": "provisioned-concurrency-schedule"}
    capacity = {"min": 0, "max": SCHEDULE["executions"]}
    return (
        Step("scalable-target", where, {"capacity": None}, {"capacity": capacity}, **told),
        *(
            Step("scheduled-action", f"{where}/{name}", {"action": None}, {"action": action(SCHEDULE, name)}, **told)
            for name in (UP, DOWN)
        ),
    )


def _one(kind: str, field: str, before: Any, after: Any, **told: Any) -> Callable[[Hand], tuple[Step, ...]]:
    """One field of the function itself."""
    return lambda hand: (Step(kind, hand.name, {field: before}, {field: after}, **{"setting": field, **told}),)


def _with_a_queue(hand: Hand) -> tuple[Step, ...]:
    told: dict[str, Any] = {"setting": "dead_letter_arn", "shown": (None, hand.queue_arn), "rule": "dead-letter-queue"}
    before, after = {"dead_letter_arn": None}, {"dead_letter_arn": hand.queue_arn}
    return (
        Step("queue", hand.queue, {"exists": False}, {"exists": True}, **told),
        Step("function-configuration", hand.name, before, after, **told),
    )


def _with_a_group(hand: Hand) -> tuple[Step, ...]:
    told: dict[str, Any] = {"setting": "retention_days", "shown": (None, 7), "rule": "log-retention"}
    return (
        Step("log-group", hand.group, {"exists": False}, {"exists": True}, **told, named=hand.group),
        Step("log-retention", hand.group, {"retention_days": None}, {"retention_days": 7}, **told, named=hand.group),
    )


def _with_an_alarm(hand: Hand) -> tuple[Step, ...]:
    definition = {**ALARM, "Dimensions": [{"Name": "FunctionName", "Value": hand.name}]}
    shown = {"alarm": hand.name, "threshold": ALARM["Threshold"], "definition": definition}
    return (
        Step("alarm", hand.name, {"definition": None}, {"definition": definition}, "alarm", (None, shown), "alarms"),
    )


def _with_a_permission(hand: Hand) -> tuple[Step, ...]:
    before, after, told = {"document": None}, {"document": may_trace()}, ("PassThrough", "Active")
    return (
        Step("role-policy", f"{hand.role}/{MAY_TRACE}", before, after, "tracing", told, "tracing"),
        _traced(hand),
    )


def _of_a_bucket(kind: str, field: str, after: Any) -> Callable[[Hand], tuple[Step, ...]]:
    return lambda hand: (Step(kind, hand.bucket, {field: None}, {field: after}, field, named=hand.bucket),)


def _invoking(hand: Hand) -> tuple[Step, ...]:
    return (
        Step("event-invoke-config", hand.name, {"async_retries": None}, {"async_retries": 0}, "async_retries", (2, 0)),
    )


def _polled(hand: Hand) -> tuple[Step, ...]:
    uuid = by.mapping(hand)["UUID"]
    before, after = {"max_concurrency": None}, {"max_concurrency": 5}
    return (Step("event-source", uuid, before, after, f"max_concurrency.{hand.queue}", (None, 5), named=uuid),)


def _first(kind: str, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same steps, from the first of that kind on: it is the row's own."""
    own = next(step for step in steps if step.kind == kind)
    return own, *(step for step in steps if step is not own)


ROWS: tuple[Row, ...] = (
    Row("function-configuration", _one("function-configuration", "memory_mb", 3008, 1024), by.configure,
        lambda hand: hand.configuration()["Configuration"]["MemorySize"]),
    Row("function-code", _one("function-code", "architecture", "x86_64", "arm64"), by.deploy_code, by.code),
    Row("function-concurrency", _one("function-concurrency", "reserved_concurrency", None, 50),
        lambda hand: hand.functions().put_function_concurrency(FunctionName=hand.name, ReservedConcurrentExecutions=0),
        by.reserved),
    Row("function-version",
        lambda hand: (Step("function-version", f"{hand.name}:1", {"exists": True}, {"exists": False}, "versions",
                           (["1", "2"], ["2"])),),
        by.alias, by.versions, prepare=by.publish, never_back=True),
    Row("log-group", _with_a_group, by.make_group, by.group,
        claim=by.filter, same=True),
    Row("log-retention", lambda hand: _with_a_group(hand)[1:],
        lambda hand: hand.client("logs").put_retention_policy(logGroupName=hand.group, retentionInDays=3653),
        by.retention, prepare=by.make_group),
    Row("queue", _with_a_queue, lambda hand: by.make_queue(hand, VisibilityTimeout="99"), by.attributes,
        prepare=lambda hand: by.allow(hand, "sends", "sqs:*"), claim=lambda hand: by.visible(hand, 77), same=True),
    Row("queue-visibility",
        lambda hand: (Step("queue-visibility", hand.queue, {"visibility_timeout_s": 30}, {"visibility_timeout_s": 90},
                           f"visibility_timeout_s.{hand.queue}", (30, 90)),),
        lambda hand: by.visible(hand, 77), by.attributes, prepare=by.make_queue),
    Row("role-policy", _with_a_permission, lambda hand: by.allow(hand, MAY_TRACE, "xray:*"), by.policy),
    Row("alarm", _with_an_alarm, by.page, by.alarm),
    Row("bucket-versioning", _of_a_bucket("bucket-versioning", "versioning", "Enabled"),
        lambda hand: by.versioned(hand, "Suspended"),
        by.versioning, prepare=by.bucket, same_back=True),
    Row("bucket-lifecycle", _of_a_bucket("bucket-lifecycle", "noncurrent_days", 90), by.our_rule, by.rules,
        prepare=by.bucket),
    Row("event-invoke-config", _invoking,
        lambda hand: hand.client("lambda").put_function_event_invoke_config(
            FunctionName=hand.name, MaximumRetryAttempts=1),
        by.retries),
    Row("event-source", _polled, by.limit, lambda hand: by.mapping(hand).get("ScalingConfig") or None, prepare=by.map),
    Row("provisioned-concurrency",
        lambda hand: (Step("provisioned-concurrency", f"{hand.name}:live", {"provisioned": 9}, {"provisioned": 2},
                           "provisioned_concurrency.live", (9, 2)),),
        lambda hand: by.provision(hand, 4), by.provisioned, prepare=lambda hand: by.provision(by.live(hand), 9)),
    Row("recursive-loop", _one("recursive-loop", "recursive_loop", "Allow", "Terminate"),
        lambda hand: by.loops(hand, "Terminate"),
        lambda hand: hand.client("lambda").get_function_recursion_config(FunctionName=hand.name)["RecursiveLoop"],
        prepare=lambda hand: by.loops(hand, "Allow"), claim=lambda hand: by.loops(hand, "Allow"), same=True,
        same_back=True),
    Row("scalable-target", _scaled_by, lambda hand: by.scale(hand, 1, 5), by.target, prepare=by.live, claim=by.track),
    Row("scalable-capacity",
        lambda hand: (Step("scalable-capacity", f"{hand.name}:live", {"capacity": {"min": 7, "max": 20}},
                           {"capacity": {"min": 2, "max": 20}}, "scalable_target.live",
                           ({"min": 7, "max": 20}, {"min": 2, "max": 20})),),
        lambda hand: by.scale(hand, 3, 9), by.target, prepare=lambda hand: by.scale(by.live(hand), 7, 20)),
    Row("scheduled-action", lambda hand: _first("scheduled-action", _scaled_by(hand)), by.schedule,
        by.scheduled, prepare=by.live),
)  # fmt: skip


def deploy(aws: Aws) -> Mapping[str, Hand]:
    """A function of its own for every kind, and all that has to be there before."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})

    def make(row: Row) -> tuple[str, Hand]:
        hand = Hand(aws, row.kind)
        role = hand.client("iam").create_role(RoleName=hand.role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        hand.client("lambda").create_function(
            FunctionName=hand.name, Runtime="python3.12", Handler="index.handler", Role=role, MemorySize=3008,
            Code={"ZipFile": package()},
        )  # fmt: skip
        row.prepare(hand)
        return row.kind, hand

    return dict(side_by_side(make, ROWS))


def side_by_side(do: Callable[[Row], Any], rows: Iterable[Row]) -> list[Any]:
    """The same for each row, several at once."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(do, rows))


def plan(hands: Mapping[str, Hand], now: str) -> Plan:
    """One plan with the operations of every row; the first of each row is known by its kind."""
    functions: list[PlannedFunction] = []
    operations: list[Operation] = []
    known = side_by_side(lambda row: (row.steps(hands[row.kind]), hands[row.kind].configuration()), ROWS)
    for row, (steps, answer) in zip(ROWS, known, strict=True):
        hand, found = hands[row.kind], answer["Configuration"]
        functions.append(
            PlannedFunction(
                account_id=hand.aws.account, region=REGION, name=hand.name, arn=hand.arn,
                revision_id=found["RevisionId"], owner=None, changes=tuple(_changes(steps)),
                role_arn=found["Role"], log_group=hand.group,
            )
        )  # fmt: skip
        operations += _in_order([_operation(hand, row, place, step, found) for place, step in enumerate(steps)])
    made = Plan(
        plan_id="", created_at=now, policy="every kind", assumptions={}, functions=tuple(functions),
        operations=tuple(operations), summary=summarize(functions),
    )  # fmt: skip
    return replace(made, plan_id=plan_hash(made))


def _changes(steps: tuple[Step, ...]) -> Iterator[Change]:
    told: set[tuple[str, str]] = set()
    for step in steps:
        if (step.rule, step.setting) not in told:
            told.add((step.rule, step.setting))
            before, after = step.shown or (*step.before.values(), *step.after.values())
            yield Change(
                rule=step.rule, setting=step.setting, before=before, after=after, reason="it is so", risk=Risk.LOW,
                resource=step.named,
            )  # fmt: skip


def _operation(hand: Hand, row: Row, place: int, step: Step, found: Any) -> Operation:
    guarded = step.kind in ("function-configuration", "function-code")
    return Operation(
        id=row.kind if not place else f"{row.kind}-{place}", account_id=hand.aws.account, region=REGION,
        function=hand.arn, key=Key(step.kind, step.resource), before=step.before, after=step.after,
        changes={name: (ChangeRef(hand.arn, step.rule, step.setting),) for name in step.after},
        revision_id=found["RevisionId"] if guarded else None,
    )  # fmt: skip


# What makes way for the others comes first, and the others need it.
_FIRST = ("queue", "log-group", "role-policy", "scalable-target")


def _in_order(operations: list[Operation]) -> list[Operation]:
    first = [each for each in operations if each.key.kind in _FIRST]
    ids = tuple(each.id for each in first)
    rest = [each for each in operations if each.key.kind not in _FIRST]
    return first + [replace(each, requires=dict.fromkeys(each.after, ids) if ids else {}) for each in rest]

"""Every write that a plan would make, one a line, with whole values: for a dry run, and before trusting."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import JsonValue

from lambda_tailor import arns
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import ResourceAddress


def role_lines(plan: Plan) -> Iterator[str]:
    """The roles that would be assumed."""
    for account, role in plan.roles.items():
        yield f"Account {account}: assumes {_whole(role)}"


def operation_lines(plan: Plan) -> Iterator[str]:
    """The operations in the order in which they begin."""
    yield f"Operations ({len(plan.operations)}):"
    for operation in plan.operations:
        where = f"{operation.account_id} {operation.region}"
        yield f"  {operation.id} {_call(operation)} {_whole(operation.key.resource)} ({where})"
        for field, after in operation.after.items():
            yield f"      {field}: {_whole(operation.before.get(field))} -> {_whole(after)}"


def _call(operation: Operation) -> str:
    """The AWS call, where the plan alone tells it; else the kind of setting."""
    setting = all_settings()[operation.key.kind]
    partition = arns.part(operation.function, 1)
    address = ResourceAddress(operation.account_id, operation.region, partition, operation.key.resource)
    try:
        return setting.write(address, operation.before, operation.after).name
    except KeyError:
        # It needs more of the resource than a plan says, and makes one call only.
        return setting.write_actions[0].name


def _whole(value: JsonValue) -> str:
    """All of a value, in characters that cannot be mistaken for others."""
    return json.dumps(value)

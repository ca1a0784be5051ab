"""Before a guarded run: every function's way is read, and what is blocked leaves the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scopes import OpenScope, check_account, open_scope
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.rollout import GuardOptions, UnfinishedRollout
from lambda_tailor.rollout.tracks import Blocked, Guarded, Way, guarded_plan, way_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """The plan that is left, and the rollouts in it by function ARN."""

    plan: Plan
    guarded: Mapping[str, Guarded]
    blocked: Mapping[str, str]


def prepare(
    plan: Plan, connection: Connection, options: GuardOptions, unfinished: Sequence[UnfinishedRollout]
) -> Prepared:
    """Read the way of every function that changes.

    ``unfinished`` are the rollouts of earlier runs: their functions are blocked. Raises what Gateway.call raises.
    """
    under_way = {each.arn: each.run_id for each in unfinished}
    by_function: dict[str, list[Operation]] = {}
    for operation in plan.operations:
        by_function.setdefault(operation.function, []).append(operation)
    opened: dict[tuple[str, str], OpenScope] = {}
    ways: dict[str, Way] = {}
    for function in plan.functions:
        operations = by_function.get(function.arn)
        if not operations:
            continue
        if function.arn in under_way:
            ways[function.arn] = Blocked(
                f"{under_way[function.arn]} is rolling it out: lambda-tailor resume, or rollback, that run first"
            )
            continue
        where = (function.account_id, function.region)
        role_arn = plan.roles.get(function.account_id)
        if where not in opened:
            scope = Scope(function.region, role_arn, function.account_id)
            opened[where] = open_scope(connection, scope)
            check_account(opened[where], function.account_id)
        ways[function.arn] = way_of(opened[where].gateway, function, operations, options, role_arn)
    return Prepared(
        guarded_plan(plan, ways),
        {arn: way for arn, way in ways.items() if isinstance(way, Guarded)},
        {arn: way.because for arn, way in ways.items() if isinstance(way, Blocked)},
    )

"""Whether a plan's functions are still those that it was made from: by revision, and by what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.aws.scopes import check_account, open_scope
from lambda_tailor.errors import StalePlan
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import Operation, Plan, PlannedFunction

# Clocks of different machines differ.
_AHEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Checked:
    """A function to be looked at; ``revision_id`` is None where the run itself may have changed it."""

    planned: PlannedFunction
    revision_id: str | None


def check_age(plan: Plan, now: str, max_age_h: float) -> None:
    """Raises StalePlan where a plan is older than so many hours, or nobody can tell how old it is."""
    try:
        age = datetime.fromisoformat(now) - datetime.fromisoformat(plan.created_at)
    except (ValueError, TypeError):
        raise StalePlan("The plan does not say when it was made: make it again.") from None
    if age < -_AHEAD:
        raise StalePlan("The plan was made in the future: check the clocks, and make it again.")
    if age > timedelta(hours=max_age_h):
        raise StalePlan(
            f"The plan was made {age.total_seconds() / 3600:.0f} hours ago, and lasts {max_age_h:g}: make it again, "
            "or give --max-age."
        )


def to_check(plan: Plan, written: Callable[[str], bool]) -> Mapping[tuple[str, str], Sequence[Checked]]:
    """The functions that a plan changes, by account and region; ``written`` tells those the run may have changed."""
    known = {function.arn: function for function in plan.functions}
    changed = {ref.function for operation in plan.operations for refs in operation.changes.values() for ref in refs}
    found: dict[tuple[str, str], list[Checked]] = {}
    for arn in sorted(changed):
        function = known[arn]
        revision = None if written(arn) else function.revision_id
        found.setdefault((function.account_id, function.region), []).append(Checked(function, revision))
    return found


def stale_functions(connection: Connection, scope: Scope, asked: Sequence[Checked]) -> Mapping[str, str]:
    """The functions of one account and region that are gone or others by now, by ARN, with the sentence for it.

    Raises StalePlan where the account is another, and what Gateway.call raises.
    """
    opened = open_scope(connection, scope)
    check_account(opened, scope.account_id)
    names = tuple(each.planned.name for each in asked)
    inventory = take(opened.gateway, opened.account_id, Target(names=names), aliases=False)
    found = {function.name: function for function in inventory.functions}
    stale: dict[str, str] = {}
    for each in asked:
        name = each.planned.name
        because = inventory.unread.get(name) or _because(each, found.get(name))
        if because is not None:
            stale[each.planned.arn] = because
    return stale


def _because(asked: Checked, found: Function | None) -> str | None:
    planned = asked.planned
    if found is None:
        return f"{planned.name} is no longer there"
    if asked.revision_id is not None and found.revision_id != asked.revision_id:
        return f"{planned.name} was changed after the plan was made"
    then = planned.role_arn, planned.log_group, planned.identity
    now = found.role_arn, found.log_group, found.identity
    # Plans of before do not say what a function was.
    if any(was and was != is_now for was, is_now in zip(then, now, strict=True)):
        return f"{planned.name} is another function by now: its role, log group, handler or kind of runtime changed"
    return None


def stale_operations(operations: Sequence[Operation], stale: Mapping[str, str]) -> Mapping[str, str]:
    """The operations of which every function is stale, by id, with the sentence for it."""
    found: dict[str, str] = {}
    for operation in operations if stale else ():
        functions = {ref.function for refs in operation.changes.values() for ref in refs}
        if functions and functions <= stale.keys():
            found[operation.id] = f"{stale[min(functions)]}: left as it is"
    return found

"""What a plan comes to, and whether it is more than the policy's caps allow. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from lambda_tailor.errors import LimitExceeded
from lambda_tailor.model.plan import MonthlyUsd, Operation, Plan, PlannedFunction, PlanSummary


def summarize(functions: Sequence[PlannedFunction]) -> PlanSummary:
    """Counts, savings and additions over the changes that would be made."""
    changes = [change for function in functions for change in function.changes]
    pending = [change for change in changes if change.pending]
    nothing = Decimal(0)
    return PlanSummary(
        functions=len(functions),
        changes=len(pending),
        blocked=sum(change.blocked is not None for change in changes),
        findings=sum(change.kind == "finding" for change in changes),
        monthly_saving_usd=MonthlyUsd(
            sum((max(c.monthly_usd.low, nothing) for c in pending), nothing),
            sum((max(c.monthly_usd.high, nothing) for c in pending), nothing),
        ),
        monthly_added_usd=sum((max(-c.monthly_usd.low, nothing) for c in pending), nothing),
        monthly_net_usd=sum((c.monthly_usd for c in pending), MonthlyUsd()),
        of_it_assumed_usd=sum((c.monthly_usd for c in pending if c.assumed), MonthlyUsd()),
    )


def roles_needed(roles: Mapping[str, str], operations: Sequence[Operation]) -> Mapping[str, str]:
    """The roles of the accounts that the operations change, by account: a plan with any other role is refused."""
    changed = {operation.account_id for operation in operations}
    return {account: role for account, role in sorted(roles.items()) if account in changed}


def check_caps(plan: Plan) -> None:
    """Refuse a plan that touches more functions than its policy's caps allow.

    Raises LimitExceeded.
    """
    caps = plan.assumptions.get("caps")
    if not isinstance(caps, dict):
        return
    touched = len({function.arn for function, _ in plan.pending()})
    most = caps.get("max_functions")
    if isinstance(most, int) and touched > most:
        raise LimitExceeded(
            f"The plan changes {touched} functions and the policy's max_functions is {most}: narrow the target."
        )
    percent = caps.get("max_percent")
    share = 100 * touched / max(1, len(plan.functions))
    if isinstance(percent, int | float) and share > percent:
        raise LimitExceeded(
            f"The plan changes {share:.0f} % of the functions and the policy's max_percent is {percent:g}: "
            "narrow the target."
        )

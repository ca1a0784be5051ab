"""Does what is deployed match the policy? Read from a plan: what it would change does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_tailor.model.plan import Plan, PlannedFunction
from lambda_tailor.model.run import CheckedSetting, Verification, VerifySummary


def verify(plan: Plan) -> Verification:
    """Every setting with what the policy expects and what is deployed.

    A blocked change does not match either: the detail says why it is as it is. A target that could
    not be read verifies nothing, and so does not match.
    """
    settings = tuple(setting for function in plan.functions for setting in _settings(function))
    matching = sum(setting.matches for setting in settings)
    return Verification(
        matches=matching == len(settings) and not plan.problems,
        settings=settings,
        summary=VerifySummary(
            functions=len(plan.functions),
            settings=len(settings),
            matching=matching,
            differing=len(settings) - matching,
            unverified=len(plan.problems),
        ),
        api_calls=plan.api_calls,
    )


def _settings(function: PlannedFunction) -> Iterable[CheckedSetting]:
    where = {"function": function.name, "region": function.region, "account_id": function.account_id}
    for kept in function.kept:
        yield CheckedSetting(
            **where, rule=kept.rule, setting=kept.setting, expected=kept.value, actual=kept.value, matches=True,
            detail=kept.because,
        )  # fmt: skip
    for change in function.changes:
        if change.kind == "change":
            yield CheckedSetting(
                **where, rule=change.rule, setting=change.setting, expected=change.after, actual=change.before,
                matches=False, detail=change.blocked or change.reason,
            )  # fmt: skip

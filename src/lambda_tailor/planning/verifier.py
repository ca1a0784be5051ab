"""Does what is deployed match the policy? Read from a plan: what it would change does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_tailor.model.function import Traffic
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
    wanted = {kept.setting: (kept.rule, kept.value) for kept in function.kept}
    wanted |= {c.setting: (c.rule, c.after) for c in function.changes if c.pending}
    for traffic in function.traffic:
        if traffic.reached or traffic.share == 0:
            continue
        for setting, runs in traffic.runs.items():
            if setting in wanted and runs is not None and runs != wanted[setting][1]:
                rule, expected = wanted[setting]
                yield CheckedSetting(
                    **where, rule=rule, setting=f"{setting}@{traffic.qualifier}", expected=expected, actual=runs,
                    matches=False, detail=_callers(traffic),
                )  # fmt: skip


def _callers(traffic: Traffic) -> str:
    """What the callers really run."""
    share = "" if traffic.share is None else f" ({100 * traffic.share:.0f} % of the invocations)"
    version = f", which is version {traffic.version}" if traffic.version else ""
    return f"callers of {traffic.qualifier}{share} run this{version}, whatever is deployed as $LATEST"

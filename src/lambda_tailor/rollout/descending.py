"""``--descend``: from a promoted size to the next rung below, each proven by the last, while it is allowed. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lambda_tailor.documents import plan_hash
from lambda_tailor.evidence.memory_curve import next_rung
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan
from lambda_tailor.model.rollout import Rollout, RolloutStatus
from lambda_tailor.model.verdict import Key, Risk
from lambda_tailor.planning.estimate import estimate
from lambda_tailor.planning.summing import summarize

_KIND, _SETTING, _RULE = "function-configuration", "memory_mb", "memory"
# A run keeps a tenth of its memory free: over 95 % in use would stop the next rollout.
_IN_USE = 0.9


@dataclass(frozen=True, slots=True)
class Rung:
    """The next plan, and how much slower than the last rung it may be."""

    plan: Plan
    allowed_slowdown: float


def next_rung_of(plan: Plan, rollout: Rollout, fullest: float, revision_id: str, created_at: str) -> Rung | None:
    """The rung below a promoted one, or None where there is none: below it is too small, or nothing more is allowed.

    ``fullest`` is the largest share of its memory that a run of the new version used; ``revision_id`` the
    revision that the function has now.
    """
    if rollout.status is not RolloutStatus.PROMOTED or rollout.new is None or not rollout.looks:
        return None
    now_mb = rollout.new.memory_mb
    floor_mb = math.ceil(now_mb * fullest / _IN_USE)
    rung = next_rung(now_mb, floor_mb)
    slowdown = rollout.looks[-1].slowdown
    left = (1 + rollout.allowed_slowdown) / (1 + max(0.0, slowdown[0] if slowdown else 0.0)) - 1
    if rung >= now_mb or left <= 0:
        return None
    function = next(f for f in plan.functions if f.arn == rollout.arn)
    change = Change(
        rule=_RULE,
        setting=_SETTING,
        before=now_mb,
        after=rung,
        reason=f"the next rung below {now_mb} MB, which its rollout has proven",
        risk=Risk.LOW,
    )
    operation = Operation(
        id="op-00001",
        account_id=function.account_id,
        region=function.region,
        function=function.arn,
        key=Key(_KIND, function.name),
        before={_SETTING: now_mb},
        after={_SETTING: rung},
        changes={_SETTING: (ChangeRef(function.arn, _RULE, _SETTING),)},
        revision_id=revision_id,
    )
    functions = (replace(function, changes=(change,), kept=(), notes=(), revision_id=revision_id),)
    made = replace(
        plan,
        created_at=created_at,
        functions=functions,
        operations=(operation,),
        summary=summarize(functions),
        estimate=estimate((operation,), DEFAULT_SHARE),
        problems=(),
    )
    return Rung(replace(made, plan_id=plan_hash(made)), left)

"""Ephemeral storage: no more /tmp than is used; the first 512 MB are free."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.usage import FREE_EPHEMERAL_MB
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "ephemeral_mb"
MOST_MB = 10_240
_STEP_MB = 64


class EphemeralStorageOptions(Options):
    """Size of /tmp in MB; Lambda takes 512 to 10240."""

    target_mb: int | None = Field(default=None, ge=512, le=MOST_MB, description="The size wanted, in MB.")
    headroom_percent: float = Field(default=50, ge=0, le=400, description="Room above the most that was used.")


def judge(function: Function, evidence: Evidence, options: EphemeralStorageOptions) -> Sequence[Verdict]:
    """Propose the target, or what was used with headroom; say where nobody measured it."""
    current, used = function.ephemeral_mb, evidence.tmp_used
    quotes = evidence.quote("tmp_used")
    used_mb = used.value / 1_048_576 if isinstance(used, Measured) else None
    wanted = options.target_mb
    if wanted is None and used_mb is not None:
        wanted = max(FREE_EPHEMERAL_MB, math.ceil(used_mb * (1 + options.headroom_percent / 100) / _STEP_MB) * _STEP_MB)
        wanted = min(wanted, MOST_MB)
    if wanted is None:
        return (_unmeasured(current),)
    if wanted == current or (options.target_mb is None and wanted > current and (used_mb or 0) <= 0.9 * current):
        return (Kept(SETTING, current, "it has room", quotes),)
    step = (Transition(Key("function-configuration", function.name), SETTING, current, wanted),)
    if used_mb is not None and used_mb > wanted:
        because = f"{used_mb:.0f} MB of /tmp were in use"
        return (Blocked(SETTING, current, wanted, because, step, quotes, "tmp-in-use"),)
    reason = f"at most {used_mb:.0f} MB of /tmp were in use" if used_mb is not None else "the policy's target"
    risk = Risk.LOW if used_mb is not None or wanted > current else Risk.MEDIUM
    return (Proposed(SETTING, current, wanted, reason, step, risk, quotes),)


def _unmeasured(current: int) -> Verdict:
    if current <= FREE_EPHEMERAL_MB:
        return Kept(SETTING, current, "the first 512 MB are free")
    note = (
        f"{current - FREE_EPHEMERAL_MB} MB of /tmp beyond the free 512 are paid for, and nobody measures whether they "
        "are used: Lambda Insights would (tmp_used)"
    )
    return Finding(SETTING, current, note, Risk.LOW)


RULE = Rule(
    id="ephemeral-storage",
    title="No more /tmp than is used",
    why="What /tmp has above 512 MB is billed for every millisecond of every run.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html",
    options=EphemeralStorageOptions,
    judge=judge,
    writes=always("function-configuration"),
    evidence=("tmp_used",),
    surprise="An execution environment keeps its /tmp from one run to the next: what a run leaves is still there, and "
    "counts, in the next one.",
    order=120,
)

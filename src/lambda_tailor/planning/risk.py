"""How much can go wrong with a change, and from what that follows: evidence, worst case, reversibility. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function
from lambda_tailor.model.verdict import Proposed, Risk

# Settings whose change bears on how runs go, so that it matters how much of them was seen.
_BY_RUNS = frozenset({"memory_mb", "timeout_s", "ephemeral_mb", "reserved_concurrency", "architecture"})
# Less than this is no more than a glimpse of a function.
_FEW_DAYS, _FEW_RUNS = 7.0, 500
_BEARABLE = 1.3
_ORDER = (Risk.NONE, Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True, slots=True)
class Assessed:
    """A risk and what it follows from; ``code`` names what makes it medium or high, for programs and for groups."""

    risk: Risk
    because: tuple[str, ...]
    code: str = ""


def assess(function: Function, evidence: Evidence, rule: str, verdict: Proposed) -> Assessed:
    """The risk of a proposed change. What the rule itself saw as its risk is where it starts."""
    risk, because = verdict.risk, list(verdict.checked)
    if rule == "memory" and verdict.slowdown is not None:
        risk, because = _slower(verdict.slowdown, risk, because)
    if verdict.setting in _BY_RUNS:
        seen = _seen(evidence)
        because.append(seen.because[0])
        if verdict.derived is not False or risk is not Risk.NONE:
            risk = max(risk, seen.risk, key=_ORDER.index)
    for lasting in _lasting(function, verdict):
        because.append(lasting)
        risk = max(risk, Risk.MEDIUM, key=_ORDER.index)
    if not any(_lasting(function, verdict)):
        because.append("rollback puts it back")
    code = _code(function, evidence, verdict) if risk in (Risk.MEDIUM, Risk.HIGH) else ""
    return Assessed(risk, tuple(because), code)


def _code(function: Function, evidence: Evidence, verdict: Proposed) -> str:
    """What most of the risk comes from: what lasts, what was not seen, what becomes slower."""
    if _lasting(function, verdict):
        return "cannot-be-put-back"
    if verdict.setting in _BY_RUNS and (seen := _seen(evidence)).risk is Risk.MEDIUM:
        return seen.code
    return "may-be-slower" if verdict.slowdown is not None and verdict.slowdown[1] > _BEARABLE else ""


def _slower(slowdown: tuple[float, float], risk: Risk, because: list[str]) -> tuple[Risk, list[str]]:
    low, high = slowdown
    if high <= 1:
        return Risk.LOW, [*because, "runs get no slower"]
    told = f"runs take {low:.2g} to {high:.2g} times as long"
    return (Risk.LOW if high <= _BEARABLE else risk), [*because, told]


def _seen(evidence: Evidence) -> Assessed:
    invocations = evidence.invocations
    if not isinstance(invocations, Measured):
        return Assessed(Risk.MEDIUM, (f"no run was seen ({invocations.because})",), "no-run-seen")
    weeks = invocations.window_days / 7
    told = f"{invocations.value:,.0f} invocations in {weeks:.2g} {'week' if weeks == 1 else 'weeks'} were seen"
    few = invocations.value < _FEW_RUNS or invocations.window_days < _FEW_DAYS
    return Assessed(Risk.MEDIUM if few else Risk.LOW, (told,), "few-runs-seen" if few else "")


def _lasting(function: Function, verdict: Proposed) -> list[str]:
    """What no rollback can bring back."""
    if verdict.setting == "retention_days":
        group = function.resource("log-group", function.log_group)
        stored = group.state.get("stored_bytes") if isinstance(group, Found) else None
        if isinstance(stored, int | float) and stored > 0:
            return ["logs older than that are deleted for good: rollback cannot bring them back"]
    if any(step.key.kind == "function-version" for step in verdict.transitions):
        return ["a deleted version cannot be brought back"]
    return []

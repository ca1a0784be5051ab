"""Every rule's verdicts on every function of an account and region, in the rules' order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Blocked, Proposed, Risk, Verdict
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import Judged


@dataclass(frozen=True, slots=True)
class Judgement:
    function: Function
    rule: str
    verdict: Verdict


def judge_all(policy: Policy, reading: ScopeData) -> list[Judgement]:
    """Every rule's verdicts, function by function and in the rules' order."""
    by_function: dict[str, list[Judgement]] = {function.arn: [] for function in reading.functions}
    included = {f.arn: f for f in reading.functions if policy.excluded(f) is None}
    options = {arn: policy.options_for(f) for arn, f in included.items()}
    for rule in all_rules().values():
        answers: list[Judged] = [
            (f, rule.judge(f, reading.evidence_of(f), options[arn][rule.id]))
            for arn, f in included.items()
            if rule.id in options[arn]
        ]
        for function, verdicts in rule.settle(_hands_off(answers), reading.pool):
            derived = options[function.arn][rule.id].weighs()
            told = [_marked(verdict, derived=derived) for verdict in verdicts]
            by_function[function.arn] += [Judgement(function, rule.id, verdict) for verdict in told]
            # Rules that come later see what this one gives the function.
            planned = {v.setting: v.after for v in told if isinstance(v, Proposed) and v.setting in _SEEN_BY_LATER}
            if planned:
                included[function.arn] = replace(function, planned={**function.planned, **planned})
    return [item for items in by_function.values() for item in items]


_SEEN_BY_LATER = frozenset({"memory_mb", "timeout_s"})


def _marked(verdict: Verdict, *, derived: bool) -> Verdict:
    """A proposal that knows whether it was derived or stated."""
    if isinstance(verdict, Proposed) and verdict.derived is None:
        return replace(verdict, derived=derived)
    return verdict


def _hands_off(answers: Sequence[Judged]) -> Sequence[Judged]:
    """Nothing is proposed for a function that AWS would not let be changed."""
    return [
        (function, [blocked(v, because) if isinstance(v, Proposed) else v for v in verdicts])
        if (because := function.untouchable)
        else (function, verdicts)
        for function, verdicts in answers
    ]


def blocked(verdict: Proposed, because: str) -> Blocked:
    return Blocked(verdict.setting, verdict.before, verdict.after, because, (), verdict.evidence)


def release(item: Judgement, force: frozenset[str]) -> Judgement:
    """A blocked change that the user forced by name."""
    verdict = item.verdict
    if not isinstance(verdict, Blocked) or not verdict.transitions:
        return item
    if f"{item.function.name}:{item.rule}" not in force:
        return item
    reason = f"forced, although {verdict.because}"
    forced = Proposed(
        verdict.setting, verdict.before, verdict.after, reason, verdict.transitions, Risk.HIGH, verdict.evidence,
        derived=False,
    )  # fmt: skip
    return replace(item, verdict=forced)

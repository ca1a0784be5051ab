"""Why a function's plan is what it is: policy, evidence, verdict, and what would change it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import assert_never

from pydantic import JsonValue

from lambda_tailor.model.evidence import Absent, Evidence, Measured, Tuned
from lambda_tailor.model.explanation import (
    ExplainedFunction,
    ExplainedOption,
    ExplainedReading,
    ExplainedRule,
    ExplainedVerdict,
    Status,
    VerdictKind,
    WouldChange,
)
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import Change, Kept, PlannedFunction
from lambda_tailor.model.verdict import Blocked, Finding, Proposed, Verdict
from lambda_tailor.model.verdict import Kept as KeptVerdict
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.what_if import Case, Lever, levers
from lambda_tailor.policy.policy import Policy, Said
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule

MOST_LEVERS = 4
# As far as CloudWatch keeps the five-minute values that evidence is read from.
MOST_LOOKBACK_DAYS = 60
_GRAVEST: tuple[Status, ...] = ("blocked", "proposed", "finding", "kept")
# What the reasons for a gap have in common, whoever gives them; tests hold the givers to it.
_DENIED = re.compile(r"(\S+:\S+) is not allowed")
_WINDOW = re.compile(r"in the window|of the last \d+ days")


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """What was asked for: the policy, and how many days back evidence goes."""

    policy: Policy
    lookback_days: int


def explain(asked: ExplainRequest, reading: ScopeData, planned: PlannedFunction) -> ExplainedFunction:
    """A planned function, rule by rule. It has to be one of the reading's functions."""
    function = next(f for f in reading.functions if f.arn == planned.arn)
    rules = [r for r in all_rules().values() if asked.policy.asked is None or r.id in asked.policy.asked]
    return ExplainedFunction(
        account_id=planned.account_id,
        region=planned.region,
        name=planned.name,
        arn=planned.arn,
        owner=planned.owner,
        notes=planned.notes,
        rules=tuple(_rule(asked, reading, planned, function, rule) for rule in rules),
    )


def _rule(
    asked: ExplainRequest, reading: ScopeData, planned: PlannedFunction, function: Function, rule: AnyRule
) -> ExplainedRule:
    policy = asked.policy
    said = policy.said_for(function, rule)
    explained = ExplainedRule(
        rule=rule.id, title=rule.title, status="off", policy=tuple(_option(each) for each in said)
    )
    if (exclusion := policy.exclusion(function)) is not None:
        return replace(explained, because=f"the function is left alone ({exclusion.origin})")
    case = Case(rule, function, reading.evidence_of(function), reading.pool)
    if rule.id not in policy.options_for(function):
        asks = WouldChange(what=f"'rules: {{{rule.id}: {{}}}}' in the policy, which asks it")
        return replace(explained, because=_off(said), would_change=(*_endings(policy, case, ()), asks))
    verdicts = _verdicts(planned, rule)
    evidence = tuple(_reading(case.evidence, name) for name in rule.evidence)
    status: Status = next((kind for kind in _GRAVEST if any(v.kind == kind for v in verdicts)), "silent")
    return replace(
        explained,
        status=status,
        because="" if verdicts else "its options ask nothing of this function",
        evidence=evidence,
        verdicts=verdicts,
        would_change=tuple(_would_change(asked, case, evidence, verdicts)),
    )


def _off(said: Sequence[Said]) -> str:
    enabled = next(each for each in said if each.option == "enabled")
    if enabled.origin is None:
        return "the policy does not name it"
    match = enabled.override
    until = f" until {match.until}" if match and match.until else ""
    return f"switched off by {enabled.origin}{f', for {match}{until}' if match else ''}"


def _option(said: Said) -> ExplainedOption:
    override = said.override
    return ExplainedOption(
        option=said.option,
        value=said.value,
        origin=str(said.origin) if said.origin else "default",
        override=str(override) if override else None,
        until=str(override.until) if override and override.until else None,
    )


def _verdicts(planned: PlannedFunction, rule: AnyRule) -> tuple[ExplainedVerdict, ...]:
    changes = [_change(change) for change in planned.changes if change.rule == rule.id]
    return (*changes, *(_kept(kept) for kept in planned.kept if kept.rule == rule.id))


def _change(change: Change) -> ExplainedVerdict:
    kind: VerdictKind = "finding" if change.kind == "finding" else "proposed" if change.blocked is None else "blocked"
    return ExplainedVerdict(
        kind=kind,
        setting=change.setting,
        before=change.before,
        after=change.after,
        because=change.blocked or change.reason,
        risk=change.risk,
        risk_because=change.risk_because,
        monthly_usd=change.monthly_usd,
    )


def _kept(kept: Kept) -> ExplainedVerdict:
    return ExplainedVerdict(
        kind="kept", setting=kept.setting, before=kept.value, after=kept.value, because=kept.because
    )


def _reading(evidence: Evidence, name: str) -> ExplainedReading:
    value = getattr(evidence, name)
    if isinstance(value, Absent):
        return ExplainedReading(name=name, absent=value.because)
    if isinstance(value, Measured):
        return ExplainedReading(
            name=name, value=value.value, unit=value.unit, source=value.source, window_days=value.window_days,
            samples=value.samples,
        )  # fmt: skip
    if isinstance(value, Tuned):
        sure = "settled" if value.settled else "not settled"
        source = f"{value.source}, {value.objective}, {sure}"
        return ExplainedReading(name=name, value=value.memory_mb, unit="MB", source=source)
    if name == "recommendation":
        return ExplainedReading(name=name, value=value.memory_mb, unit="MB", source=f"{value.source}, {value.finding}")
    if not value:
        return ExplainedReading(name=name, absent="nothing is known of it")
    return ExplainedReading(name=name, value=[asdict(each) for each in value])


def _would_change(
    asked: ExplainRequest, case: Case, evidence: Sequence[ExplainedReading], verdicts: Sequence[ExplainedVerdict]
) -> Iterator[WouldChange]:
    if case.function.untouchable:
        return
    gaps = [each.absent for each in evidence if each.absent] + [v.because for v in verdicts if v.kind != "proposed"]
    yield from (WouldChange(what=what) for what in dict.fromkeys(_gap(asked, gap) for gap in gaps) if what)
    options = asked.policy.options_for(case.function)[case.rule.id]
    now = case.ask(options)
    forceable = {v.setting for v in now if isinstance(v, Blocked) and v.transitions}
    if any(v.kind == "blocked" and v.setting in forceable for v in verdicts):
        yield WouldChange(what=f"--force {case.function.name}:{case.rule.id}, which makes the change all the same")
    yield from _endings(asked.policy, case, now)
    yield from (_lever(lever) for lever in levers(case, options)[:MOST_LEVERS])


def _gap(asked: ExplainRequest, because: str) -> str:
    """What would close a gap in what is known; empty where nothing that the reader has in hand would."""
    if denied := _DENIED.search(because):
        return f"the permission {denied.group(1)}, see 'lambda-tailor iam-policy'"
    if "evidence budget" in because:
        return "a higher --evidence-budget-usd, which more evidence can be read for"
    if "--deep" in because or "was not looked up" in because:
        return "--deep, which reads what takes calls for each function"
    if _WINDOW.search(because) and asked.lookback_days < MOST_LOOKBACK_DAYS:
        return f"a longer --lookback than {asked.lookback_days} days (at most {MOST_LOOKBACK_DAYS}), if it ran before"
    return ""


def _endings(policy: Policy, case: Case, now: Sequence[Verdict]) -> Iterator[WouldChange]:
    """What the rule says on the day after an exception that bears on it ends."""
    for layer in policy.exceptions(case.function):
        match = layer.match
        if match is None or match.until is None or match.over(policy.today) or case.rule.id not in layer.rules:
            continue
        options = policy.on(match.until + timedelta(days=1)).options_for(case.function).get(case.rule.id)
        what = f"the end of the exception ({layer.origin}) after {match.until}"
        if options is not None and not case.knows(options):
            yield WouldChange(what=what)
            continue
        then = [] if options is None else case.ask(options)
        if list(then) != list(now):
            yield WouldChange(what=what, then=tuple(_verdict(verdict) for verdict in then))


def _lever(lever: Lever) -> WouldChange:
    what = f"{lever.option} {_plain(lever.value)} instead of {_plain(lever.now)}"
    return WouldChange(what=what, then=() if lever.then is None else (_verdict(lever.then),))


def _verdict(verdict: Verdict) -> ExplainedVerdict:
    match verdict:
        case Proposed() as v:
            return ExplainedVerdict(
                kind="proposed", setting=v.setting, before=v.before, after=v.after, because=v.reason, risk=v.risk
            )
        case Blocked() as v:
            return ExplainedVerdict(
                kind="blocked", setting=v.setting, before=v.before, after=v.after, because=v.because
            )
        case Finding() as v:
            return ExplainedVerdict(
                kind="finding", setting=v.setting, before=v.value, after=v.value, because=v.note, risk=v.risk
            )
        case KeptVerdict() as v:
            return ExplainedVerdict(kind="kept", setting=v.setting, before=v.value, after=v.value, because=v.because)
        case _ as never:
            assert_never(never)


def _plain(value: JsonValue) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

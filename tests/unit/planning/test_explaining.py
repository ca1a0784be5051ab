"""An explanation quotes policy, evidence and verdict, and what it says would change a verdict does change it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor import documents
from lambda_tailor.aws.evidence import _not_sampled
from lambda_tailor.aws.evidence_logs import Aggregates
from lambda_tailor.aws.evidence_metrics import none_found
from lambda_tailor.aws.faults import access_denied
from lambda_tailor.model.evidence import Absent, AtMemory, Evidence, Trigger
from lambda_tailor.model.explanation import ExplainedFunction, ExplainedRule, Explanation, WouldChange
from lambda_tailor.model.function import Function, Lookup, Missing, Resource
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.planning.explaining import ExplainRequest, explain
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.what_if import Case, levers
from lambda_tailor.policy.document import PRESETS
from lambda_tailor.policy.file import load_preset, parse_policy
from lambda_tailor.policy.policy import Policy
from lambda_tailor.report.explanation import lines
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import ConcurrencyPool
from tests.builders import ACCOUNT, REGION, a_function, evidence, measured

TODAY = date(2026, 11, 23)
DENIED = str(access_denied("logs:FilterLogEvents", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f"))


# Looked up on account of the memory that is in use.
NO_ALARMS: dict[Lookup, Resource] = {Lookup("duration-alarms", "lambda-function-dev"): Missing()}
LOOKED_AT = a_function(resources=NO_ALARMS)


def explained(
    policy: Policy | str, seen: Evidence | None = None, function: Function | None = None, lookback: int = 14
) -> ExplainedFunction:
    function = function or LOOKED_AT
    given = parse_policy(policy, "p.yaml", TODAY) if isinstance(policy, str) else policy
    reading = ScopeData(
        account_id=ACCOUNT, region=REGION, functions=[function], evidence={function.arn: seen or Evidence()},
        pool=ConcurrencyPool(1000, 0),
    )  # fmt: skip
    usd = Value(MonthlyUsd.between(Decimal(1), Decimal(2)))
    plan = make_plan(given, [reading], worth=lambda _: lambda asked: [usd] * len(asked), created_at="")
    return explain(ExplainRequest(given, lookback), reading, plan.functions[0])


def rule_of(function: ExplainedFunction, rule: str) -> ExplainedRule:
    return next(each for each in function.rules if each.rule == rule)


def whats(changes: Sequence[WouldChange]) -> list[str]:
    return [change.what for change in changes]


MEMORY = "rules: {memory: {from_evidence: true}}"
SEEN = Evidence(memory_used=measured(1200, "MB", samples=20))


def test_a_proposal_is_told_with_policy_evidence_and_reason() -> None:
    rule = rule_of(explained(MEMORY, Evidence(memory_used=measured(1200, "MB"))), "memory")
    assert rule.status == "proposed"
    (verdict,) = rule.verdicts
    assert (verdict.before, verdict.after, verdict.risk) == (3008, 1769, "medium")
    assert verdict.because.startswith("at most 1200 MB were in use")
    said = {option.option: (option.value, option.origin) for option in rule.policy}
    assert said["from_evidence"] == (True, "p.yaml, line 1")
    assert said["headroom_percent"] == (30, "default")
    used = next(reading for reading in rule.evidence if reading.name == "memory_used")
    assert (used.value, used.unit, used.source, used.window_days, used.samples) == (1200, "MB", "test", 14, 1000)
    gap = next(reading for reading in rule.evidence if reading.name == "invocations")
    assert gap.absent == "not asked for"


def test_an_option_that_decides_is_told_with_the_value_at_which_it_does() -> None:
    rule = rule_of(explained(MEMORY, SEEN), "memory")
    assert rule.status == "kept"
    lever = next(change for change in rule.would_change if "min_samples" in change.what)
    assert lever.what == "min_samples 20 instead of 50"
    assert lever.then is not None and (lever.then[0].kind, lever.then[0].after) == ("proposed", 1769)
    again = rule_of(explained("rules: {memory: {from_evidence: true, min_samples: 20}}", SEEN), "memory")
    assert again.verdicts[0].after == 1769
    short = rule_of(explained("rules: {memory: {from_evidence: true, min_samples: 21}}", SEEN), "memory")
    assert short.status == "kept"


NOT_PROVISIONED = Lookup("provisioned", "lambda-function-dev")
CASES = [
    ("memory", {"target_mb": 1024}, SEEN, a_function()),
    ("memory", {"from_evidence": True}, SEEN, LOOKED_AT),
    ("memory", {"from_evidence": True}, evidence(memory_used=700), a_function(memory_mb=1024, resources=NO_ALARMS)),
    ("timeout", {"target_s": 30}, evidence(duration_max=31_500), a_function()),
    ("timeout", {"from_evidence": True}, evidence(duration_max=2000), a_function(timeout_s=7)),
    ("tracing", {}, Evidence(), a_function()),
    ("reserved-concurrency", {"target": 950}, Evidence(), a_function(resources={NOT_PROVISIONED: Missing()})),
    (
        "reserved-concurrency",
        {"from_evidence": True},
        evidence(concurrency_max=9),
        a_function(resources={NOT_PROVISIONED: Missing()}),
    ),
    ("runtime-end-of-life", {}, Evidence(), a_function()),
    ("ephemeral-storage", {}, evidence(tmp_used=900 * 2**20), a_function(ephemeral_mb=2048)),
]


@pytest.mark.parametrize(("rule_id", "said", "seen", "function"), CASES)
def test_every_lever_does_what_it_says(rule_id: str, said: dict[str, Any], seen: Evidence, function: Function) -> None:
    rule = all_rules()[rule_id]
    options = rule.options.model_validate({"enabled": True, **said})
    case = Case(rule, function, seen, ConcurrencyPool(1000, 0))
    found = levers(case, options)
    assert found
    for lever in found:
        altered = type(options).model_validate({**options.model_dump(), lever.option: lever.value})
        assert lever.now == getattr(options, lever.option) != lever.value
        assert lever.then in case.ask(altered)
        assert lever.then not in case.ask(options)


def test_a_lever_is_the_nearest_value_that_turns_the_verdict() -> None:
    function, rule = a_function(), all_rules()["memory"]
    case = Case(rule, function, SEEN, None)
    (lever,) = levers(case, rule.options(enabled=True, target_mb=1024))
    assert (lever.option, lever.value) == ("target_mb", 1200)
    case = Case(rule, a_function(memory_mb=1024, resources=NO_ALARMS), evidence(memory_used=700), None)
    by_name = {lever.option: lever.value for lever in levers(case, rule.options(enabled=True, from_evidence=True))}
    # 30 % of headroom on 700 MB are 960 MB, less than 10 % under 1024 MB: 896 MB (28 %) would be enough.
    assert by_name["headroom_percent"] == pytest.approx(28, abs=0.15)
    assert by_name["min_change_percent"] == pytest.approx(6.2, abs=0.15)


def test_what_was_not_looked_up_is_not_guessed() -> None:
    rule = all_rules()["dead-letter-queue"]
    options = rule.options(enabled=True, queue="q", only_asynchronous=True)
    case = Case(rule, a_function(), Evidence(), None)
    assert not case.knows(rule.options(enabled=True, queue="q"))
    assert all(lever.option != "only_asynchronous" for lever in levers(case, options))


@pytest.mark.parametrize(
    ("because", "told"),
    [
        (DENIED, "the permission logs:FilterLogEvents, see 'lambda-tailor iam-policy'"),
        (none_found("Duration", 14), "a longer --lookback than 14 days (at most 60), if it ran before"),
        (_not_sampled(Aggregates(), 20), "--deep, which reads what takes calls for each function"),
        ("beyond the evidence budget of $1", "a higher --evidence-budget-usd, which more evidence can be read for"),
    ],
)
def test_a_gap_is_told_with_what_closes_it(because: str, told: str) -> None:
    rule = rule_of(explained(MEMORY, Evidence(memory_used=Absent(because))), "memory")
    assert rule.verdicts[0].because.endswith(because)
    assert told in whats(rule.would_change)


def test_no_longer_lookback_is_proposed_than_there_is() -> None:
    rule = rule_of(explained(MEMORY, Evidence(memory_used=Absent(none_found("x", 60))), lookback=60), "memory")
    assert not [what for what in whats(rule.would_change) if "lookback" in what]


def test_a_blocked_change_says_how_it_is_forced() -> None:
    rule = rule_of(explained("rules: {memory: {target_mb: 1024}}", SEEN), "memory")
    assert rule.status == "blocked"
    assert "--force lambda-function-dev:memory, which makes the change all the same" in whats(rule.would_change)
    unforceable = rule_of(explained("rules: {log-retention: {days: 7}}"), "log-retention")
    assert unforceable.status == "blocked"
    assert not [what for what in whats(unforceable.would_change) if "--force" in what]


EXCEPTION = """
rules: {memory: {target_mb: 1536}, tracing: {mode: PassThrough}}
overrides:
  - name: "*"
    until: 2027-03-01
    because: "it leaks"
    rules: {memory: {target_mb: 2048}, tracing: {enabled: false}}
"""


def test_an_exception_is_told_with_what_follows_its_end() -> None:
    function = explained(EXCEPTION, SEEN, a_function(tracing="Active"))
    memory = rule_of(function, "memory")
    target = next(option for option in memory.policy if option.option == "target_mb")
    assert (target.value, target.origin, target.override, target.until) == (
        2048, "p.yaml, line 7", "name *", "2027-03-01",
    )  # fmt: skip
    end = next(change for change in memory.would_change if "exception" in change.what)
    assert end.what == "the end of the exception (p.yaml, line 4) after 2027-03-01"
    assert end.then is not None and end.then[0].after == 1536
    tracing = rule_of(function, "tracing")
    assert (tracing.status, tracing.because) == (
        "off", "switched off by p.yaml, line 7, for name * until 2027-03-01",
    )  # fmt: skip
    assert tracing.would_change[0].then is not None and tracing.would_change[0].then[0].after == "PassThrough"


def test_a_rule_that_is_not_asked_says_why() -> None:
    function = explained("rules: {memory: {}}\nexclude: [{name: other}]")
    assert rule_of(function, "memory").status == "silent"
    off = rule_of(function, "architecture")
    assert (off.status, off.because) == ("off", "the policy does not name it")
    assert whats(off.would_change) == ["'rules: {architecture: {}}' in the policy, which asks it"]
    alone = explained("rules: {memory: {target_mb: 512}}\nexclude: [{name: '*'}]")
    assert rule_of(alone, "memory").because == "the function is left alone (p.yaml, line 2)"
    assert {rule.rule for rule in explained(load_preset("reference").only(frozenset({"memory"}))).rules} == {"memory"}


def test_nothing_is_said_to_change_what_aws_lets_nobody_change() -> None:
    rule = rule_of(explained("rules: {tracing: {}}", function=a_function(state="Pending")), "tracing")
    assert rule.status == "blocked" and not rule.would_change


@pytest.mark.parametrize("preset", PRESETS)
def test_the_text_fits_and_the_document_is_as_its_schema_says(preset: str) -> None:
    from jsonschema import Draft202012Validator

    seen = Evidence(
        memory_used=measured(1200, "MB", samples=20),
        duration_max=Absent(DENIED),
        at_memory=(AtMemory(1024, 100, 812.5, 813, 700), AtMemory(2048, 60, 500.1, 501, 702)),
        triggers=(Trigger("queue", "arn:aws:sqs:us-east-1:1:" + "q" * 70, visibility_timeout_s=30),),
    )
    function = explained(load_preset(preset, TODAY), seen, a_function(name="n" * 64, tags={"pulumi:project": "x"}))
    explanation = Explanation(policy=preset, functions=(function,))
    text = [line for _, line in lines(explanation, verbose=True)]
    assert max(map(len, text)) <= 80
    # The preset operate does not ask for it.
    assert preset == "operate" or any(
        "at_memory: memory_mb 1024, invocations 100, duration_ms 812.5" in line for line in text
    )
    dumped = documents.adapter(Explanation).dump_python(explanation, mode="json")
    Draft202012Validator(documents.schema(Explanation)).validate(dumped)
    assert documents.adapter(Explanation).validate_python(dumped, strict=False) == explanation

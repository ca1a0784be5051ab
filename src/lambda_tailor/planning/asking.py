"""What a policy's rules want to see of functions: readings of evidence, and resources around them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function, Lookup
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import Options


def lookups_of(policy: Policy, functions: Sequence[Function]) -> frozenset[Lookup]:
    """Every resource that the policy's rules want to see before they judge these functions."""
    rules = all_rules()
    return frozenset(
        lookup
        for function in functions
        for rule, options in policy.options_for(function).items()
        for lookup in rules[rule].lookups(function, options)
    )


def kinds_of(policy: Policy) -> frozenset[str]:
    """The kinds of resources that the policy's rules want to see around a function like any other."""
    some = Function(account_id="", region="", name="f", arn="", revision_id="", suffix="f", log_group="/aws/lambda/f")
    return frozenset(lookup.kind for lookup in lookups_of(policy, [some]))


def more_lookups_of(
    policy: Policy, functions: Sequence[Function], evidence: Mapping[str, Evidence]
) -> frozenset[Lookup]:
    """The resources that rules want to see on account of the evidence, which is by function ARN."""
    rules = all_rules()
    return frozenset(
        lookup
        for function in functions
        for rule, options in policy.options_for(function).items()
        for lookup in rules[rule].more_lookups(function, evidence.get(function.arn, Evidence()), options)
    )


def readings_of(policy: Policy, functions: Sequence[Function]) -> frozenset[str]:
    """The names of the readings that the policy's rules ask for.

    A rule with a fixed target asks for no advice and no triggers, which only its derived value rests on.
    """
    distinct = {id(each): each for each in map(policy.options_for, functions)}.values()
    return frozenset(name for options in distinct for name in readings_for(options))


def readings_for(options: Mapping[str, Options]) -> frozenset[str]:
    """The names of the readings that rules with these options ask for."""
    rules = all_rules()
    asked: set[str] = set()
    for rule, chosen in options.items():
        derives = getattr(chosen, "from_evidence", True)
        asked |= {name for name in rules[rule].evidence if derives or name not in {"recommendation", "triggers"}}
    return frozenset(asked)

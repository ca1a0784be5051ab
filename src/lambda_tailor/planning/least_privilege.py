"""The smallest IAM policy with which a plan can be made, or made, applied, verified and rolled back. Pure.

Which actions are needed is declared beside each reader and setting; on which resources follows from
the rules, asked about a function whose name may be a pattern.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import product
from string import Formatter
from typing import Any

from lambda_tailor.iam.permission import EVERYTHING, Action
from lambda_tailor.model.evidence import Evidence, Trigger
from lambda_tailor.model.function import Found, Function, Lookup
from lambda_tailor.planning.asking import readings_for
from lambda_tailor.planning.customer_keys import key_statements
from lambda_tailor.policy.document import Match
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import Options
from lambda_tailor.settings import all_settings

# The stack whose resources are all named by its suffix: see lib/tap_stack.py.
FUNCTION_PREFIX, ROLE_PREFIX = "lambda-function-", "lambda-role-"
_ASYNCHRONOUS = Evidence(triggers=(Trigger("asynchronous", EVERYTHING),))
_UNKNOWN = "*"
# By how their regions begin; all others are in ``aws``.
_PARTITIONS: Mapping[str, str] = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which functions a policy is for, and where. What is left out is everything.

    ``names`` may be patterns with * and ?; ``suffix`` names the one function of a stack instead.
    """

    suffix: str | None = None
    names: tuple[str, ...] = (_UNKNOWN,)
    account: str = _UNKNOWN
    regions: tuple[str, ...] = (_UNKNOWN,)

    @property
    def functions(self) -> tuple[Function, ...]:
        """A function for each name, as far as it is known without asking AWS."""
        if self.suffix is not None:
            return (self._function(FUNCTION_PREFIX + self.suffix, self.suffix, ROLE_PREFIX + self.suffix),)
        return tuple(self._function(_iam(name), _suffix(_iam(name)), _UNKNOWN) for name in self.names)

    def _function(self, name: str, suffix: str, role: str) -> Function:
        return Function(
            account_id=self.account,
            region=_UNKNOWN,
            name=name,
            arn=f"arn:*:lambda:*:{self.account}:function:{name}",
            revision_id="",
            suffix=suffix,
            role_arn=f"arn:*:iam::{self.account}:role/{role}",
            log_group=f"/aws/lambda/{name}",
        )


def _iam(pattern: str) -> str:
    """A name pattern as IAM takes it: it knows no sets of characters."""
    return re.sub(r"\[[^]]*\]", "?", pattern)


def _suffix(name: str) -> str:
    """The suffix that functions of that name, or whose names match it, have."""
    head = re.split(r"[*?]", name)[0]
    if head.startswith(FUNCTION_PREFIX):
        return name.removeprefix(FUNCTION_PREFIX)
    return _UNKNOWN if head != name and FUNCTION_PREFIX.startswith(head) else name


def partition_of(region: str) -> str:
    """The partition of a region. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    if region == _UNKNOWN:
        return _UNKNOWN
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")


@dataclass(slots=True)
class Wanted:
    """What a policy's rules may ask for and change: needs, readings, kinds of setting."""

    lookups: set[Lookup] = field(default_factory=set)
    readings: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading takes: IAM actions, and the names that stand for the fields of their ARN templates."""

    actions: frozenset[Action]
    names: Mapping[str, Set[str]] = field(default_factory=dict)


def wanted(policy: Policy, coverage: Coverage) -> Wanted:
    """What the policy may ask for and change within the scope, whatever it finds there."""
    found = Wanted()
    for function in coverage.functions:
        for options in policy.possible_options(partial(_may_hold, function=function)):
            found.lookups |= set(_needs(function, options))
            found.readings |= readings_for(options)
            found.kinds |= {kind for rule, chosen in options.items() for kind in all_rules()[rule].writes(chosen)}
    return found


def _may_hold(match: Match, function: Function) -> bool:
    """Tags are not known, and a pattern may match what another pattern matches."""
    exact = not re.search(r"[*?]", function.name)
    return match.name is None or not exact or fnmatchcase(function.name, match.name)


def _needs(function: Function, options: Mapping[str, Options]) -> Iterator[Lookup]:
    # Some ask more where there is something: as if there were.
    found = replace(function, resources={Lookup("provisioned", function.name): Found({"provisioned": {EVERYTHING: 1}})})
    for id, chosen in options.items():
        rule = all_rules()[id]
        yield from rule.lookups(function, chosen)
        yield from rule.more_lookups(found, _ASYNCHRONOUS, chosen)


def document(
    policy: Policy,
    coverage: Coverage,
    reading: Callable[[Wanted], Reading],
    *,
    writes: bool,
    guard: tuple[Iterable[Action], Iterable[Action]] | None = None,
) -> Mapping[str, Any]:
    """The IAM policy document: for making plans, and with ``writes`` for all that follows from them.

    ``reading`` gives what reading takes; ``guard`` the actions that guarded rollouts and tunes read and write with,
    where there are to be some. The same arguments give the same document.
    """
    asked = wanted(policy, coverage)
    read = reading(asked)
    reads = {*read.actions}
    written: set[Action] = set()
    if writes:
        for kind in asked.kinds:
            setting = all_settings()[kind]
            tags = {action for action in setting.undo_actions if ":Tag" in action.name}
            reads |= {*setting.read_actions, *setting.undo_actions} - tags
            written |= {*setting.write_actions, *tags}
    names = {"function": {function.name for function in coverage.functions}}
    for part, found in read.names.items():
        names.setdefault(part, set()).update(found)
    if guard is not None:
        reads |= {*guard[0]}
        written |= {*guard[1]}
        names.setdefault("log_group", set()).update(function.log_group for function in coverage.functions)
    statements = [*_statements("Read", reads, coverage, names), *_statements("Write", written, coverage, names)]
    asking = {action.name for action in (*reads, *written)}
    places = [(partition_of(region), region) for region in coverage.regions]
    statements += key_statements(asking, places, coverage.account)
    return {"Version": "2012-10-17", "Statement": statements}


def entrance(actions: Iterable[Action], role_arns: Iterable[str]) -> Mapping[str, Any]:
    """The IAM policy document of credentials that only assume roles, which do the rest. The ARNs may be patterns."""
    names = {"assumed_role": set(role_arns)}
    return {"Version": "2012-10-17", "Statement": [*_statements("Reach", actions, Coverage(), names)]}


def with_key(made: Mapping[str, Any], actions: Iterable[Action], key: str, coverage: Coverage) -> Mapping[str, Any]:
    """The document, and the actions on a KMS key that signs: by id, ARN or alias. An alias's key is not known.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-request-alias
    """
    place, _, alias = key.partition("alias/")
    if alias and place.startswith("arn:"):
        arns = [f"{place}key/*"]
    elif key.startswith("arn:"):
        arns = [key]
    else:
        named = "*" if alias else key
        where = ((partition_of(region), region) for region in coverage.regions)
        arns = [f"arn:{partition}:kms:{region}:{coverage.account}:key/{named}" for partition, region in where]
    statement: dict[str, Any] = {
        "Sid": "SignKms", "Effect": "Allow", "Action": sorted({action.name for action in actions}),
        "Resource": arns[0] if len(arns) == 1 else arns,
    }  # fmt: skip
    if alias:
        statement["Condition"] = {"StringEquals": {"kms:RequestAlias": f"alias/{alias}"}}
    return {**made, "Statement": [*made["Statement"], statement]}


def _statements(
    what: str, actions: Iterable[Action], coverage: Coverage, names: Mapping[str, set[str]]
) -> Iterator[Mapping[str, Any]]:
    """One statement for all actions on the same resources, in the order of their services."""
    resources: dict[str, set[str]] = {}
    for action in actions:
        resources.setdefault(action.name, set()).update(_filled(action.arn, coverage, names))
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, found in sorted(resources.items()):
        if found:
            alike.setdefault(_smallest(found), []).append(name)
    used: dict[str, int] = {}
    for arns, together in alike.items():
        service = "WithoutArn" if arns == (EVERYTHING,) else together[0].partition(":")[0].title().replace("-", "")
        used[service] = used.get(service, 0) + 1
        number = str(used[service]) if used[service] > 1 else ""
        sid = f"{what}{service}{number}"
        yield {"Sid": sid, "Effect": "Allow", "Action": together, "Resource": arns[0] if len(arns) == 1 else [*arns]}


def _filled(template: str, coverage: Coverage, names: Mapping[str, set[str]]) -> Iterator[str]:
    """The template's ARNs; none where no resource of its kind is wanted."""
    fields = [name for _, name, _, _ in Formatter().parse(template) if name]
    kinds = [name for name in fields if name not in {"partition", "region", "account"}]
    regions = coverage.regions if "region" in fields else dict.fromkeys(partition_of(r) for r in coverage.regions)
    for region, *values in product(regions, *(sorted(names.get(kind, ())) for kind in kinds)):
        # A secret or parameter may be named by its whole ARN.
        whole = next((value for value in values if value.startswith("arn:")), None)
        where = {"partition": partition_of(region) if "region" in fields else region, "region": region}
        yield whole or template.format(**where, account=coverage.account, **_plain(kinds, values))


def _plain(kinds: Iterable[str], values: Iterable[str]) -> dict[str, str]:
    parameters = {"parameter", "parameter_arn"}
    return {kind: value.lstrip("/") if kind in parameters else value for kind, value in zip(kinds, values, strict=True)}


def _smallest(arns: Iterable[str]) -> tuple[str, ...]:
    """The ARNs without those that another one covers."""
    every = sorted(set(arns))
    return tuple(a for a in every if not any(b != a and _covers(b, a) for b in every))


def _covers(pattern: str, arn: str) -> bool:
    """Whether all that ``arn`` matches, ``pattern`` matches too."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "[^*]")
    return re.fullmatch(expression, arn) is not None

"""A plan: data only, serialisable, hashed. Reports and the executor see nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Literal

from pydantic import Field, JsonValue, PlainSerializer

from lambda_tailor.model.evidence import Quote
from lambda_tailor.model.function import LATEST, Traffic
from lambda_tailor.model.verdict import Key, Risk

SCHEMA_VERSION = "1"

# Money in a document is a JSON number of at most four decimals, which survives a round trip exactly.
Usd = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


# Wide enough for whatever number AWS's answers may hold, however senseless.
WIDE = Context(prec=2000)


def rounded(amount: Decimal, exponent: Decimal) -> Decimal:
    """The amount to that exponent, half away from zero."""
    return amount.quantize(exponent, ROUND_HALF_UP, WIDE)


@dataclass(frozen=True, slots=True)
class MonthlyUsd:
    """US dollars a month, from the careful to the hopeful end; negative is a cost.

    Raises ValueError where ``low`` is above ``high``.
    """

    low: Usd = Decimal(0)
    high: Usd = Decimal(0)

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"a range from {self.low} to {self.high} is the wrong way round")

    @classmethod
    def between(cls, one: Decimal, other: Decimal) -> MonthlyUsd:
        """The range that has both ends, whichever is the lower."""
        return cls(min(one, other), max(one, other))

    def __add__(self, other: MonthlyUsd) -> MonthlyUsd:
        return MonthlyUsd(self.low + other.low, self.high + other.high)

    def __neg__(self) -> MonthlyUsd:
        return MonthlyUsd(-self.high, -self.low)

    def quantize(self, exponent: Decimal) -> MonthlyUsd:
        """The same, rounded, half away from zero."""
        return MonthlyUsd(rounded(self.low, exponent), rounded(self.high, exponent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting: before, after, why, at what risk, worth how much.

    ``kind`` tells a change from a finding, which nothing is done about. ``blocked`` is the reason
    why it is not applied, or None. ``assumed`` tells that its money rests on the stated assumption,
    ``counted`` that its saving reaches the traffic. ``reason_code`` names what is in the way or what
    can go wrong, for programs and for groups. ``resource`` is the name of what is changed, where that is
    not the function. ``risk_because`` is what the risk follows from. ``monthly_usd`` of a blocked change is what
    is not saved by it, where its load is measured; the summary has only what is saved.
    """

    rule: str
    setting: str
    before: JsonValue
    after: JsonValue
    reason: str
    risk: Risk
    blocked: str | None = None
    kind: Literal["change", "finding"] = "change"
    evidence: tuple[Quote, ...] = ()
    monthly_usd: MonthlyUsd = MonthlyUsd()
    assumed: bool = False
    counted: bool = True
    reason_code: str = ""
    resource: str | None = None
    risk_because: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether applying the plan makes this change."""
        return self.blocked is None and self.kind == "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One value a day from ``first_day`` (ISO 8601) on: ``invocations``, or the most ``memory_used`` in MB.

    None stands for a day on which nothing was measured. ``sampled`` tells that a day may have seen more than the value.
    Without values ``because`` says why there are none.
    """

    name: Literal["invocations", "memory_used"]
    first_day: str
    values: tuple[float | None, ...]
    sampled: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFunction:
    """A function with its changes; ``notes`` is what the reader must know before saying yes.

    ``monthly_cost_usd`` is what its compute, requests and logs cost now, or None where that is not known.
    ``role_arn``, ``log_group`` and ``identity`` tell whether a function of that name is still this one.
    ``deployed_as`` has the names that a CloudFormation stack has for it: ``stack`` and ``logical_id``.
    """

    account_id: str
    region: str
    name: str
    arn: str
    revision_id: str
    owner: str | None
    changes: tuple[Change, ...]
    kept: tuple[Kept, ...] = ()
    notes: tuple[str, ...] = ()
    architecture: str = "x86_64"
    monthly_cost_usd: MonthlyUsd | None = None
    series: tuple[Series, ...] = ()
    role_arn: str = ""
    traffic: tuple[Traffic, ...] = (Traffic(LATEST, 1.0),)
    deployed_as: Mapping[str, str] = field(default_factory=dict)
    log_group: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A setting that is as the policy wants it."""

    rule: str
    setting: str
    value: JsonValue
    because: str


@dataclass(frozen=True, slots=True)
class ChangeRef:
    """Points at a change: function ARN, rule id, setting."""

    function: str
    rule: str
    setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One AWS write: a resource's fields from ``before`` to ``after``.

    It carries every change that fits in it, and its inverse is itself with the two swapped.
    ``requires`` gives, by field, the operations without whose success that field is not written;
    ``follows`` those that must only be over. ``revision_id`` is the revision that was read, where
    the resource has one.
    """

    id: str
    account_id: str
    region: str
    function: str
    key: Key
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    follows: tuple[str, ...] = ()
    changes: Mapping[str, tuple[ChangeRef, ...]] = field(default_factory=dict)
    revision_id: str | None = None

    @property
    def waits_for(self) -> frozenset[str]:
        """The operations that have to be over before this one begins."""
        return frozenset(self.follows).union(*self.requires.values())

    def only(self, fields: frozenset[str]) -> Operation:
        """The same operation on fewer fields."""
        return replace(
            self,
            before={f: v for f, v in self.before.items() if f in fields},
            after={f: v for f, v in self.after.items() if f in fields},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A target or a function that could not be read; the others were."""

    account_id: str
    region: str
    subject: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """Counts over the plan, and what it saves and adds in US dollars a month.

    ``monthly_net_usd`` is what is left over, additions taken off; ``of_it_assumed_usd`` is the part of
    that which rests on assumed load.
    """

    functions: int
    changes: int
    blocked: int
    findings: int
    monthly_saving_usd: MonthlyUsd
    monthly_added_usd: Usd
    monthly_net_usd: MonthlyUsd = MonthlyUsd()
    of_it_assumed_usd: MonthlyUsd = MonthlyUsd()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long applying takes, in seconds, if AWS's request quotas are all that it waits for.

    The other fields tell of the lane that takes longest: how many calls at what pace, and where.
    """

    seconds: float
    lane: str
    calls: int
    per_second: float
    account_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who vouches for a plan: an HMAC by the team's key, which begins with the key's fingerprint.

    ``wrapped`` is the key as KMS encrypted it, where it is one of KMS; it is no secret.
    """

    mac: str
    wrapped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What shall be changed where, in what order, and what it is worth.

    ``roles`` has the ARN of the role that is assumed in an account, by account, where one is.
    ``notes`` are sentences about the whole plan: what decided it, and what was left out and why.
    """

    schema_version: Literal["1"] = "1"
    plan_id: str
    created_at: str
    policy: str
    assumptions: Mapping[str, JsonValue]
    functions: tuple[PlannedFunction, ...]
    operations: tuple[Operation, ...]
    summary: PlanSummary
    estimate: Estimate | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    api_calls: Mapping[str, Annotated[int, Field(ge=0)]] = field(default_factory=dict)
    signature: Signature | None = None

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to apply."""
        return bool(self.operations)

    def pending(self) -> Iterator[tuple[PlannedFunction, Change]]:
        """Every change that would be applied, with its function."""
        return ((f, c) for f in self.functions for c in f.changes if c.pending)

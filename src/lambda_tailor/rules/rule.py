"""What a rule is: a value with options and one pure function, in one file of ``rules/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function, Lookup
from lambda_tailor.model.verdict import Verdict


class Options(BaseModel):
    """What a policy may say about a rule; every rule extends it with its own keys."""

    # Built when first used: a policy names a few of the rules.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    enabled: bool = Field(default=False, description="Whether the rule is asked at all; naming a rule says yes.")
    weighed: bool | None = Field(
        default=None,
        description="Whether its changes have to be worth it; if not said, those that follow from evidence have to.",
    )

    def derives(self) -> bool:
        """Whether what is proposed follows from evidence, so that nobody has stated it."""
        return bool(getattr(self, "from_evidence", False))

    def weighs(self) -> bool:
        """Whether a change has to be worth it: it was derived, or the policy says so."""
        return self.derives() if self.weighed is None else self.weighed


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True, slots=True)
class ConcurrencyPool:
    """The account's concurrency in one region, in executions.

    ``reserved`` is the sum of all reservations, of functions outside the plan too. ``busy`` is the most
    that ran at once outside of reservations in the evidence's window, ``claimed`` the most that was running
    so, reserved or provisioned at once; None where nobody knows.
    """

    limit: int
    reserved: int
    busy: float | None = None
    claimed: float | None = None


Judged = tuple[Function, Sequence[Verdict]]


def no_lookups(_function: Function, _options: Any) -> Iterable[Lookup]:
    """The ``lookups`` of a rule that judges by the function alone."""
    return ()


def nothing_written(_options: Any) -> Iterable[str]:
    """The ``writes`` of a rule that only tells."""
    return ()


def always(*kinds: str) -> Callable[[Any], Iterable[str]]:
    """The ``writes`` of a rule whose options say nothing about them."""
    return lambda _options: kinds


def no_more_lookups(_function: Function, _evidence: Evidence, _options: Any) -> Iterable[Lookup]:
    """The ``more_lookups`` of a rule that knows what it wants to see before there is evidence."""
    return ()


def nothing_shared(judged: Sequence[Judged], _pool: ConcurrencyPool | None) -> Sequence[Judged]:
    """The ``settle`` of a rule whose verdicts do not compete with each other."""
    return judged


@dataclass(frozen=True, slots=True)
class Rule(Generic[OptionsT]):
    """One optimization.

    ``judge`` is pure: from function, evidence and options to one verdict for each setting it looks
    at. ``lookups`` names the resources it wants to see first, and
    ``more_lookups`` those that only the evidence shows to be wanted. ``settle`` looks at one account and
    region's verdicts together, where functions compete for something. ``writes`` names the kinds of
    setting that it may propose to change. ``evidence`` names the
    readings it asks for. ``source`` is the
    page behind it; ``surprise`` says what AWS does there that people do not expect.
    """

    id: str
    title: str
    why: str
    source: str
    options: type[OptionsT]
    judge: Callable[[Function, Evidence, OptionsT], Sequence[Verdict]]
    lookups: Callable[[Function, OptionsT], Iterable[Lookup]] = no_lookups
    more_lookups: Callable[[Function, Evidence, OptionsT], Iterable[Lookup]] = no_more_lookups
    settle: Callable[[Sequence[Judged], ConcurrencyPool | None], Sequence[Judged]] = nothing_shared
    writes: Callable[[OptionsT], Iterable[str]] = nothing_written
    evidence: tuple[str, ...] = ()
    surprise: str = ""
    order: int = 100


AnyRule = Rule[Any]

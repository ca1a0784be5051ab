"""What was read of one account and region, as rules and money get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import ChangeRef, Operation, PlannedFunction
from lambda_tailor.planning.weighing import LeftOut
from lambda_tailor.rules.rule import ConcurrencyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeData:
    """What was read of one account and region. ``pool`` is None where it could not be read."""

    account_id: str
    region: str
    functions: Sequence[Function]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    pool: ConcurrencyPool | None = None

    def evidence_of(self, function: Function) -> Evidence:
        """The function's evidence; all of it absent where none was read."""
        return self.evidence.get(function.arn, Evidence())


@dataclass(frozen=True, slots=True)
class PlannedScope:
    """What shall be changed in one account and region: data only, as it goes into a plan.

    ``together`` are the changes that are weighed with those of all other accounts and regions, each with the notes on
    its function without it.
    """

    functions: Sequence[PlannedFunction]
    operations: Sequence[Operation]
    left_out: Sequence[LeftOut] = ()
    remarks: Sequence[str] = ()
    together: Mapping[ChangeRef, tuple[str, ...]] = field(default_factory=dict)

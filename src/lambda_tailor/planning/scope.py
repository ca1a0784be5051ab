"""What was read of one account and region, as rules and money get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Function
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

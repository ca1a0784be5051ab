"""What tunes found as evidence: it holds for the function's very code only. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambda_tailor.model.evidence import AtMemory, Evidence, Tuned
from lambda_tailor.model.function import Function
from lambda_tailor.model.tuning import TunedSize, Tuning


def with_tunings(
    functions: Sequence[Function], evidence: Mapping[str, Evidence], tunings: Mapping[str, Tuning]
) -> Mapping[str, Evidence]:
    """The evidence by function ARN, with what tunes found of the same code added."""
    found = {f.arn: tuned for f in functions if (tuned := _tuned(f, tunings.get(f.arn))) is not None}
    if not found:
        return evidence
    return {**evidence, **{arn: replace(evidence.get(arn, Evidence()), tuned=tuned) for arn, tuned in found.items()}}


def _tuned(function: Function, tuning: Tuning | None) -> Tuned | None:
    if tuning is None or tuning.chosen_mb is None or tuning.duration_ratio is None:
        return None
    if not function.code_sha256 or tuning.code_sha256 != function.code_sha256:
        return None
    return Tuned(
        memory_mb=tuning.chosen_mb,
        from_mb=tuning.now_mb,
        objective=tuning.objective,
        settled=tuning.settled,
        slowdown=(tuning.duration_ratio.low, tuning.duration_ratio.high),
        source=tuning.source,
        at_memory=tuple(_at(size) for size in tuning.sizes if size.duration_ms is not None),
    )


def _at(size: TunedSize) -> AtMemory:
    took = size.duration_ms
    assert took is not None
    billed = took.mean if size.billed_ms is None else size.billed_ms
    return AtMemory(size.memory_mb, size.invocations - size.errors, took.mean, billed, 0)

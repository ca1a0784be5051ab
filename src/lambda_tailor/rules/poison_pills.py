"""Poison pills: a stream's record that fails for ever stops its shard until it expires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field, JsonValue

from lambda_tailor.model.evidence import Absent, EventSource, Evidence
from lambda_tailor.model.function import Function
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "record_retries"


class PoisonPillsOptions(Options):
    """How often a failing record of a stream is tried again."""

    fix: bool = Field(default=False, description="Put an end to it; else it is only reported.")
    retries: int = Field(default=5, ge=0, le=10_000, description="Retries before a record is given up.")
    bisect: bool = Field(default=True, description="Halve a failing batch, so that one record alone is given up.")


def writes(options: PoisonPillsOptions) -> Iterable[str]:
    """Event sources, where they are to be changed."""
    return ("event-source",) if options.fix else ()


def judge(_function: Function, evidence: Evidence, options: PoisonPillsOptions) -> Sequence[Verdict]:
    """Report every stream that retries for ever and tells nobody, or propose an end to it."""
    if isinstance(evidence.event_sources, Absent):
        return (Kept(SETTING, None, f"its event sources are not known: {evidence.event_sources.because}"),)
    streams = [source for source in evidence.event_sources if source.kind == "stream" and source.enabled]
    return [verdict for source in streams for verdict in _judge_one(source, options)]


def _judge_one(source: EventSource, options: PoisonPillsOptions) -> Sequence[Verdict]:
    setting, current = f"{SETTING}.{source.name}", -1 if source.retries is None else source.retries
    for_ever = current == -1 and source.max_age_s in (None, -1)
    if not for_ever:
        return (Kept(setting, current, f"a failing record of {source.name} is given up in the end"),)
    where = f"to {source.on_failure}" if source.on_failure else "nowhere: nobody is told"
    told = (
        f"a failing record of {source.name} is tried until it expires, and its shard waits; given up, it goes {where}"
    )
    if not options.fix:
        return (Finding(setting, current, told, Risk.MEDIUM if source.on_failure else Risk.HIGH),)
    # Without a destination the record is lost once it is given up: that is what the risk says.
    risk = Risk.MEDIUM if source.on_failure else Risk.HIGH
    verdicts: list[Verdict] = [_change(source, SETTING, current, options.retries, told, risk)]
    if options.bisect and not source.bisect:
        reason = "a failing batch is halved until the one bad record stands alone"
        verdicts.append(_change(source, "bisect", source.bisect, True, reason, Risk.LOW))
    return verdicts


def _change(source: EventSource, field: str, before: JsonValue, after: JsonValue, reason: str, risk: Risk) -> Proposed:
    step = Transition(Key("event-source", source.uuid), field, before, after)
    return Proposed(f"{field}.{source.name}", before, after, reason, (step,), risk)


RULE = Rule(
    id="poison-pills",
    title="Streams that one bad record cannot stop",
    why="By default a failing record of a stream is tried until it expires, and every record behind it waits.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
    options=PoisonPillsOptions,
    judge=judge,
    writes=writes,
    evidence=("event_sources",),
    surprise="The defaults are minus one: retries without end, for as long as the stream keeps its records, up to "
    "a year. Each try is billed. A record that is given up without a destination is gone.",
    order=174,
)

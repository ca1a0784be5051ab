"""What a tune would do, before it asks: which functions, within which sizes, at what cost at most; changes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from lambda_tailor.aws.accounts import Scope, ScopeSelection, find_scopes
from lambda_tailor.aws.evidence import EvidenceOptions, gather
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target, from_answer, take
from lambda_tailor.aws.scopes import OpenScope, open_scope
from lambda_tailor.errors import AwsRefused, BadInput, TargetNotFound
from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function
from lambda_tailor.model.tuning import LeftOut
from lambda_tailor.model.usage import DAYS_A_MONTH, Usage
from lambda_tailor.money.bill import bill
from lambda_tailor.money.prices import Prices, Unpriced, prices_for
from lambda_tailor.settings.setting import Answer, Call
from lambda_tailor.tuning import copying, payloads
from lambda_tailor.tuning.options import TuneOptions
from lambda_tailor.tuning.payloads import Payloads

MOST_WARM_UPS = 10
HEADROOM = 1.3
LEAST_MB, USUAL_MOST_MB, MOST_MB = 128, 3008, 10_240
_READINGS = frozenset({"memory_used", "at_memory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A function to be tuned, with what is known of it. Money in US dollars, durations in ms.

    ``worth_usd``: what knowing its curve is expected to save a month.
    """

    scope: Scope
    function: Function
    original: Answer
    evidence: Evidence
    prices: Prices
    payloads: Payloads
    sizes_mb: tuple[int, ...]
    most_usd: float
    likely_usd: float | None
    monthly_usd: float
    worth_usd: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def code_sha256(self) -> str:
        """The hash of its code, as AWS gives it."""
        return str(self.original["Configuration"].get("CodeSha256") or "")

    @property
    def monthly_invocations(self) -> float | None:
        """At the measured load."""
        seen = self.evidence.invocations
        return seen.value / seen.window_days * float(DAYS_A_MONTH) if isinstance(seen, Measured) else None

    def usd(self, memory_mb: int, duration_ms: float, calls: float = 1.0) -> float:
        """What so many calls cost, compute and requests, without the free tier."""
        return call_usd(self.prices, self.function.architecture, memory_mb, duration_ms, calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTunes:
    """The functions to be tuned, those worth most first, and those that are not, with the reason."""

    options: TuneOptions
    subjects: tuple[Subject, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def call_usd(prices: Prices, architecture: str, memory_mb: int, duration_ms: float, calls: float = 1.0) -> float:
    """What so many calls of a function cost."""
    gb_s = Decimal(str(memory_mb / 1024 * duration_ms / 1000 * calls))
    usage = Usage(requests=Decimal(str(calls)), **{"gb_s_arm" if architecture == "arm64" else "gb_s_x86": gb_s})
    return float(bill(usage, prices, free_tier=False))


def prepare(connection: Connection, target: Target, selection: ScopeSelection, options: TuneOptions) -> PreparedTunes:
    """Read the functions and what they did. Raises BadInput, TargetNotFound and what reading AWS raises."""
    shared = None if target.everything or options.payload.startswith(payloads.EVENT) else options.payload
    given = payloads.from_path(shared) if shared is not None else None
    subjects: list[Subject] = []
    left: list[LeftOut] = []
    unknown: list[str] = []
    scopes = find_scopes(connection, selection).scopes
    for scope in scopes:
        opened = open_scope(connection, scope)
        inventory = take(opened.gateway, opened.account_id, target, aliases=False)
        unknown += inventory.unknown
        functions = [f for f in inventory.functions if not f.name.startswith(copying.PREFIX)]
        evidence = gather(opened, functions, EvidenceOptions(readings=_READINGS)).evidence
        for function in functions:
            one = _subject(opened, scope, function, evidence.get(function.arn, Evidence()), options, given)
            (subjects if isinstance(one, Subject) else left).append(one)  # type: ignore[arg-type]  # each to its own
    if unknown and not target.everything:
        raise TargetNotFound(f"There is no function {', '.join(unknown)}: check the name, --region and AWS_PROFILE.")
    if not target.everything and left:
        raise BadInput(f"{left[0].function} cannot be tuned: {left[0].because}.")
    return _affordable(by_worth(subjects, options), left, options)


def by_worth(subjects: Sequence[Subject], options: TuneOptions) -> list[Subject]:
    """Those first of which it saves most to know the curve; a function alone is not compared with any."""
    if len(subjects) < 2:
        return list(subjects)
    from lambda_tailor.tuning.worth import of_knowing_usd

    valued = [replace(subject, worth_usd=of_knowing_usd(subject, options)) for subject in subjects]
    return sorted(valued, key=lambda subject: (-subject.worth_usd, -subject.monthly_usd, subject.function.arn))


def _subject(
    opened: OpenScope,
    scope: Scope,
    function: Function,
    evidence: Evidence,
    options: TuneOptions,
    given: Payloads | None,
) -> Subject | LeftOut:
    try:
        found = given or _payloads(opened, function.name, options)
    except BadInput as error:
        if options.payload.startswith(payloads.EVENT):
            raise
        return _left(function, str(error).rstrip("."))
    if found is None:
        return _left(function, f"{options.payload} has no payload for it ({function.name}.json)")
    original = opened.gateway.call(Call("lambda", "GetFunction", {"FunctionName": function.name}))
    because = copying.refusal(original) or function.untouchable
    if because is not None:
        return _left(function, because)
    prices = prices_for(function.region)
    if isinstance(prices, Unpriced):
        return _left(function, prices.because)
    fresh = from_answer(opened.account_id, opened.region, original)
    sizes = sizes_for(fresh.memory_mb, evidence, options.sizes)
    calls = options.max_invocations + MOST_WARM_UPS
    known = evidence.duration_avg
    monthly = evidence.invocations
    likely = call_usd(prices, fresh.architecture, fresh.memory_mb, known.value, calls) if _told(known) else None  # type: ignore[union-attr]  # told
    most_mb = max((*sizes, fresh.memory_mb))
    subject = Subject(
        scope=scope,
        function=fresh,
        original=original,
        evidence=evidence,
        prices=prices,
        payloads=found,
        sizes_mb=sizes,
        most_usd=call_usd(prices, fresh.architecture, most_mb, fresh.timeout_s * 1000.0, calls),
        likely_usd=likely,
        monthly_usd=0.0,
        notes=copying.warnings(original),
    )
    if isinstance(monthly, Measured) and isinstance(known, Measured):
        invocations = subject.monthly_invocations or 0.0
        subject = replace(subject, monthly_usd=subject.usd(fresh.memory_mb, known.value, invocations))
    return subject


def _told(reading: object) -> bool:
    return isinstance(reading, Measured)


def _payloads(opened: OpenScope, function: str, options: TuneOptions) -> Payloads | None:
    if options.payload.startswith(payloads.EVENT):
        return payloads.of_event(opened.gateway, function, options.payload.removeprefix(payloads.EVENT))
    folder = Path(options.payload)
    if not folder.is_dir():
        raise BadInput(f"--payloads takes a folder with a file or folder a function, and {folder} is none.")
    for path in (folder / f"{function}.json", folder / function):
        if path.exists():
            return payloads.from_path(str(path))
    return None


def _left(function: Function, because: str) -> LeftOut:
    return LeftOut(function=function.name, region=function.region, because=because)


def sizes_for(now_mb: int, evidence: Evidence, asked: str | None) -> tuple[int, ...]:
    """The sizes that may be chosen, ascending: none under what memory needs. Raises BadInput."""
    from lambda_tailor.tuning.choosing import sizes_between

    used = evidence.memory_used
    floor = max(LEAST_MB, math.ceil(used.value * HEADROOM)) if isinstance(used, Measured) else LEAST_MB
    low, high = LEAST_MB, max(USUAL_MOST_MB, now_mb)
    listed: Sequence[int] | None = None
    if asked is not None:
        try:
            if "-" in asked:
                low, high = (int(part) for part in asked.split("-"))
            else:
                listed = sorted({int(part) for part in asked.split(",")})
                low, high = listed[0], listed[-1]
        except (ValueError, IndexError) as error:
            raise BadInput(f"--sizes {asked!r} is neither MIN-MAX nor a list such as 256,512,1024.") from error
        if not LEAST_MB <= low <= high <= MOST_MB:
            raise BadInput(f"--sizes must lie between {LEAST_MB} and {MOST_MB} MB, the smaller one first.")
    if floor > high:
        raise BadInput(f"No size up to {high} MB has room for what was in use: at least {floor} MB are needed.")
    kept = [mb for mb in listed if mb >= floor] if listed else sizes_between(max(low, floor), high)
    return tuple(kept)


def _affordable(subjects: Sequence[Subject], left: Sequence[LeftOut], options: TuneOptions) -> PreparedTunes:
    """As many as the budget has room for, by what they will likely cost; the rest is left out with the reason."""
    if options.budget_usd is None:
        return PreparedTunes(options=options, subjects=tuple(subjects), left_out=tuple(left))
    kept: list[Subject] = []
    out = list(left)
    room = options.budget_usd
    for subject in subjects:
        likely = subject.likely_usd if subject.likely_usd is not None else 0.0
        round_usd = likely * 4 / (options.max_invocations + MOST_WARM_UPS)
        if likely <= room or (len(subjects) == 1 and round_usd <= room):
            kept.append(subject)
            room -= likely
        else:
            because = (
                f"what it would likely cost, {likely:.6f} USD, is over what is left of the budget, and to know it is "
                f"worth {subject.worth_usd:,.2f} USD a month"
            )
            out.append(_left(subject.function, because))
    if not kept and subjects:
        raise BadInput(f"A budget of {options.budget_usd:g} USD is too small for one round: give more --budget-usd.")
    return PreparedTunes(options=options, subjects=tuple(kept), left_out=tuple(out))


def reread(opened: OpenScope, name: str) -> Mapping[str, str]:
    """By what a function's code and configuration are known again."""
    try:
        seen = opened.gateway.call(Call("lambda", "GetFunction", {"FunctionName": name}))["Configuration"]
    except AwsRefused as error:
        if error.code != "ResourceNotFoundException":
            raise
        return {}
    return identity(seen)


def identity(configuration: Mapping[str, object]) -> Mapping[str, str]:
    """Revision and code."""
    return {key: str(configuration.get(key) or "") for key in ("RevisionId", "CodeSha256")}

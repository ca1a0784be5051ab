"""Deployment bucket versioning: so that the code of yesterday can be deployed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.usage import ZERO, Usage
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import ConcurrencyPool, Judged, Options, Rule

SETTING = "versioning"
EXPIRATION = "noncurrent_days"
USD_A_GB_MONTH = 0.023
_GB = 1024**3


class DeploymentBucketVersioningOptions(Options):
    """Which bucket deployments come from."""

    bucket: str | None = Field(
        default=None, description="The bucket's name, or its name up to a unique tail; {suffix} is filled in."
    )
    noncurrent_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Let old versions expire so many days after they were replaced; if not given, they stay.",
    )


def lookups(function: Function, options: DeploymentBucketVersioningOptions) -> Iterable[Lookup]:
    """The bucket."""
    return () if options.bucket is None else (Lookup("bucket", function.expand(options.bucket)),)


def more_lookups(
    function: Function, _evidence: Evidence, options: DeploymentBucketVersioningOptions
) -> Iterable[Lookup]:
    """What lets old versions expire, where the policy wants it; the bucket's whole name is known by now."""
    if options.bucket is None or options.noncurrent_days is None:
        return ()
    wanted = function.expand(options.bucket)
    found = function.resource("bucket", wanted)
    # Which bucket it is is not known where only permissions are asked for.
    name = str(found.state["name"]) if isinstance(found, Found) else wanted
    return (Lookup("bucket-lifecycle", f"{name} {options.noncurrent_days}"),)


def writes(options: DeploymentBucketVersioningOptions) -> Iterable[str]:
    """The lifecycle only where the policy wants it."""
    return ("bucket-versioning", *(() if options.noncurrent_days is None else ("bucket-lifecycle",)))


def judge(function: Function, _evidence: Evidence, options: DeploymentBucketVersioningOptions) -> Sequence[Verdict]:
    """Propose versioning where it is off, and the end of old versions where the policy says when."""
    if options.bucket is None:
        return ()
    wanted = function.expand(options.bucket)
    match function.resource("bucket", wanted):
        case Unreadable(because):
            return (Blocked(SETTING, None, "Enabled", because),)
        case Missing():
            return (Blocked(SETTING, None, "Enabled", f"there is no bucket {wanted}"),)
        case Found(state):
            name = str(state["name"])
            expiration = () if options.noncurrent_days is None else (_expire(function, name, options.noncurrent_days),)
            return (_keep_versions(function, state, ends=bool(expiration)), *expiration)


def _keep_versions(function: Function, state: Mapping[str, object], *, ends: bool) -> Verdict:
    name, current = str(state["name"]), state["versioning"]
    before = current if isinstance(current, str) else None
    if before == "Enabled":
        return Kept(SETTING, before, f"{name} keeps versions")
    step = Transition(Key("bucket-versioning", name), SETTING, before, "Enabled")
    reason = f"{name} keeps no versions"
    if not state.get("expires") and not ends:
        reason += f"; no lifecycle rule of it lets old ones expire, so that every deployment adds {_kept(function)}"
    return Proposed(SETTING, before, "Enabled", reason, (step,), Risk.LOW)


def _kept(function: Function) -> str:
    """What one more version of the package costs. https://aws.amazon.com/s3/pricing/, us-east-1, as of 2026-11."""
    gb = function.code_size_bytes / _GB
    usd = gb * USD_A_GB_MONTH
    size = f"{gb * 1024:.1f} MB" if gb else "its package"
    if not gb:
        return f"{size} for good"
    return f"{size}, ${usd:.4f} a month, for good: NoncurrentVersionExpiration (noncurrent_days) ends that"


def _expire(function: Function, bucket: str, days: int) -> Verdict:
    known = function.resource("bucket-lifecycle", f"{bucket} {days}")
    if not isinstance(known, Found):
        because = known.because if isinstance(known, Unreadable) else f"the lifecycle of {bucket} was not read"
        return Blocked(EXPIRATION, None, days, because)
    found, others = known.state["days"], known.state["others"]
    if isinstance(found, str):
        return Blocked(EXPIRATION, found, days, f"the lifecycle rule of {bucket} was {found}: it is left as it is")
    now = found if isinstance(found, int) else None
    if now == days:
        return Kept(EXPIRATION, now, f"old versions in {bucket} expire after {days} days")
    if isinstance(others, list) and others:
        return Kept(EXPIRATION, now, f"the user's own rule {', '.join(map(str, others))} lets old versions expire")
    expiring, held = _bytes(known.state["expiring_bytes"]), _bytes(known.state["noncurrent_bytes"])
    least = "" if known.state["whole"] else "at least "
    reason = (
        f"old versions in {bucket} hold {least}{held / 2**20:.1f} MB, {least}{expiring / 2**20:.1f} MB of it for "
        f"more than {days} days; what has expired can be deployed no more, and no rollback brings it back"
    )
    step = Transition(
        Key("bucket-lifecycle", bucket), EXPIRATION, now, days, follows=(Key("bucket-versioning", bucket),)
    )
    saved = Usage(bucket_gb_month=-Decimal(expiring) / _GB)
    risk = Risk.HIGH if expiring else Risk.MEDIUM
    return Proposed(EXPIRATION, now, days, reason, (step,), risk, adds=saved if expiring else ZERO)


def _bytes(value: object) -> int:
    return value if isinstance(value, int) else 0


def settle(judged: Sequence[Judged], _pool: ConcurrencyPool | None) -> Sequence[Judged]:
    """Count what expires once, of however many functions the bucket has the packages."""
    counted: set[str] = set()
    settled: list[Judged] = []
    for function, verdicts in judged:
        answers: list[Verdict] = []
        for verdict in verdicts:
            bucket = verdict.transitions[0].key.resource if isinstance(verdict, Proposed) else ""
            if isinstance(verdict, Proposed) and verdict.setting == EXPIRATION:
                answers.append(replace(verdict, adds=ZERO) if bucket in counted else verdict)
                counted.add(bucket)
            else:
                answers.append(verdict)
        settled.append((function, answers))
    return settled


RULE = Rule(
    id="deployment-bucket-versioning",
    title="Deployment bucket versioning",
    why="An overwritten package cannot be rolled back to unless the bucket keeps versions.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    options=DeploymentBucketVersioningOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    more_lookups=more_lookups,
    settle=settle,
    surprise="A lifecycle rule that expires objects only hides them once versions are kept: storage grows until old "
    "versions expire by a rule of their own (NoncurrentVersionExpiration). Versioning can be suspended, never undone. "
    "S3 takes all lifecycle rules at once: whoever sends one alone deletes the others.",
    order=90,
)

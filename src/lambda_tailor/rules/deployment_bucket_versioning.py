"""Deployment bucket versioning: so that the code of yesterday can be deployed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "versioning"
USD_A_GB_MONTH = 0.023


class DeploymentBucketVersioningOptions(Options):
    """Which bucket deployments come from."""

    bucket: str | None = Field(
        default=None, description="The bucket's name, or its name up to a unique tail; {suffix} is filled in."
    )


def lookups(function: Function, options: DeploymentBucketVersioningOptions) -> Iterable[Lookup]:
    """The bucket."""
    return () if options.bucket is None else (Lookup("bucket", function.expand(options.bucket)),)


def judge(function: Function, _evidence: Evidence, options: DeploymentBucketVersioningOptions) -> Sequence[Verdict]:
    """Propose versioning where it is off."""
    if options.bucket is None:
        return ()
    wanted = function.expand(options.bucket)
    match function.resource("bucket", wanted):
        case Unreadable(because):
            return (Blocked(SETTING, None, "Enabled", because),)
        case Missing():
            return (Blocked(SETTING, None, "Enabled", f"there is no bucket {wanted}"),)
        case Found(state):
            name, current = str(state["name"]), state["versioning"]
            before = current if isinstance(current, str) else None
            if before == "Enabled":
                return (Kept(SETTING, before, f"{name} keeps versions"),)
            step = Transition(Key("bucket-versioning", name), SETTING, before, "Enabled")
            reason = f"{name} keeps no versions"
            if not state.get("expires"):
                reason += (
                    f"; no lifecycle rule of it lets old ones expire, so that every deployment adds {_kept(function)}"
                )
            return (Proposed(SETTING, before, "Enabled", reason, (step,), Risk.LOW),)


def _kept(function: Function) -> str:
    """What one more version of the package costs. https://aws.amazon.com/s3/pricing/, us-east-1, as of 2026-11."""
    gb = function.code_size_bytes / 1024**3
    usd = gb * USD_A_GB_MONTH
    size = f"{gb * 1024:.1f} MB" if gb else "its package"
    return f"{size}, ${usd:.4f} a month, for good: NoncurrentVersionExpiration ends that" if gb else f"{size} for good"


RULE = Rule(
    id="deployment-bucket-versioning",
    title="Deployment bucket versioning",
    why="An overwritten package cannot be rolled back to unless the bucket keeps versions.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    options=DeploymentBucketVersioningOptions,
    judge=judge,
    writes=always("bucket-versioning"),
    lookups=lookups,
    surprise="A lifecycle rule that expires objects only hides them once versions are kept: storage grows until old "
    "versions expire by a rule of their own (NoncurrentVersionExpiration). Versioning can be suspended, never undone.",
    order=90,
)

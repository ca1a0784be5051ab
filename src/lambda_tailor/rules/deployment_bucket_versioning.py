"""Deployment bucket versioning: so that the code of yesterday can be deployed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "versioning"


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
            return (Proposed(SETTING, before, "Enabled", f"{name} keeps no versions", (step,), Risk.LOW),)


RULE = Rule(
    id="deployment-bucket-versioning",
    title="Deployment bucket versioning",
    why="An overwritten package cannot be rolled back to unless the bucket keeps versions.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    options=DeploymentBucketVersioningOptions,
    judge=judge,
    writes=always("bucket-versioning"),
    lookups=lookups,
    order=90,
)

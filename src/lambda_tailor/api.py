"""The program as a library: what the commands do, without printing, asking or exiting.

Credentials, profile, region and endpoint are the standard AWS ones. Every function raises a ``TailorError``
whose message is one sentence, and nothing else that a caller has to expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from lambda_tailor.cli.session import Session
from lambda_tailor.errors import TailorError
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.run import Run, Runs, Verification

__all__ = [
    "Explanation",
    "Plan",
    "Run",
    "Runs",
    "TailorError",
    "Verification",
    "apply",
    "explain",
    "plan",
    "resume",
    "rollback",
    "runs",
    "verify",
]


class Connecting(TypedDict, total=False):
    """How AWS is reached, and by whom; what is left out is the standard."""

    profile: str | None
    endpoint_url: str | None
    quota_share: float
    scheduler: str | None


class Choosing(Connecting, total=False):
    """Which functions, where, by which policy, and what is read of them.

    Functions are those of a stack by its suffix, by name, by a pattern with * and ?, by tags, or all.
    """

    environment_suffix: str | None
    functions: Sequence[str]
    name_pattern: str | None
    tags: Mapping[str, str]
    all_functions: bool
    regions: Sequence[str]
    all_regions: bool
    role_arns: Sequence[str]
    organization_role: str | None
    policy: str | Path | None
    preset: str | None
    rules: Sequence[str]
    force: Sequence[str]
    lookback_days: int
    evidence_budget_usd: float | None
    deep: bool


class Keeping(Connecting, total=False):
    """Where the journal is: a database URL, or SQLite in the state folder if left out."""

    journal: str | None


# What the command line calls them.
_NAMES = {
    "environment_suffix": "suffix",
    "functions": "names",
    "all_functions": "everything",
    "organization_role": "organization",
    "policy": "policy_file",
    "rules": "only",
    "lookback_days": "lookback",
}


def plan(**choosing: Unpack[Choosing]) -> Plan:
    """Read what is deployed and what it did, and propose; changes nothing."""
    return _session(choosing).plan()


def verify(**choosing: Unpack[Choosing]) -> Verification:
    """Whether what is deployed matches the policy."""
    return _session(choosing).verify()


def explain(function: str, **choosing: Unpack[Choosing]) -> Explanation:
    """Which policy, evidence and rule led to each proposal for a function, and what would change it."""
    return _session(choosing).explain(function)


def apply(plan: Plan, **keeping: Unpack[Keeping]) -> Run:
    """Apply a plan: every change is journalled before it is made, and read back after it.

    Nobody is asked. Refused with StalePlan, before anything is written, where a function was changed since
    the plan was made.
    """
    with _session(keeping).runner(interruptible=False) as runner:
        return runner.apply_saved(plan)


def rollback(run: Run | str, **keeping: Unpack[Keeping]) -> Run:
    """Put back exactly what a run changed; a run is known by its id too, and ``latest`` is the last one."""
    with _session(keeping).runner(interruptible=False) as runner:
        return runner.rollback(_id(run))


def resume(run: Run | str, **keeping: Unpack[Keeping]) -> Run:
    """Finish a run that was interrupted, or try again what failed in it."""
    with _session(keeping).runner(interruptible=False) as runner:
        return runner.resume(_id(run))


def runs(**keeping: Unpack[Keeping]) -> Runs:
    """Every run that the journal knows, oldest first."""
    return _session(keeping).runs()


def _id(run: Run | str) -> str:
    return run if isinstance(run, str) else run.run_id


def _session(given: Mapping[str, Any]) -> Session:
    said = {_NAMES.get(name, name): value for name, value in given.items()}
    if "tags" in said:
        said["tags"] = tuple(f"{key}={value}" for key, value in said["tags"].items())
    if "only" in said:
        said["only"] = ",".join(said["only"]) or None
    if said.get("policy_file") is not None:
        said["policy_file"] = str(said["policy_file"])
    return Session.from_arguments({**said, "quiet": True})

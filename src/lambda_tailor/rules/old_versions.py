"""Old versions: published ones that nothing refers to. Deleted only when the policy says prune."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "versions"


class OldVersionsOptions(Options):
    """How many versions stay."""

    keep: int = Field(default=5, ge=1, description="The newest so many stay, and every one that is referred to.")
    prune: bool = Field(default=False, description="Delete the others; a deleted version never comes back.")


def lookups(function: Function, _options: OldVersionsOptions) -> Iterable[Lookup]:
    """Its published versions, and which of them something refers to."""
    return (Lookup("versions", function.name),)


def writes(options: OldVersionsOptions) -> Iterable[str]:
    """Versions, where they are to be deleted."""
    return ("function-version",) if options.prune else ()


def judge(function: Function, _evidence: Evidence, options: OldVersionsOptions) -> Sequence[Verdict]:
    """Report what is beyond the number to keep, or propose to delete it where that was asked for."""
    match function.resource("versions", function.name):
        case Unreadable(because):
            return (Kept(SETTING, None, f"its versions are not known: {because}"),)
        case Missing():
            return ()
        case Found(state):
            published, referenced = state["versions"], state["referenced"]
            assert isinstance(published, list) and isinstance(referenced, list)
    numbers = sorted((str(version) for version in published), key=int)
    old = [version for version in numbers[: -options.keep] if version not in referenced]
    kept = [version for version in numbers if version not in old]
    if not old:
        return (Kept(SETTING, [*numbers], f"{len(numbers)} are published, none too many"),)
    what = (
        f"{len(old)} of {len(numbers)} published versions are beyond the newest {options.keep}, and no alias uses them"
    )
    if not options.prune:
        return (Finding(SETTING, [*numbers], f"{what}; prune: true deletes them", Risk.LOW),)
    steps = tuple(
        Transition(Key("function-version", f"{function.name}:{version}"), "exists", True, False) for version in old
    )
    return (Proposed(SETTING, [*numbers], [*kept], f"{what}; they cannot be put back", steps, Risk.HIGH),)


RULE = Rule(
    id="old-versions",
    title="Versions that nothing refers to",
    why="Each published version keeps its code, and all code of an account's region shares 75 GB.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html",
    options=OldVersionsOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    order=220,
)

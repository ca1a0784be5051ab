"""Old versions: published ones that nothing refers to. Deleted only when the policy says prune."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "versions"
# Nobody can list what names a version by its ARN.
_UNSEEN = "an API or a state machine may name one by its ARN, which nobody can list"


class OldVersionsOptions(Options):
    """How many versions stay."""

    keep: int = Field(default=5, ge=1, description="The newest so many stay, and every one that is referred to.")
    prune: bool = Field(default=False, description="Delete the others; a deleted version never comes back.")


def lookups(function: Function, _options: OldVersionsOptions) -> Iterable[Lookup]:
    """Its published versions, and which of them something refers to."""
    return (Lookup("versions", function.name),)


def more_lookups(function: Function, _evidence: Evidence, options: OldVersionsOptions) -> Iterable[Lookup]:
    """What else may use those that would be deleted; only where they are to be."""
    if not options.prune:
        return ()
    old = _beyond(function, options)
    # Nobody knows them before the versions are read: a policy has to allow the look all the same.
    return (Lookup("version-use", f"{function.name} {','.join(old)}"),) if old or not function.resources else ()


def _beyond(function: Function, options: OldVersionsOptions) -> list[str]:
    """The published versions beyond those to keep that no alias and no provisioned executions use."""
    match function.resource("versions", function.name):
        case Found(state) if isinstance(published := state["versions"], list):
            referenced = state["referenced"]
            assert isinstance(referenced, list)
            numbers = sorted((str(version) for version in published), key=int)
            return [version for version in numbers[: -options.keep] if version not in referenced]
    return []


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
            published = state["versions"]
            assert isinstance(published, list)
    numbers = sorted((str(version) for version in published), key=int)
    old = _beyond(function, options)
    used: dict[str, str] = {}
    if old and options.prune:
        match function.resource("version-use", f"{function.name} {','.join(old)}"):
            case Found(seen) if isinstance(told := seen["used"], dict):
                used = {str(version): str(what) for version, what in told.items()}
            case Unreadable(because):
                blocked = f"what else uses them is not known: {because}"
                return (Blocked(SETTING, [*numbers], [v for v in numbers if v not in old], blocked),)
    old = [version for version in old if version not in used]
    kept = [version for version in numbers if version not in old]
    if not old:
        others = "".join(f"; {version}: {what}" for version, what in used.items())
        return (Kept(SETTING, [*numbers], f"{len(numbers)} are published, none too many{others}"),)
    what = (
        f"{len(old)} of {len(numbers)} published versions are beyond the newest {options.keep}, and no alias uses them"
    )
    if not options.prune:
        return (Finding(SETTING, [*numbers], f"{what}; prune: true deletes them", Risk.LOW),)
    steps = tuple(
        Transition(Key("function-version", f"{function.name}:{version}"), "exists", True, False) for version in old
    )
    return (Proposed(SETTING, [*numbers], [*kept], f"{what}; {_UNSEEN}; they cannot be put back", steps, Risk.HIGH),)


RULE = Rule(
    id="old-versions",
    title="Versions that nothing refers to",
    why="Each published version keeps its code, and all code of an account's region shares 75 GB.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html",
    options=OldVersionsOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    more_lookups=more_lookups,
    surprise="Aliases are not all that uses a version: event sources, permissions, API Gateway stages and state "
    "machines name one by its ARN, and only the first two can be asked for. A deleted version never comes back.",
    order=220,
)

"""What the reader has to know beside the changes: of a function, and of the whole plan. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lambda_tailor.model.function import Function, Traffic
from lambda_tailor.model.owner import reverts, shows_values
from lambda_tailor.model.plan import Change, PlannedFunction
from lambda_tailor.planning.weighing import IDLE, LeftOut, sentences
from lambda_tailor.policy.document import Match
from lambda_tailor.policy.policy import Policy


def notes_of(policy: Policy, function: Function, changes: Sequence[Change]) -> tuple[str, ...]:
    notes: list[str] = []
    if (exclusion := policy.excluded(function)) is not None:
        notes.append(f"left alone{_term(exclusion)}")
    else:
        notes += _exceptions(policy, function)
    if policy.of_stack and function.suffix != function.name:
        notes.append(policy.of_stack)
    if function.untouchable:
        notes.append(function.untouchable)
    pending = any(change.pending for change in changes)
    if pending and (elsewhere := _elsewhere(function)):
        notes.append(elsewhere)
    notes += _special(function)
    if pending and function.owner:
        notes += owners_notes(function.owner, [change for change in changes if change.pending])
    return tuple(notes)


def owners_notes(owner: str, changes: Sequence[Change]) -> Iterator[str]:
    """What the tool that deployed the function does to the changes, and to secrets among them."""
    yield reverts(owner, {change.setting for change in changes})
    values = ("secretsmanager:", "ssm:")
    typed_in = [c for c in changes if c.setting.startswith("environment.") and str(c.after).startswith(values)]
    if typed_in and (shown := shows_values(owner)) is not None:
        names = ", ".join(change.setting.removeprefix("environment.") for change in typed_in)
        yield f"{shown} the values of {names} in clear: mode: reference keeps them out"


def _elsewhere(function: Function) -> str | None:
    """Who keeps what they have, since a change of the configuration is one of ``$LATEST``."""
    used = [each for each in function.traffic if not each.reached]
    if not used:
        if not function.aliases:
            return None
        names = ", ".join(function.aliases)
        return f"only $LATEST changes: callers of {names} keep the configuration of the version they point to"
    told = ", ".join(_used(each) for each in used)
    counted = "none of its saving is counted" if not function.reach else "only the share of $LATEST is counted as saved"
    move = "publish a version and point the alias to it, or apply with --guard"
    return f"only $LATEST changes, and its callers use {told}: they keep what they run until you {move}; {counted}"


def _used(traffic: Traffic) -> str:
    share = "" if traffic.share is None else f" ({100 * traffic.share:.0f} %)"
    memory = traffic.runs.get("memory_mb")
    return f"{traffic.qualifier}{share}" + (f" at {memory} MB" if memory else "")


def _special(function: Function) -> Iterator[str]:
    """What kind of function it is, where that limits what can be done.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
    """
    if function.snap_start:
        yield "it uses SnapStart: a new version takes a snapshot again; no provisioned concurrency, no /tmp over 512 MB"
    if function.durable:
        yield "it is a durable function: its replays look like short runs, and how long its state is kept costs too"
    if function.tenant_isolation:
        yield "it isolates tenants: no SnapStart, provisioned concurrency or function URL can be used with it"
    if function.managed_instances:
        yield "it runs on managed instances: these are billed by instance, so a size of its own saves nothing by itself"


def _term(match: Match) -> str:
    until = f" until {match.until}" if match.until else ""
    return until + (f", because {match.because}" if match.because else "")


def _exceptions(policy: Policy, function: Function) -> Iterator[str]:
    """What was agreed on for this function and why, and what of it is over: that is never silent."""
    for exclusion in policy.ended_exclusions(function):
        over = f"that ended on {exclusion.match.until}"
        yield f"no longer left alone: {over} ({exclusion.match.because}; {exclusion.origin})"
    for layer in policy.exceptions(function):
        match, rules = layer.match, ", ".join(layer.rules)
        assert match is not None
        if match.over(policy.today):
            over = f"ended on {match.until} and holds no more"
            yield f"the exception for {rules} {over} ({match.because}; {layer.origin})"
        else:
            yield f"an exception for {rules} holds{_term(match)}"


# How a rule begins that it could not judge a size; what follows says why.
UNJUDGED = "its size is not judged"


def plan_notes(policy: Policy, left_out: Iterable[LeftOut], remarks: Iterable[str]) -> tuple[str, ...]:
    """Sentences about the whole plan: what decided it, what was left out, what could not be judged."""
    outs = sentences(policy, left_out)
    unjudged = Counter(remarks)
    many = sum(unjudged.values())
    told: tuple[str, ...] = ()
    if many:
        why, _ = unjudged.most_common(1)[0]
        of = "1 function" if many == 1 else f"{many} functions"
        told = (f"Memory is not judged for {of}, mostly {why}. --deep reads more.",)
    return (*policy.remarks, *outs, *told)


def remarks_of(functions: Sequence[PlannedFunction]) -> tuple[str, ...]:
    """What is told once for all functions: of how many the memory could not be judged, and why."""
    # Of a function that nobody invokes there is nothing to judge.
    unjudged = [
        k
        for f in functions
        for k in f.kept
        if k.rule == "memory" and k.because.startswith(UNJUDGED) and IDLE not in k.because
    ]
    return tuple(k.because.partition(UNJUDGED)[2].lstrip(":, ").removeprefix("since ") for k in unjudged)

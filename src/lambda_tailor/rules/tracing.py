"""Tracing: X-Ray switched on, where the function's role may send traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule
from lambda_tailor.settings.role_policy import MAY_TRACE, may_trace

SETTING = "tracing"
NEEDED = "xray:PutTraceSegments"


class TracingOptions(Options):
    """Active traces sampled requests; PassThrough only follows what the caller decided."""

    mode: Literal["Active", "PassThrough"] = Field(default="Active", description="The tracing mode wanted.")
    add_permission: bool = Field(
        default=False, description="Let the function's role send traces where it may not (an inline policy)."
    )


def _permission(function: Function) -> Lookup:
    return Lookup("role-may", f"{function.role_arn} {NEEDED} *")


def lookups(function: Function, options: TracingOptions) -> Iterable[Lookup]:
    """Whether the role may send traces: without that, AWS refuses the whole update of the configuration."""
    return (_permission(function),) if options.mode == "Active" != function.tracing else ()


def writes(options: TracingOptions) -> Iterable[str]:
    """The function; the role only where the policy lets permissions be added."""
    return ("function-configuration", *(("role-policy",) if options.add_permission else ()))


def judge(function: Function, _evidence: Evidence, options: TracingOptions) -> Sequence[Verdict]:
    """Propose the mode, where AWS would take it."""
    current, wanted = function.tracing, options.mode
    if current == wanted:
        return (Kept(SETTING, current, "as wanted"),)
    key = Key("function-configuration", function.name)
    if wanted == "PassThrough":
        step = Transition(key, SETTING, current, wanted)
        return (Proposed(SETTING, current, wanted, "the policy wants no traces of its own", (step,), Risk.LOW),)
    reason, steps = "shows where the time goes", list[Transition]()
    match function.resource(*_named(_permission(function))):
        case Found(state) if state["allowed"]:
            pass
        case Found() if options.add_permission:
            steps.append(_grant(function))
            reason = f"{reason}; its role is let send traces"
        case Found():
            because = f"its role may not {NEEDED}, and AWS refuses Active without it (add_permission: true adds it)"
            return (Blocked(SETTING, current, wanted, because, code="role-may-not-trace"),)
        case Missing():
            return (Blocked(SETTING, current, wanted, f"its role {function.role_arn} does not exist"),)
        case Unreadable(because):
            return (Blocked(SETTING, current, wanted, f"whether its role may send traces is not known: {because}"),)
    step = Transition(key, SETTING, current, wanted, requires=tuple(each.key for each in steps))
    return (Proposed(SETTING, current, wanted, reason, (*steps, step), Risk.LOW),)


def _named(lookup: Lookup) -> tuple[str, str]:
    return lookup.kind, lookup.name


def _grant(function: Function) -> Transition:
    role = function.role_arn.rpartition("/")[2]
    return Transition(Key("role-policy", f"{role}/{MAY_TRACE}"), "document", None, may_trace())


RULE = Rule(
    id="tracing",
    title="X-Ray tracing",
    why="Without traces nobody sees whether a slow function computes or waits.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    options=TracingOptions,
    judge=judge,
    writes=writes,
    lookups=lookups,
    surprise="AWS refuses Active for a role that may not xray:PutTraceSegments, and with it every other field of the "
    "same update. Lambda samples by itself: the first request of each second and five per cent of the others; the "
    "sampling rules of X-Ray do not change that.",
    order=60,
)

"""Shared layer: attached where it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from lambda_tailor import arns
from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "layers"
# https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
MOST_LAYERS = 5


class SharedLayerOptions(Options):
    """Which layer every function shares."""

    layer: str | None = Field(default=None, description="The layer's name; {suffix} is filled in.")


def lookups(function: Function, options: SharedLayerOptions) -> Iterable[Lookup]:
    """The layer's newest version, unless some version of it is attached."""
    if options.layer is None or _attached(function, function.expand(options.layer)):
        return ()
    return (Lookup("layer", function.expand(options.layer)),)


def judge(function: Function, _evidence: Evidence, options: SharedLayerOptions) -> Sequence[Verdict]:
    """Propose to attach the newest version behind the layers that are there."""
    if options.layer is None:
        return ()
    name = function.expand(options.layer)
    before = list(function.layers)
    if _attached(function, name):
        return (Kept(SETTING, [*before], f"{name} is attached"),)
    after_by_name = [*before, name]
    if function.package_type == "Image":
        return (Blocked(SETTING, [*before], [*after_by_name], "a container image takes no layers"),)
    match function.resource("layer", name):
        case Unreadable(because):
            return (Blocked(SETTING, [*before], [*after_by_name], because),)
        case Missing():
            return (Blocked(SETTING, [*before], [*after_by_name], f"there is no layer {name}: publish it first"),)
        case Found(state):
            return (_attach(function, name, state),)


def _attached(function: Function, name: str) -> bool:
    return any(arns.part(arn, 6) == name for arn in function.layers)


def _attach(function: Function, name: str, layer: Mapping[str, object]) -> Proposed | Blocked:
    arn, runtimes, architectures = str(layer["arn"]), layer.get("runtimes"), layer.get("architectures")
    before, after = list(function.layers), [*function.layers, arn]
    if len(after) > MOST_LAYERS:
        return Blocked(
            SETTING, [*before], [*after], f"Lambda takes {MOST_LAYERS} layers, and {len(before)} are attached"
        )
    if isinstance(runtimes, list) and runtimes and function.runtime not in runtimes:
        return Blocked(SETTING, [*before], [*after], f"{name} is not made for {function.runtime}")
    if isinstance(architectures, list) and architectures and function.architecture not in architectures:
        return Blocked(SETTING, [*before], [*after], f"{name} is not made for {function.architecture}")
    step = Transition(Key("function-configuration", function.name), SETTING, [*before], [*after])
    return Proposed(SETTING, [*before], [*after], f"{name} is not attached", (step,), Risk.MEDIUM)


RULE = Rule(
    id="shared-layer",
    title="The shared layer attached",
    why="Code that every function carries is deployed and kept up to date once.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html",
    options=SharedLayerOptions,
    judge=judge,
    writes=always("function-configuration"),
    lookups=lookups,
    surprise="A layer's runtimes and architectures are what its author said, and AWS checks them only where they were "
    "said. Layers are replaced whole: whoever writes them has to be let read every one of them.",
    order=100,
)

"""Architecture: arm64 where the runtime allows it and nothing in the package is made for x86."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "architecture"


class ArchitectureOptions(Options):
    """Which processor is wanted."""

    target: Literal["arm64"] = Field(default="arm64", description="The architecture wanted.")


@cache
def _table() -> Mapping[str, Any]:
    text = (files("lambda_tailor.rules.data") / "runtimes.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def _code_is_blocked(runtime: str | None) -> str | None:
    """The day since which AWS takes no code for the runtime, as of the table's date: a rule knows no clock."""
    day: str | None = _table()["runtimes"].get(runtime, {}).get("update_blocked")
    return day if day is not None and day <= _table()["as_of"] else None


def _impossible(function: Function) -> str | None:
    if function.package_type == "Image":
        return "a container image has to be built for it"
    if function.signed:
        return "its code is signed, so that it has to be signed again where it is built"
    if (day := _code_is_blocked(function.runtime)) is not None:
        return f"AWS takes no code for {function.runtime} since {day}; its configuration may still change"
    if function.runtime in _table()["x86_only"]:
        return f"{function.runtime} does not run on arm64"
    return _numbered_otherwise(function.layers)


@cache
def _layer_table() -> Mapping[str, Any]:
    text = (files("lambda_tailor.rules.data") / "arm_layers.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


@cache
def _on_arm(layer: str) -> str:
    """The ARN of the same layer made for arm64, where its maker publishes one; else the layer as it is."""
    for known in _layer_table()["layers"]:
        swapped, found = re.subn(known["x86"], known["arm"], layer)
        if found:
            return swapped
    for known in _layer_table()["numbered_otherwise"]:
        named = re.match(known["x86"], layer)
        version = known["versions"].get(named[2]) if named else None
        if named and version is not None:
            return f"{named[1]}{known['suffix']}:{version}"
    return layer


def _numbered_otherwise(layers: Sequence[str]) -> str | None:
    """A layer whose arm64 twin has version numbers of its own, which are not known for the region."""
    for layer in layers:
        for known in _layer_table()["numbered_otherwise"]:
            if re.search(known["x86"], layer) and _on_arm(layer) == layer:
                return f"{layer} is made for x86: attach {known['arm']} instead, whose versions are numbered otherwise"
    return None


def lookups(function: Function, options: ArchitectureOptions) -> Iterable[Lookup]:
    """What machine code the package carries, and its layers as they are on the other architecture."""
    if function.architecture == options.target or _impossible(function):
        return ()
    return (Lookup("code", function.name), *(Lookup("code", _on_arm(layer)) for layer in function.layers))


def judge(function: Function, _evidence: Evidence, options: ArchitectureOptions) -> Sequence[Verdict]:
    """Propose it where nothing stands in the way, or block with the file that does.

    AWS takes the architecture only together with code, so the same package is sent again.
    """
    current, target = function.architecture, options.target
    if current == target:
        return (Kept(SETTING, current, "as wanted"),)
    if because := _impossible(function):
        return (Blocked(SETTING, current, target, because),)
    for lookup in lookups(function, options):
        match function.resource(lookup.kind, lookup.name):
            case Unreadable(because):
                return (Kept(SETTING, current, f"whether it could run on {target} is not known: {because}"),)
            case Missing():
                return (Blocked(SETTING, current, target, f"{lookup.name} is no longer there"),)
            case Found(state):
                binaries = state["x86"]
                if isinstance(binaries, list) and binaries:
                    more = f" and {len(binaries) - 1} more" if len(binaries) > 1 else ""
                    where = "the package" if lookup.name == function.name else lookup.name
                    because = f"{binaries[0]}{more} in {where} is made for x86"
                    return (Blocked(SETTING, current, target, because, code="made-for-x86"),)
    key, configured = Key("function-code", function.name), Key("function-configuration", function.name)
    reason = "nothing in its code is made for x86, and a GB-second costs a fifth less"
    before, after = [*function.layers], [_on_arm(layer) for layer in function.layers]
    # Machine code can be fetched at run time, and floating point may round otherwise.
    if after == before:
        step = Transition(key, SETTING, current, target, follows=(configured,))
        return (Proposed(SETTING, current, target, reason, (step,), Risk.MEDIUM),)
    # Without its layers for arm64 the function would not start: they have to be attached first.
    attach = Transition(configured, "layers", [*before], [*after])
    step = Transition(key, SETTING, current, target, requires=(configured,))
    twins = "the same layers made for arm64; between this and the code runs may fail"
    return (
        Proposed("layers", [*before], [*after], twins, (attach,), Risk.MEDIUM),
        Proposed(SETTING, current, target, reason, (step,), Risk.MEDIUM),
    )


RULE = Rule(
    id="architecture",
    title="arm64 where nothing stands in the way",
    why="A GB-second on arm64 costs a fifth less, and most code runs there as it is.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html",
    options=ArchitectureOptions,
    judge=judge,
    writes=always("function-code", "function-configuration"),
    lookups=lookups,
    surprise="AWS takes the architecture only together with the code, and code that is sent without its KMS key is "
    "encrypted with a key of AWS's own from then on. Versions that are published already stay on x86.",
    order=110,
)

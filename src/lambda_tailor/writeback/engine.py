"""From wanted settings to edits of whatever source a folder holds. Reads files, writes none."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.model.owner import STACK_TOOLS
from lambda_tailor.writeback import cdk, pulumi, serverless
from lambda_tailor.writeback.cloudformation import source as cloudformation
from lambda_tailor.writeback.files import Tree, edited
from lambda_tailor.writeback.model import Wanted, WriteBack
from lambda_tailor.writeback.terraform import source as terraform
from lambda_tailor.writeback.terraform.world import World
from lambda_tailor.writeback.terraform.worlds import worlds
from lambda_tailor.writeback.written import Written


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be written: the document, and the new text of each file that it changes."""

    document: WriteBack
    tree: Tree
    texts: Mapping[str, bytes]
    roots: Sequence[Path] = ()


def propose(
    source: Path,
    wanted: Sequence[Wanted],
    *,
    state: Path | None = None,
    var_files: Sequence[Path] = (),
    shared: bool = False,
    ignore: Sequence[str] = (),
) -> Proposal:
    """The edits of the source below that folder.

    ``state`` is Terraform's, where it is not found in the folder; ``ignore`` names settings, rules, or
    ``FUNCTION:RULE`` patterns that are left alone. Raises BadInput where the folder or the state cannot be read.
    """
    tree = Tree(source)
    kept = [each for each in wanted if not _ignored(each, ignore)]
    found = worlds(tree, state, var_files) if tree.folders("*.tf") or state is not None else []
    if state is not None and not found:
        raise BadInput(f"{source} has no Terraform files: give the folder that has them with --source.")
    out = Written()
    for writer, those in _by_source(tree, found, kept).items():
        out.take(_write(writer, tree, found, those, shared))
    texts = edited(tree, out.splices)
    document = WriteBack(
        edits=tuple(out.edits),
        not_edited=tuple(out.not_edited),
        to_own=tuple(out.to_own),
        already=tuple(out.already),
        notes=tuple(dict.fromkeys(out.notes)),
    )
    return Proposal(document, tree, texts, tuple(world.root for world in found if _has(world, kept)))


def _has(world: World, wanted: Sequence[Wanted]) -> bool:
    """Whether one of the functions is in the root module's state."""
    arns = {each.arn for each in wanted}
    return any(function.attributes.get("arn") in arns for function in world.state.functions())


def _ignored(wanted: Wanted, ignore: Sequence[str]) -> bool:
    names = (wanted.setting, wanted.rule, f"{wanted.function}:{wanted.rule}", f"{wanted.function}:{wanted.setting}")
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in ignore for name in names)


def _write(writer: str, tree: Tree, found: Sequence[World], wanted: Sequence[Wanted], shared: bool) -> Written:
    if writer == "terraform":
        return _terraform(tree, found, wanted, shared)
    writers: dict[str, Callable[[], Written]] = {
        "cloudformation": lambda: cloudformation.write_back(tree, wanted, shared=shared),
        "serverless": lambda: serverless.write_back(tree, wanted, shared=shared),
        "pulumi": lambda: pulumi.write_back(tree, wanted),
        "cdk": lambda: cdk.write_back(tree, wanted),
    }
    if writer in writers:
        return writers[writer]()
    out = Written()
    for each in wanted:
        out.refuse(each, "the source's folder has nothing that deploys functions: give the right one with --source")
    return out


def _terraform(tree: Tree, found: Sequence[World], wanted: Sequence[Wanted], shared: bool) -> Written:
    out = Written()
    if not any(world.state.instances for world in found):
        for each in wanted:
            out.refuse(each, "there is no state: make it with terraform state pull > FILE, and give it with --state")
        return out
    return terraform.write_back(found, tree, wanted, shared=shared)


def _by_source(tree: Tree, found: Sequence[World], wanted: Sequence[Wanted]) -> dict[str, list[Wanted]]:
    """Which kind of source each function has: by a state that has it, by its owner, by what the folder holds."""
    stated = {f.attributes.get("arn") for world in found for f in world.state.functions()}
    kinds = _kinds(tree, found)
    by: dict[str, list[Wanted]] = {}
    for each in wanted:
        owner = (each.owner or "").partition(":")[0]
        if each.arn in stated:
            kind = "terraform"
        elif owner in STACK_TOOLS or each.stack:
            kind = _of_stack(owner, kinds)
        elif owner == "pulumi" and "pulumi" in kinds:
            kind = "pulumi"
        else:
            kind = kinds[0] if kinds else "nothing"
        by.setdefault(kind, []).append(each)
    return by


def _of_stack(owner: str, kinds: Sequence[str]) -> str:
    if owner in kinds:
        return owner
    return next((kind for kind in ("cloudformation", "serverless", "cdk") if kind in kinds), "cloudformation")


def _kinds(tree: Tree, found: Sequence[World]) -> list[str]:
    """The kinds of sources in the folder, the surest first."""
    checks: dict[str, Callable[[], bool]] = {
        "terraform": lambda: bool(found),
        "pulumi": lambda: bool(tree.named("Pulumi.yaml", "Pulumi.yml")),
        "serverless": lambda: bool(tree.named("serverless.yml", "serverless.yaml", "serverless.json", "serverless.ts")),
        "cdk": lambda: bool(tree.named("cdk.json") or cdk.assembly(tree)),
        "cloudformation": lambda: bool(cloudformation.templates(tree, [])),
    }
    return [kind for kind, there in checks.items() if there()]

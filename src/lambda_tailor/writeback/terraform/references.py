"""ARNs that the same module has a resource for are written as a reference to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.terraform.parser import parse
from lambda_tailor.writeback.terraform.placing import Task
from lambda_tailor.writeback.terraform.state import suffix
from lambda_tailor.writeback.terraform.values import Site
from lambda_tailor.writeback.terraform.world import Scope, World

_KINDS = {"aws_lambda_layer_version": "arn", "aws_sqs_queue": "arn", "aws_sns_topic": "arn"}


def references(tree: Tree, task: Task, site: Site) -> Mapping[str, str]:
    """Expressions by the ARN that they give, for use at that place; none where only literals may stand."""
    if not site.file.endswith(".tf") or not isinstance(task.value, str | list):
        return {}
    world: World = task.scope.world
    folder = tree.path(site.file).parent.resolve()
    scope: Scope | None = task.scope
    while scope is not None and scope.module.folder != folder:
        scope = scope.parent
    if scope is None or _in_variable(tree, site):
        return {}
    found: dict[str, str] = {}
    for instance in world.state.instances:
        attribute = _KINDS.get(instance.type)
        arn = instance.attributes.get(attribute) if attribute else None
        known = (instance.type, instance.name) in scope.module.resources
        if isinstance(arn, str) and instance.module == scope.path and known:
            found[arn] = f"{instance.type}.{instance.name}{suffix(instance.key)}.{attribute}"
    return found


def _in_variable(tree: Tree, site: Site) -> bool:
    body = parse(site.file, tree.text(site.file))
    return any(b.type == "variable" and b.start <= site.start < b.end for b in body.blocks)


def bare(expression: str) -> bool:
    """Whether the expression is a reference and no literal."""
    return re.fullmatch(r"[a-z_]\w*(\.[\w-]+)+(\[[^\]]*\])?(\.\w+)*", expression) is not None

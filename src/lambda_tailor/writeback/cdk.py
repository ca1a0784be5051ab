"""CDK as a source: programs are not edited; the construct's path and the property to set are named.

``tree.json`` of the cloud assembly has the path; the logical id follows from it.
https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.written import Written

_PROPERTIES = {
    "memory_mb": "memorySize: {}", "timeout_s": "timeout: Duration.seconds({})",
    "reserved_concurrency": "reservedConcurrentExecutions: {}", "retention_days": "logGroup: retention of {} days",
    "dead_letter_arn": "deadLetterQueue: the queue {}", "tracing": "tracing: Tracing.{}", "layers": "layers: {}",
    "ephemeral_mb": "ephemeralStorageSize: Size.mebibytes({})", "architecture": "architecture: {}",
    "async_retries": "retryAttempts: {}", "async_max_age_s": "maxEventAge: Duration.seconds({})",
    "log_format": "loggingFormat: {}",
}  # fmt: skip
_HASH = 8


def assembly(tree: Tree) -> list[Path]:
    """The ``tree.json`` files of cloud assemblies below the source's folder."""
    found = [tree.root / "cdk.out/tree.json", tree.root / "tree.json"]
    found += [tree.path(file).parent / "cdk.out/tree.json" for file in tree.named("cdk.json")]
    return [path for path in dict.fromkeys(found) if path.is_file()]


def write_back(tree: Tree, wanted: Sequence[Wanted]) -> Written:
    """Nothing is edited: each setting is reported with its construct and property."""
    out = Written()
    paths: dict[tuple[str, str], tuple[str, str]] = {}
    for file in assembly(tree):
        try:
            document = json.loads(file.read_bytes())
        except (OSError, ValueError):
            out.notes.append(f"{tree.key(file)} is damaged: make it again with: cdk synth")
            continue
        for path in _functions(document.get("tree") or {}):
            stack, _, below = path.partition("/")
            paths[stack, logical_id(below.split("/"))] = path, tree.key(file)
    for each in wanted:
        found = paths.get((each.stack or "", each.logical_id or "")) or next(
            (v for (_, logical), v in paths.items() if logical == each.logical_id), None
        )
        value = ", ".join(map(str, each.after)) if isinstance(each.after, list) else each.after
        setting = _PROPERTIES.get(each.setting, each.setting + ": {}").format(value)
        if found is None:
            out.refuse(each, f"it is CDK's, and no tree.json has {each.logical_id}: run cdk synth; then set {setting}")
        else:
            path, file_name = found
            construct = path.removesuffix("/Resource")
            out.refuse(each, f"a CDK program is not edited: set {setting} on {construct}", file_name, 1)
    return out


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    attributes = node.get("attributes") or {}
    if attributes.get("aws:cdk:cloudformation:type") == "AWS::Lambda::Function":
        yield str(node.get("path", ""))
    for child in (node.get("children") or {}).values():
        yield from _functions(child)


def logical_id(components: Sequence[str]) -> str:
    """The logical id that CDK gives the construct of that path below its stack."""
    parts = [part for part in components if part != "Default"]
    if len(parts) == 1 and re.fullmatch(r"[A-Za-z0-9]{1,255}", parts[0]):
        return parts[0]
    # The id is an id, no secret: CDK itself takes MD5.
    digest = hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()[:_HASH].upper()
    human: list[str] = []
    for part in parts:
        clean = re.sub(r"[^A-Za-z0-9]", "", part)
        if part != "Resource" and (not human or human[-1] != clean):
            human.append(clean)
    return "".join(human)[: 255 - 15] + digest

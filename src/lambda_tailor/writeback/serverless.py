"""Serverless Framework as a source: ``functions.X`` and ``provider`` of ``serverless.yml``.

https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.cloudformation.properties import ABSENT, reference, written
from lambda_tailor.writeback.documents import Document, child, load, plain
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.written import Written
from lambda_tailor.writeback.yaml_text import YamlNode

_OWN: dict[str, tuple[str, ...]] = {
    "memory_mb": ("memorySize",), "timeout_s": ("timeout",), "reserved_concurrency": ("reservedConcurrency",),
    "layers": ("layers",), "dead_letter_arn": ("onError",), "tracing": ("tracing",),
    "ephemeral_mb": ("ephemeralStorageSize",), "architecture": ("architecture",),
    "retention_days": ("logRetentionInDays",), "async_retries": ("maximumRetryAttempts",),
    "async_max_age_s": ("maximumEventAge",), "provisioned_concurrency": ("provisionedConcurrency",),
}  # fmt: skip
_PROVIDER = {**{k: v for k, v in _OWN.items() if k not in ("reserved_concurrency", "dead_letter_arn")},
             "tracing": ("tracing", "lambda")}  # fmt: skip
# What the framework takes where nothing is written; these are its own, not Lambda's.
_ABSENT = {**ABSENT, "memory_mb": 1024, "timeout_s": 6, "architecture": "x86_64"}
_VARIABLE = re.compile(r"\$\{self:([\w.-]+)(?:,\s*'?([\w.-]+)'?)?\}")
_FILE = re.compile(r"\$\{file\(([^)]+)\)(?::([\w.-]+))?\}")


@dataclass(frozen=True, slots=True)
class _Function:
    """A function's entry: its key, and the document that it stands in."""

    service: Document
    document: Document
    key: str
    node: YamlNode
    stage: str


@dataclass(frozen=True, slots=True)
class _Place:
    document: Document
    node: YamlNode
    shared_as: str | None = None


def logical_id(key: str) -> str:
    """https://www.serverless.com/framework/docs/providers/aws/guide/resources"""
    normal = key.replace("-", "Dash").replace("_", "Underscore")
    return f"{normal[:1].upper()}{normal[1:]}LambdaFunction"


def write_back(tree: Tree, wanted: Sequence[Wanted], *, shared: bool = False) -> Written:
    """Edits for functions that the Serverless Framework deployed, and what could not be edited."""
    out = Written()
    services: list[Document] = []
    problems: list[str] = []
    for file in tree.named("serverless.yml", "serverless.yaml", "serverless.json"):
        try:
            services.append(load(tree, file))
        except BadInput as error:
            problems.append(str(error))
    functions = [f for service in services for f in _functions(tree, service, problems)]
    for each in wanted:
        found = [f for f in functions if _is(f, each)]
        if len(found) == 1:
            _write(tree, each, found[0], functions, wanted, out, shared=shared)
        elif found:
            out.refuse(each, f"several services have a function {found[0].key}: give the folder of one with --source")
        else:
            programs = tree.named("serverless.ts", "serverless.js")
            told = f" ({problems[0].rstrip('.')})" if problems else ""
            because = (
                f"{programs[0]} is a program, which is not edited" if programs else f"no serverless.yml has it{told}"
            )
            out.refuse(each, because, programs[0] if programs else None, 1 if programs else None)
    return out


def _functions(tree: Tree, service: Document, problems: list[str]) -> Iterator[_Function]:
    stage_node = child(service.root, "provider", "stage")
    stage = str(stage_node.data) if stage_node is not None else "dev"
    listed = child(service.root, "functions")
    parts = listed.data if listed is not None and isinstance(listed.data, tuple) else (listed,)
    for part in parts:
        if part is None:
            continue
        document, node = service, part
        if isinstance(part.data, str) and (named := _FILE.fullmatch(part.data)):
            try:
                document = load(tree, tree.key(tree.path(service.file).parent / named[1]))
            except BadInput as error:
                problems.append(str(error))
                continue
            node = child(document.root, *named[2].split(".")) if named[2] else document.root  # type: ignore[assignment]
        if node is not None and isinstance(node.data, dict):
            for key, value in node.data.items():
                yield _Function(service, document, key, value, stage)


def _is(function: _Function, wanted: Wanted) -> bool:
    if wanted.logical_id is not None and logical_id(function.key) != wanted.logical_id:
        return False
    service_node = child(function.service.root, "service")
    service = service_node.data if service_node is not None else None
    named = child(function.node, "name")
    if named is not None and named.data == wanted.function:
        return True
    prefix = f"{service}-"
    return wanted.function.startswith(prefix) and wanted.function.endswith(f"-{function.key}")


def _stage(function: _Function, wanted: Wanted) -> str:
    service_node = child(function.service.root, "service")
    middle = wanted.function.removeprefix(f"{service_node.data if service_node else ''}-").removesuffix(
        f"-{function.key}"
    )
    return middle if middle != wanted.function else function.stage


def _write(
    tree: Tree, wanted: Wanted, function: _Function, every: Sequence[_Function], all_: Sequence[Wanted], out: Written,
    *, shared: bool,
) -> None:  # fmt: skip
    document = function.document
    if wanted.setting.startswith("environment."):
        _variable(wanted, function, out)
        return
    own = _OWN.get(wanted.setting)
    if own is None:
        out.refuse(
            wanted, "the framework has no key for it: write it by hand", document.file, document.line(function.node)
        )
        return
    value = written(wanted.setting, wanted.after)
    value = value[0] if wanted.setting == "architecture" and isinstance(value, list) else value
    node, above = (
        child(function.node, *own),
        child(function.service.root, "provider", *_PROVIDER.get(wanted.setting, ("",))),
    )
    place = _follow(function, node or above, wanted) if node is not None or above is not None else None
    if (node is not None or above is not None) and place is None:
        at = node or above
        assert at is not None
        out.refuse(
            wanted, "the expression cannot be followed to where its value is written", document.file, document.line(at)
        )
        return
    says = plain(place.node) if place is not None else _ABSENT.get(wanted.setting)
    if wanted.setting == "tracing" and isinstance(says, bool):
        says, value = ("Active" if says else "PassThrough"), value
    if says == value:
        at = place.node if place is not None else function.node
        out.is_so(wanted, document.file, document.line(at))
        return
    before = _ABSENT.get(wanted.setting) if wanted.before is None else wanted.before
    if (
        says != before
        and not (place is None and wanted.setting in ("memory_mb", "timeout_s"))
        and not isinstance(says, list)
    ):
        at = place.node if place is not None else function.node
        out.refuse(
            wanted,
            f"the source says {says} by now, and the plan does not know of that",
            document.file,
            document.line(at),
        )
        return
    followers = [f for f in every if f.service is function.service and child(f.node, *own) is None]
    same = all(
        any(_is(f, w) and w.setting == wanted.setting and w.after == wanted.after for w in all_) for f in followers
    )
    if place is None or (node is None and (place.shared_as is not None or not same)):
        place = None
    also = (
        _users(function, place, own, every, all_, wanted) if place is not None and place.shared_as is not None else ()
    )
    target = place.document if place is not None else document
    if (because := tree.barred(target.file)) is not None:
        out.refuse(wanted, because, target.file, 1, value)
    elif place is None:
        out.edit(wanted, document.file, document.line(function.node), document.added(function.node, own, value))
    elif also and not shared:
        told = f"the value there is shared ({place.shared_as}): it also changes {', '.join(also)}"
        told += "; --shared writes it all the same"
        out.refuse(wanted, told, target.file, target.line(place.node), value)
    else:
        if isinstance(place.node.data, tuple) and isinstance(value, list):
            value = [*(plain(i) for i in place.node.data), *value[len(place.node.data) :]]
        out.edit(wanted, target.file, target.line(place.node), target.replaced(place.node, value), tuple(also))


def _follow(function: _Function, node: YamlNode | None, wanted: Wanted) -> _Place | None:
    """A literal, or the ``custom`` entry that ``${self:…}`` leads to, stage and all."""
    document = (
        function.service
        if node is not None and child(function.node) is not node and _in(function.service, node)
        else function.document
    )
    shared: str | None = None
    for _ in range(10):
        if node is None:
            return None
        if node.tag or isinstance(node.data, dict):
            return None
        if not isinstance(node.data, str) or "${" not in node.data:
            return _Place(document, node, shared)
        text = re.sub(r"\$\{(sls:stage|opt:stage[^}]*|self:provider\.stage)\}", _stage(function, wanted), node.data)
        whole = _VARIABLE.fullmatch(text)
        if whole is None:
            return None
        shared = shared or whole[1]
        document = function.service
        node = child(document.root, *whole[1].split("."))
    return None


def _in(document: Document, node: YamlNode) -> bool:
    provider = child(document.root, "provider")
    return provider is not None and provider.start <= node.start < provider.end


def _users(
    function: _Function, place: _Place | None, own: tuple[str, ...], every: Sequence[_Function],
    all_: Sequence[Wanted], wanted: Wanted,
) -> list[str]:  # fmt: skip
    """The other functions' keys that lead to the same place and are not wanted so."""
    found: list[str] = []
    for other in every:
        if other.service is not function.service:
            continue
        items = other.node.data.items() if isinstance(other.node.data, dict) else ()
        for key, node in items:
            reached = _follow(other, node, wanted) if isinstance(node.data, str) else None
            if reached is None or place is None or reached.node.start != place.node.start:
                continue
            if not any(
                _is(other, w) and w.setting == wanted.setting and w.after == wanted.after and key == own[0]
                for w in all_
            ):
                found.append(f"{other.key}.{key}")
    return found


def _variable(wanted: Wanted, function: _Function, out: Written) -> None:
    name = wanted.setting.removeprefix("environment.")
    document = function.document
    value: JsonValue = reference(wanted.after)
    there = child(function.node, "environment", name)
    if there is not None and there.data == value:
        out.is_so(wanted, document.file, document.line(there))
        return
    because = (
        "write the reference into environment, where the value is not typed in"
        if value
        else "its source has no dynamic reference"
    )
    out.refuse(wanted, because, document.file, document.line(there or function.node), value)

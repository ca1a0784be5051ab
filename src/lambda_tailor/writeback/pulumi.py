"""Pulumi as a source: the reference stack's keys in ``Pulumi.<stack>.yaml``. Programs are not edited.

https://www.pulumi.com/docs/iac/concepts/config/
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.documents import Document, child, load
from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.written import Written

# The keys of lib/tap_stack.py, and what stands for a resource that the program makes where a key is true.
_KEYS = {
    "memory_mb": "memorySize", "timeout_s": "timeout", "tracing": "tracingMode",
    "reserved_concurrency": "reservedConcurrency", "retention_days": "logRetentionDays",
    "dead_letter_arn": "deadLetterQueue", "error_rate_alarm": "alarms", "duration_alarm": "alarms",
    "versioning": "bucketVersioning",
    "environment.DATABASE_URL": "environmentFromSecrets", "environment.API_KEY": "environmentFromSecrets",
}  # fmt: skip
_SWITCHES = {"deadLetterQueue", "alarms", "bucketVersioning", "environmentFromSecrets"}
REFERENCE_PROJECT = "lambda-tailor-reference"
_PREFIX = "lambda-function-"


def write_back(tree: Tree, wanted: Sequence[Wanted]) -> Written:
    """Edits of the reference stack's configuration; for other programs what to set."""
    out = Written()
    projects: list[Document] = []
    for file in tree.named("Pulumi.yaml", "Pulumi.yml"):
        try:
            projects.append(load(tree, file))
        except BadInput as error:
            out.notes.append(str(error))
    added: dict[tuple[str, str], Wanted] = {}
    for each in wanted:
        key = _KEYS.get(each.setting)
        project = next((p for p in projects if _name(p) == REFERENCE_PROJECT), None)
        if project is None or key is None or not each.function.startswith(_PREFIX):
            because = "a Pulumi program is not edited: set it there, then pulumi up"
            program = projects[0].file if projects else None
            out.refuse(each, because, program, 1 if program else None)
        else:
            _write(tree, each, project, key, added, out)
    return out


def _name(project: Document) -> str:
    node = child(project.root, "name")
    return str(node.data) if node is not None else ""


def _write(
    tree: Tree, wanted: Wanted, project: Document, key: str, added: dict[tuple[str, str], Wanted], out: Written
) -> None:
    value: JsonValue = True if key in _SWITCHES else 0 if wanted.after is None else wanted.after
    suffix = wanted.function.removeprefix(_PREFIX)
    document = _stack(tree, project, suffix)
    full = f"{_name(project)}:{key}"
    told = f"pulumi config set {key} {_text(value)}"
    if document is None:
        because = f"no Pulumi.<stack>.yaml has the suffix {suffix}: {told}"
        out.refuse(wanted, because, project.file, 1, value)
        return
    config = child(document.root, "config")
    there = child(config, full)
    line = document.line(there or config or document.root)
    if (because_ := tree.barred(document.file)) is not None:
        out.refuse(wanted, because_, document.file, line, value)
    elif there is not None and str(there.data).lower() == _text(value).lower():
        out.is_so(wanted, document.file, line)
    elif (document.file, full) in added:
        out.edit(wanted, document.file, line, [])
    else:
        added[document.file, full] = wanted
        out.edit(wanted, document.file, line, _spliced(document, full, value))


def _spliced(document: Document, full: str, value: JsonValue) -> list[Splice]:
    config = child(document.root, "config")
    there = child(config, full)
    if there is not None:
        return document.replaced(there, _text(value) if there.style else value)
    # Pulumi writes every value as a string.
    if config is not None and isinstance(config.data, dict):
        return document.added(config, [full], _text(value))
    return document.added(document.root, ["config", full], _text(value))


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stack(tree: Tree, project: Document, suffix: str) -> Document | None:
    """The stack's file: the one that says the suffix, else the one of that name."""
    folder = project.file.rpartition("/")[0]
    found: Document | None = None
    for file in tree.named("Pulumi.*.yaml", "Pulumi.*.yml"):
        if file.rpartition("/")[0] != folder:
            continue
        document = load(tree, file)
        said = child(document.root, "config", f"{_name(project)}:environmentSuffix")
        if said is not None and said.data == suffix:
            return document
        if said is None and file.rsplit("/", 1)[-1].split(".")[1] == suffix:
            found = document
    return found

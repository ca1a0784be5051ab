"""Small sources on disk, settings wanted of them, and the diff that comes of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lambda_tailor.writeback.engine import Proposal, propose
from lambda_tailor.writeback.model import Wanted

ACCOUNT = "123456789012"
REGION = "us-east-1"


def arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def want(function: str, setting: str, before: Any, after: Any, **given: Any) -> Wanted:
    return Wanted(
        arn=arn(function), account_id=ACCOUNT, region=REGION, function=function, rule=setting.replace("_", "-"),
        setting=setting, before=before, after=after, **given,
    )  # fmt: skip


def lay(folder: Path, files: Mapping[str, str]) -> Path:
    """The files below the folder, byte for byte."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


def function(
    name: str, label: str = "f", module: str | None = None, key: Any = None, **attributes: Any
) -> dict[str, Any]:
    """A function in a state."""
    values = {"function_name": name, "arn": arn(name), "memory_size": 3008, "timeout": 300, **attributes}
    return resource("aws_lambda_function", label, values, module, key)


def log_group(
    function_: str, label: str = "f", module: str | None = None, key: Any = None, **attributes: Any
) -> dict[str, Any]:
    """A function's log group in a state."""
    group = {"name": f"/aws/lambda/{function_}", "retention_in_days": 0, **attributes}
    return resource("aws_cloudwatch_log_group", label, group, module, key)


def resource(
    type_: str, label: str, attributes: Mapping[str, Any], module: str | None = None, key: Any = None
) -> dict[str, Any]:
    instance: dict[str, Any] = {"attributes": dict(attributes)}
    if key is not None:
        instance["index_key"] = key
    found: dict[str, Any] = {"mode": "managed", "type": type_, "name": label, "instances": [instance]}
    return found | ({"module": module} if module else {})


def state(*resources: Mapping[str, Any]) -> str:
    return json.dumps({"version": 4, "terraform_version": "1.11.4", "serial": 1, "resources": list(resources)})


def diff(proposal: Proposal) -> str:
    """The changed lines only, with their sign."""
    lines: list[str] = []
    for file, text in proposal.texts.items():
        before, after = proposal.tree.text(file).decode(), text.decode()
        found = difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
        lines += [f"{file}: {line}" for line in found if line[:3] not in ("---", "+++") and line[:2] != "@@"]
    return "\n".join(lines)


def of(folder: Path, *wanted: Wanted, **given: Any) -> Proposal:
    return propose(folder, wanted, **given)


def because(proposal: Proposal) -> Sequence[str]:
    return [each.because for each in proposal.document.not_edited]

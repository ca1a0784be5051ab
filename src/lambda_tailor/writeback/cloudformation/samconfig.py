"""Parameters' values in ``samconfig.toml``, with their places.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Tree

_HEADER = re.compile(rb"(?m)^[ \t]*\[([^\]\n]+)\]")


@dataclass(frozen=True, slots=True)
class Override:
    """``KEY=VALUE`` of a deployment's parameters; ``start`` and ``end`` are the value's bytes."""

    file: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment of the file: the stack that it deploys, its template, its parameters."""

    stack: str | None
    template: str | None
    overrides: Mapping[str, Override]


def deployments(tree: Tree, file: str) -> Iterator[Deployment]:
    """The environments that ``samconfig.toml`` describes.

    Raises BadInput where it does not parse.
    """
    text = tree.text(file)
    try:
        document = tomllib.loads(text.decode())
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise BadInput(f"{file}:{at[1] if at else 1} does not parse as TOML.") from error
    for name, commands in document.items():
        if not isinstance(commands, dict):
            continue
        settings: dict[str, Any] = {}
        overrides: dict[str, Override] = {}
        for command in ("global", "build", "deploy"):
            parameters = (
                (commands.get(command) or {}).get("parameters") if isinstance(commands.get(command), dict) else None
            )
            if isinstance(parameters, dict):
                settings |= parameters
                overrides |= _overrides(file, text, f"{name}.{command}.parameters")
        yield Deployment(
            settings.get("stack_name"), settings.get("template_file") or settings.get("template"), overrides
        )


def _overrides(file: str, text: bytes, table: str) -> dict[str, Override]:
    """The pairs between that table's header and the next."""
    found: dict[str, Override] = {}
    headers = list(_HEADER.finditer(text))
    for number, header in enumerate(headers):
        if header[1].decode().replace('"', "").strip() != table:
            continue
        end = headers[number + 1].start() if number + 1 < len(headers) else len(text)
        given = re.compile(rb"parameter_overrides\s*=").search(text, header.end(), end)
        if given is None:
            continue
        for pair in re.compile(rb"""(?<![\w])([A-Za-z]\w*)=(\\?["']?)([^\s"'\\\],]+)""").finditer(
            text, given.end(), end
        ):
            if text.count(b"\n", given.end(), pair.start()) and b"[" not in text[given.end() : given.end() + 3]:
                break
            found[pair[1].decode()] = Override(file, pair[3].decode(), pair.start(3), pair.end(3))
    return found

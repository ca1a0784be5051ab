"""Plans and other documents as JSON: ``loads(dumps(plan)) == plan``, and their published schemas."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lambda_tailor.errors import PlanFileError
from lambda_tailor.model.plan import SCHEMA_VERSION, Plan

# How the text of a packed plan begins; JSON begins otherwise.
PACKED = "zlib:"
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: Any) -> TypeAdapter[Any]:
    """The (de)serialiser of a document type."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def dumps(document: Any) -> str:
    """A document as indented JSON."""
    return b"".join(pieces(document)).decode()


def pieces(document: Any) -> Iterator[bytes]:
    """The same piece by piece: the plan of a fleet is several times larger as text than as a plan."""
    whole = adapter(type(document))
    separator = b"{\n  "
    for field in fields(document):
        value = getattr(document, field.name)
        if isinstance(value, tuple) and value:
            yield separator + json.dumps(field.name).encode() + b": ["
            for n, item in enumerate(value):
                # No string in JSON has a raw line break, so that only the layout is indented.
                text = adapter(type(item)).dump_json(item, indent=2).replace(b"\n", b"\n    ")
                yield (b",\n    " if n else b"\n    ") + text
            yield b"\n  ]"
        else:
            yield separator + whole.dump_json(document, indent=2, include={field.name})[4:-2]
        separator = b",\n  "
    yield b"\n}"


def schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document type, as it is written."""
    found = adapter(kind).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def plan_hash(plan: Plan) -> str:
    """The plan's id: a hash over all that it says, except when it was made and at what cost in calls."""
    bare = replace(plan, plan_id="", created_at="", api_calls={})
    digest = hashlib.sha256()
    for piece in pieces(bare):
        digest.update(piece)
    return "plan-" + digest.hexdigest()[:16]


def load_plan(path: Path) -> Plan:
    """A saved plan.

    Raises PlanFileError where the file is missing, cut short, altered or of another version.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PlanFileError(f"The plan file {path} cannot be read: {error.strerror}.") from error
    return loads_plan(text, str(path))


def loads_plan(text: str | bytes, name: str = "the plan") -> Plan:
    """A plan from its JSON; ``name`` is what complaints call it."""
    again = "make it again with: lambda-tailor plan --out"
    try:
        # Straight from the text: as dictionaries in between, the plan of a fleet would take several times its size.
        plan: Plan = adapter(Plan).validate_json(text, strict=False)
    except ValidationError as error:
        raise PlanFileError(f"{name} {_complaint(error)}: {again}.") from error
    if plan_hash(plan) != plan.plan_id:
        raise PlanFileError(f"{name} was altered after it was made: {again}.")
    return plan


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "is cut short or is no JSON"
    version = next((each for each in error.errors() if each["loc"] == ("schema_version",)), None)
    if version is not None or first["loc"] == ():
        said = version["input"] if version is not None and version["type"] != "missing" else None
        return f"is no plan of version {SCHEMA_VERSION} (it says {said!r})"
    return f"is no valid plan at {'.'.join(map(str, first['loc']))}"


def packed(plan: Plan) -> str:
    """A plan as text that is a fraction of its JSON, made without ever holding all of that."""
    compressing = zlib.compressobj(level=1)
    small = b"".join([*map(compressing.compress, pieces(plan)), compressing.flush()])
    return PACKED + base64.b64encode(small).decode()


def unpacked(text: str, name: str) -> Plan:
    """A plan that was packed, or that is JSON as it stands.

    Raises PlanFileError.
    """
    if not text.startswith(PACKED):
        return loads_plan(text, name)
    try:
        whole = zlib.decompress(base64.b64decode(text[len(PACKED) :], validate=True))
    except (ValueError, zlib.error) as error:
        raise PlanFileError(f"{name} is damaged.") from error
    return loads_plan(whole, name)


def write_file(file: str, pieces: Iterable[bytes], what: str) -> None:
    """A file, whole or not at all.

    Raises PlanFileError.
    """
    temporary = Path(f"{file}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as out:
            out.writelines(pieces)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PlanFileError(f"{what} cannot be saved as {file}: {error.strerror}.") from error

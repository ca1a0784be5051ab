"""Plans and other documents as JSON: ``loads(dumps(plan)) == plan``, and their published schemas."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import secrets
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lambda_tailor.errors import PlanFileError
from lambda_tailor.model.plan import SCHEMA_VERSION, Plan

# How the text of a packed plan begins; JSON begins otherwise.
PACKED = "zlib:"
# Plans are packed to a tenth of their size, or a hundredth where all functions are alike; zeros to a thousandth.
_MOST_PACKED, _ALWAYS_BYTES = 200, 64 * 1024**2
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
    for _, chunks in _fields(document):
        yield from (layout + value for layout, value in chunks)
    yield b"\n}"


# Layout, with names, and the JSON value behind it, which may be empty.
_Chunk = tuple[bytes, bytes]


def _fields(document: Any) -> Iterator[tuple[str, Iterator[_Chunk]]]:
    separator = b"{\n  "
    for field in fields(document):
        yield field.name, _field(document, field.name, separator)
        separator = b",\n  "


def _field(document: Any, name: str, separator: bytes) -> Iterator[_Chunk]:
    value = getattr(document, name)
    key = json.dumps(name).encode() + b": "
    if isinstance(value, tuple) and value:
        yield separator + key + b"[", b""
        for n, item in enumerate(value):
            # No string in JSON has a raw line break, so that only the layout is indented.
            text = adapter(type(item)).dump_json(item, indent=2).replace(b"\n", b"\n    ")
            yield (b",\n    " if n else b"\n    "), text
        yield b"\n  ]", b""
    else:
        text = adapter(type(document)).dump_json(document, indent=2, include={name})[4:-2]
        yield separator + key, text.removeprefix(key)


def schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document type, as it is written."""
    found = adapter(kind).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


# What the id does not speak of: when the plan was made, at what cost in calls, and who signed it.
_FREE = ("plan_id", "created_at", "api_calls")


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 over a plan: ``said`` over the data that the id speaks of, ``text`` over its whole text as it is written.

    ``of_before`` is over the text of what the id speaks of, by which earlier versions made the id and signed.
    """

    said: str
    text: str
    of_before: str

    @property
    def plan_id(self) -> str:
        """The id of a plan that says this."""
        return _id(self.said)


def _id(digest: str) -> str:
    return f"plan-{digest[:16]}"


def digests(plan: Plan) -> Digests:
    """All digests, in one pass: the plan of a fleet is large."""
    said, text, before = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    blank = replace(plan, plan_id="", created_at="", api_calls={})
    for name, chunks in _fields(plan):
        counts = name not in _FREE and name != "signature"
        if counts:
            said.update(json.dumps(name).encode())
        for layout, value in chunks:
            text.update(layout + value)
            if counts:
                before.update(layout + value)
                said.update(_canonical(value) if value else b"")
        if name in _FREE:
            before.update(b"".join(each for chunk in _field(blank, name, b",\n  ") for each in chunk))
    for each in (text, before):
        each.update(b"\n}")
    return Digests(said.hexdigest(), text.hexdigest(), before.hexdigest())


def _canonical(value: bytes) -> bytes:
    """A JSON value in one form of many: jq sorts keys and lays out anew, JavaScript writes 1.0 as 1."""
    return json.dumps(json.loads(value, parse_float=_number), sort_keys=True).encode()


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def plan_hash(plan: Plan) -> str:
    """The plan's id: a hash over all that it says, except when it was made and at what cost in calls."""
    return digests(plan).plan_id


def load_plan(path: Path) -> Plan:
    """A saved plan.

    Raises PlanFileError where the file is missing, cut short, altered or of another version.
    """
    try:
        text = read_file(path)
    except OSError as error:
        raise PlanFileError(f"The plan file {path} cannot be read: {error.strerror}.") from error
    return loads_plan(text, str(path))


def loads_plan(text: str | bytes, name: str = "the plan") -> Plan:
    """A plan from its JSON; ``name`` is what complaints call it."""
    again = "make it again with: lambda-tailor plan --out"
    raw = text.encode() if isinstance(text, str) else text
    try:
        # Straight from the text: as dictionaries in between, the plan of a fleet would take several times its size.
        plan: Plan = adapter(Plan).validate_json(raw, strict=False)
    except ValidationError as error:
        raise PlanFileError(f"{name} {_complaint(error)}: {again}.") from error
    found = digests(plan)
    if plan.plan_id not in (found.plan_id, _id(found.of_before), _id_of_before(raw)):
        raise PlanFileError(f"{name} was altered after it was made: {again}.")
    if hashlib.sha256(raw).hexdigest() != found.text:
        because = _not_read(raw, plan)
        if because is not None:
            raise PlanFileError(f"{name} says {because}, so that readers may see different things: {again}.")
    return plan


def _id_of_before(raw: bytes) -> str | None:
    """The id of a plan whose version did not know all fields of today: over its own text. None where it is signed."""
    head, calls, _ = raw.rpartition(b',\n  "api_calls": {')
    if not calls or b'\n  "signature": {' in raw[len(head) :]:
        return None
    for name in (b"plan_id", b"created_at"):
        head = re.sub(rb'("%s": )"[^"\\]*"' % name, rb'\1""', head, count=1)
    return "plan-" + hashlib.sha256(head + calls + b"}\n}").hexdigest()[:16]


def _not_read(raw: bytes, plan: Plan) -> str | None:
    """What the text says beyond what was read of it, or None: JSON leaves open which of two equal keys counts."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        known = dict(pairs)
        if len(known) != len(pairs):
            twice.append("something twice")
        return known

    text = json.loads(raw, object_pairs_hook=once, parse_float=_number)
    if twice:
        return twice[0]
    read = json.loads(adapter(Plan).dump_json(plan), parse_float=_number)
    where = _beyond(text, read, "")
    return None if where is None else f"something at {where[1:]} that this version reads otherwise"


def _beyond(text: Any, read: Any, where: str) -> str | None:
    """The first place at which a text has more than, or something other than, what was read of it."""
    if isinstance(text, dict) and isinstance(read, dict):
        pairs = [(text[key], read[key], f"{where}.{key}") for key in text if key in read]
        strange = next((f"{where}.{key}" for key in text if key not in read), None)
    elif isinstance(text, list) and isinstance(read, list) and len(text) == len(read):
        pairs, strange = [(*both, f"{where}.{n}") for n, both in enumerate(zip(text, read, strict=True))], None
    else:
        return None if type(text) is type(read) and text == read else where
    return strange or next((found for pair in pairs if (found := _beyond(*pair)) is not None), None)


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
        small = base64.b64decode(text[len(PACKED) :], validate=True)
        unpacking = zlib.decompressobj()
        whole = unpacking.decompress(small, max(_ALWAYS_BYTES, _MOST_PACKED * len(small)))
    except (ValueError, zlib.error) as error:
        raise PlanFileError(f"{name} is damaged.") from error
    if not unpacking.eof:
        raise PlanFileError(f"{name} is cut short, or larger than any plan.")
    return loads_plan(whole, name)


def write_file(file: str, pieces: Iterable[bytes], what: str) -> None:
    """A file, whole or not at all; nothing is written through a link, nor in place of a device.

    Raises PlanFileError.
    """
    path, temporary = Path(file), Path(f"{file}.{secrets.token_hex(4)}.part")
    try:
        if path.is_symlink():
            raise PlanFileError(f"{what} is not saved as {file}, which is a link: name the file itself.")
        if path.exists() and not path.is_file():
            raise PlanFileError(f"{what} cannot be saved as {file}, which is no file.")
        with temporary.open("xb") as out:
            out.writelines(pieces)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise PlanFileError(f"{what} cannot be saved as {file}: {error.strerror}.") from error


def read_file(path: Path) -> bytes:
    """A file's bytes. A pipe or a device would be waited for, perhaps for ever.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        return file.read()

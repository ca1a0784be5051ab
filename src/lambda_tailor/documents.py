"""Plans and other documents as JSON: ``loads(dumps(plan)) == plan``, and their published schemas."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lambda_tailor.errors import PlanFileError
from lambda_tailor.model.plan import SCHEMA_VERSION, Plan

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: Any) -> TypeAdapter[Any]:
    """The (de)serialiser of a document type."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def dumps(document: Any) -> str:
    """A document as indented JSON."""
    return adapter(type(document)).dump_json(document, indent=2).decode()


def schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document type, as it is written."""
    found = adapter(kind).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def plan_hash(plan: Plan) -> str:
    """The plan's id: a hash over all that it says, except when it was made and at what cost in calls."""
    bare = replace(plan, plan_id="", created_at="", api_calls={})
    return "plan-" + hashlib.sha256(adapter(Plan).dump_json(bare)).hexdigest()[:16]


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
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{name} is cut short or is no JSON: {again}.") from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise PlanFileError(f"{name} is no plan of version {SCHEMA_VERSION} (it says {version!r}): {again}.")
    try:
        plan: Plan = adapter(Plan).validate_python(raw, strict=False)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise PlanFileError(f"{name} is no valid plan at {where}: {again}.") from error
    if plan_hash(plan) != plan.plan_id:
        raise PlanFileError(f"{name} was altered after it was made: {again}.")
    return plan

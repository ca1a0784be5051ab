"""What a JSON Schema says of one field, in words for a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def type_of(field: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """The type of a field: of an array, what is in it; of an object, what its values are.

    ``whole`` is the schema that the field is from, where its references lead.
    """
    if "$ref" in field:
        named = str(field["$ref"].rpartition("/")[2])
        return named if "properties" in whole["$defs"][named] else type_of(whole["$defs"][named], whole)
    if "const" in field:
        return f"`{value(field['const'])}`"
    kinds = field.get("anyOf", ())
    if kinds:
        return " or ".join(dict.fromkeys(type_of(kind, whole) for kind in kinds))
    kind = str(field.get("type", "any"))
    if kind == "array" and "items" in field:
        return f"array of {type_of(field['items'], whole)}"
    values = field.get("additionalProperties")
    return f"object of {type_of(values, whole)}" if kind == "object" and isinstance(values, Mapping) else kind


def resolved(field: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a field, or each item of it, refers to; the field itself if to nothing."""
    reference = field.get("items", field).get("$ref")
    found: Mapping[str, Any] = whole["$defs"][reference.rpartition("/")[2]] if reference else field
    return found


def value(of: Any) -> str:
    """A value as a policy file has it; text without quotes."""
    return of if isinstance(of, str) else json.dumps(of, ensure_ascii=False)


def cell(text: str) -> str:
    """Text for one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")

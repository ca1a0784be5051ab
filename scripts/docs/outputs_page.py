"""The documents that the program prints for other programs, from their schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_tailor import documents
from lambda_tailor.session import DOCUMENTS


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Machine outputs\n"
    yield "`--json` prints one document on stdout and nothing else; progress and complaints go to stderr."
    yield "`lambda-tailor policy schema NAME` prints its JSON Schema (2020-12). `schema_version` changes when a key"
    yield "changes its meaning or goes; keys may be added. Money is US dollars a month as JSON numbers of at most four"
    yield "decimals.\n"
    yield "| command | format |"
    yield "|---|---|"
    yield "| `plan --format markdown` | a pull request comment of under 65,000 characters |"
    yield "| `plan --format sarif` | SARIF 2.1.0 for code scanning |"
    yield "| `plan --format csv` | one change a row |"
    yield "| `verify --format junit` | JUnit XML |"
    yield "| `report PLAN.json --out page.html` | one self-contained page |\n"
    for name, kind in DOCUMENTS.items():
        schema = documents.schema(kind)
        yield f"## {name}\n"
        yield f"{' '.join((schema.get('description') or '').split())}\n"
        yield "| key | type | meaning |"
        yield "|---|---|---|"
        for key, field in schema["properties"].items():
            resolved = _resolved(schema, field)
            told = " ".join((field.get("description") or resolved.get("description") or "").split())
            yield f"| `{key}` | {_type(schema, field)} | {told.split('. ')[0]} |"
        yield ""


def _resolved(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    target = field.get("items", field)
    reference = target.get("$ref", "")
    found: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else field
    return found


def _type(schema: dict[str, Any], field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(schema, each) for each in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "const" in field:
        return f"`{field['const']}`"
    kind = str(field.get("type", "any"))
    return f"array of {_type(schema, field['items'])}" if kind == "array" and "items" in field else kind

"""The reference of policy files, from the model that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_tailor.policy.document import PRESETS, policy_schema
from lambda_tailor.policy.file import load_preset
from lambda_tailor.policy.template import meaning, policy_text
from scripts.docs.schema import cell, resolved, type_of, value


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    schema = policy_schema()
    yield "# Policy files\n"
    yield "A policy says which rules are asked, with which options. `lambda-tailor policy init` writes one with every"
    yield "key, and the JSON Schema for editors; `lambda-tailor policy check FILE` names the line and the nearest key"
    yield "of what is wrong. The options of each rule are in [the catalogue](rules.md).\n"
    yield f"Presets: {', '.join(f'`{name}`' for name in PRESETS)}. A policy that names one says only what differs.\n"
    yield "## Keys\n"
    yield from _table(schema, schema)
    for name in _sections(schema):
        yield f"\n## {name}\n"
        yield from _table(resolved(schema["properties"][name], schema), schema)
    yield "\n## Written out\n"
    yield f"```yaml\n{policy_text(load_preset('right-size'))}```"


def _sections(schema: Mapping[str, Any]) -> list[str]:
    fields = schema["properties"].items()
    return [name for name, field in fields if name != "rules" and "properties" in resolved(field, schema)]


def _table(model: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model["properties"].items():
        default = f"`{value(field['default'])}`" if "default" in field else ""
        yield f"| `{name}` | {cell(type_of(field, schema))} | {default} | {cell(meaning(field))} |"

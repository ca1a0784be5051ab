"""A policy written out with every key that there is, its meaning and its default: from the rules' own options."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule

SCHEMA_FILE = "lambda-tailor-policy.schema.json"
_WIDTH = 100
_EXCEPTIONS = """\
# Other options for some functions, by name pattern and tag; later ones win. With until: an override
# is an exception that ends after that day (UTC), and because: says why it was made.
# overrides:
#   - name: "payments-*"
#     tags: {team: core}
#     until: 2027-03-01
#     because: "the migration needs the room"
#     rules:
#       memory: {target_mb: 2048}

# Functions that are left alone, by name pattern and tag.
# exclude:
#   - name: "legacy-*"
#     until: 2027-03-01
#     because: "they are switched off then"
"""


def policy_text(policy: Policy) -> str:
    """A policy file that means the same as a preset, with what it leaves open behind a ``#``.

    It starts with the line by which editors find the JSON Schema:
    https://github.com/redhat-developer/yaml-language-server#using-inlined-schema
    """
    return "\n".join(_lines(policy)) + "\n"


def schema_text(schema: Mapping[str, Any]) -> str:
    """A JSON Schema as the file that editors read."""
    return json.dumps(schema, indent=2) + "\n"


def _lines(policy: Policy) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE}"
    yield from _comment(
        f"A policy of lambda-tailor that says what its preset {policy.name} says, and stays as it is when the preset "
        f"changes. A policy with no more than the line 'preset: {policy.name}' would change with it.",
        "",
    )
    yield from _comment("What stands behind a # is the default: take the # away to say something else.", "")
    yield "# lambda-tailor policy check FILE tells whether it is well formed."
    yield ""
    yield "rules:"
    for rule in all_rules().values():
        yield from _rule(rule, policy.written.get(rule.id))
    yield from _EXCEPTIONS.splitlines()
    yield ""
    yield from _section("caps", "How much one run may touch; a larger plan is refused.", policy.caps)
    yield ""
    yield from _section("assumptions", "What stands in for load that nobody measured.", policy.assumptions)
    yield ""
    yield from _section("write_back", "What is written back into the source of functions.", policy.write_back)


def _rule(rule: AnyRule, said: Mapping[str, JsonValue] | None) -> Iterator[str]:
    yield from _comment(f"{rule.title}. {rule.why}", "  ")
    yield f"  # {rule.source}"
    yield f"  {rule.id}:"
    yield f"    enabled: {_value(said is not None and said.get('enabled', True))}"
    schema = rule.options.model_json_schema()["properties"]
    defaults = rule.options().model_dump(mode="json")
    for name, default in defaults.items():
        if name != "enabled":
            yield from _comment(meaning(schema[name]), "    ")
            given = said is not None and name in said
            yield f"    {name}: {_value(said[name])}" if said and given else f"    # {name}: {_value(default)}"
    yield ""


def _section(name: str, title: str, model: BaseModel) -> Iterator[str]:
    yield from _comment(title, "")
    yield f"{name}:"
    schema = type(model).model_json_schema()["properties"]
    for key, value in model.model_dump(mode="json").items():
        yield from _comment(meaning(schema[key]), "  ")
        yield f"  {key}: {_value(value)}"


def meaning(field: Mapping[str, Any]) -> str:
    """An option's description and the values that it takes."""
    kinds = [kind for kind in (field, *field.get("anyOf", ())) if kind.get("type") != "null"]
    choices = next((kind["enum"] for kind in kinds if "enum" in kind), ())
    low, high = (_bound(kinds, f"{end}imum", f"exclusive{end.capitalize()}imum", word) for end, word in
                 (("min", "more than "), ("max", "less than ")))  # fmt: skip
    takes = ", ".join(str(choice) for choice in choices if choice is not None)
    if not takes and (low or high):
        least = low if low.startswith("more") else f"{low} or more"
        takes = f"{low} to {high}" if low and high else least if low else f"at most {high}"
    return f"{field['description']}{f' ({takes})' if takes else ''}"


def _bound(kinds: list[Any], including: str, excluding: str, word: str) -> str:
    for kind in kinds:
        if including in kind:
            return f"{kind[including]:g}"
        if excluding in kind:
            return f"{word}{kind[excluding]:g}"
    return ""


def _comment(text: str, indent: str) -> Iterator[str]:
    return iter(textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "))


def _value(value: Any) -> str:
    # JSON is YAML too, and needs no thought about what has to be quoted.
    return json.dumps(value, ensure_ascii=False)

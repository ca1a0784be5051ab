"""The catalogue of rules, from the rules."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_tailor.policy.document import PRESETS
from lambda_tailor.policy.file import load_preset
from lambda_tailor.policy.template import meaning
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule
from lambda_tailor.settings import all_settings
from scripts.docs.schema import cell, type_of, value


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Rules\n"
    yield "Every optimization and every finding. A rule is one file in `src/lambda_tailor/rules/`; this page is written"
    yield "from them. What a policy may say about a rule stands under `rules:` and its id.\n"
    yield "| rule | what it does | presets |"
    yield "|---|---|---|"
    for rule in all_rules().values():
        yield f"| [`{rule.id}`](#{rule.id}) | {cell(rule.title)} | {', '.join(_presets(rule)) or 'none: ask for it'} |"
    yield ""
    for rule in all_rules().values():
        yield from _rule(rule)


def _rule(rule: AnyRule) -> Iterator[str]:
    yield f"## {rule.id}\n"
    yield f"**{rule.title}.** {rule.why} ([source]({rule.source}))\n"
    if rule.surprise:
        yield f"What surprises people: {rule.surprise}\n"
    yield "| option | type | default | meaning |"
    yield "|---|---|---|---|"
    schema = rule.options.model_json_schema()
    for name, default in rule.options().model_dump(mode="json").items():
        field = schema["properties"][name]
        yield f"| `{name}` | {cell(type_of(field, schema))} | `{value(default)}` | {cell(meaning(field))} |"
    yield ""
    for preset in _presets(rule):
        said = {name: given for name, given in load_preset(preset).written[rule.id].items() if name != "enabled"}
        with_ = ", ".join(f"`{name}: {value(given)}`" for name, given in said.items())
        yield f"- in `{preset}`{f' with {with_}' if with_ else ''}"
    actions = _actions(rule)
    yield (
        f"- writes with {', '.join(f'`{action}`' for action in actions)}"
        if actions
        else "- only tells: it is a finding"
    )
    yield ""


def _presets(rule: AnyRule) -> list[str]:
    return [name for name in PRESETS if rule.id in load_preset(name).enabled]


def _actions(rule: AnyRule) -> list[str]:
    flags = {name: True for name, field in rule.options.model_fields.items() if field.annotation is bool}
    kinds = rule.writes(rule.options(**flags))
    return sorted({action.name for kind in kinds for action in all_settings()[kind].write_actions})

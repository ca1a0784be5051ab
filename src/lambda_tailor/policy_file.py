"""Reading policy files and presets; every complaint names file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from lambda_tailor.errors import PolicyError
from lambda_tailor.policy import PRESETS, Layer, Policy, PolicyDocument
from lambda_tailor.rules import all_rules


def load_preset(name: str) -> Policy:
    """A preset by its name.

    Raises PolicyError where there is none of that name.
    """
    return _policy(name, _preset_data(name), name)


def load_policy(path: Path) -> Policy:
    """A policy file with its preset worked in.

    Raises PolicyError with line and key where it is malformed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"The policy file {path} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error
    return parse_policy(text, str(path))


def parse_policy(text: str, name: str) -> Policy:
    """A policy from its YAML text; ``name`` is what complaints call it."""
    return _policy(name, _parse(text, name), name)


def _preset_data(name: str) -> Mapping[str, Any]:
    if name not in PRESETS:
        raise PolicyError(f"There is no preset {name!r}; there are: {', '.join(PRESETS)}.")
    return _parse((files("lambda_tailor.presets") / f"{name}.yaml").read_text(encoding="utf-8"), name)


def _parse(text: str, name: str) -> Mapping[str, Any]:
    # Round-trip loading is ruamel's safe schema, and remembers the line of every key.
    try:
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise PolicyError(f"{name}: {line}{error.problem or 'not YAML'}.") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"{name} is not YAML: {' '.join(str(error).split())}.") from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise PolicyError(f"{name}: line 1: a policy is a mapping of keys such as rules:, not a {type(data).__name__}.")
    return data


def _policy(name: str, data: Mapping[str, Any], title: str) -> Policy:
    try:
        document = PolicyDocument.model_validate(_plain(data))
    except ValidationError as error:
        raise PolicyError(_first_complaint(name, data, error)) from error
    base: Layer = {}
    if document.preset is not None:
        base = load_preset(document.preset).rules
    own = _layer(document.rules)
    merged = {rule: {**base.get(rule, {}), **own.get(rule, {})} for rule in (*base, *own)}
    return Policy(
        name=title,
        rules=merged,
        overrides=tuple((override, _layer(override.rules)) for override in document.overrides),
        exclude=document.exclude,
        caps=document.caps,
        assumptions=document.assumptions,
        today=datetime.now(UTC).date(),
    )


def _layer(rules: Any) -> Layer:
    """Only what was written: the defaults are the rules' to fill in."""
    written: Mapping[str, Any] = rules.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {rule: options or {} for rule, options in written.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value


def _first_complaint(name: str, data: Mapping[str, Any], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = tuple(part for part in first["loc"] if part != "__root__")
    line = _line(data, where)
    key = ".".join(map(str, where)) or "the document"
    if first["type"] == "extra_forbidden":
        return f"{name}: line {line}: unknown key {key}{_nearest(where)}."
    complaint = first["msg"].removeprefix("Value error, ")
    return f"{name}: line {line}: {key}: {complaint[0].lower()}{complaint[1:]}."


def _line(data: Any, where: Sequence[int | str]) -> int:
    line = 1
    for part in where:
        marks = getattr(data, "lc", None)
        if marks is None or (isinstance(data, Mapping) and part not in data):
            break
        position = marks.key(part) if isinstance(data, Mapping) else marks.item(part)
        line = position[0] + 1
        data = data[part]
    return line


def _nearest(where: Sequence[int | str]) -> str:
    key, inside = str(where[-1]), [str(part) for part in where[:-1]]
    if inside and inside[-1] == "rules":
        known = list(all_rules())
    elif len(inside) >= 2 and inside[-2] == "rules" and inside[-1] in all_rules():
        known = list(all_rules()[inside[-1]].options.model_fields)
    elif not inside:
        known = list(PolicyDocument.model_fields)
    else:
        field = PolicyDocument.model_fields.get(inside[0])
        known = list(getattr(field.annotation, "model_fields", {})) if field else []
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}" if known else ""

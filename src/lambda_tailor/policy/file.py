"""Reading policy files and presets; every complaint names file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from lambda_tailor import clock
from lambda_tailor.errors import PolicyError
from lambda_tailor.policy.document import PRESETS, Match, PolicyDocument, presets_in
from lambda_tailor.policy.policy import Exclusion, Layer, Origin, Policy

# Long overrides for a thousand functions are a fifth of it.
_MOST_BYTES = 1_000_000


def load_preset(name: str, today: date | None = None) -> Policy:
    """A preset by its name, or several with commas between, of which later ones win.

    ``today`` is the day in UTC by which exceptions end, and now the clock's.

    Raises PolicyError where there is none of that name.
    """
    first, *others = (_policy(n, _preset_data(n), f"preset {n}", today) for n in presets_in(name))
    if not others:
        return first
    layers = tuple(layer for each in (first, *others) for layer in each.layers)
    return first.model_copy(update={"name": ",".join(presets_in(name)), "layers": layers})


def load_policy(path: Path, today: date | None = None) -> Policy:
    """A policy file with its preset worked in.

    Raises PolicyError with line and key where it is malformed.
    """
    return parse_policy(_read(path), str(path), today)


def parse_policy(text: str, name: str, today: date | None = None) -> Policy:
    """A policy from its YAML text; ``name`` is what complaints call it."""
    return _policy(name, _parse(text, name), name, today)


def complaints_about(path: Path) -> tuple[str, ...]:
    """Everything that is wrong with a policy file, by line; nothing where it is well formed.

    Raises PolicyError where it is not readable as YAML at all.
    """
    name = str(path)
    data = _parse(_read(path), name)
    try:
        PolicyDocument.model_validate(_plain(data))
    except ValidationError as error:
        return _complaints(name, data, error)
    return ()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # A device has no end, and text takes a second a hundred thousand characters to be understood.
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise PolicyError(f"The policy file {path} has more than {_MOST_BYTES // 1000:,} kB: that is no policy.")
        return text.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"The policy file {path} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error


def _preset_data(name: str) -> Mapping[str, Any]:
    if name not in PRESETS:
        raise PolicyError(f"There is no preset {name!r}; there are: {', '.join(PRESETS)}.")
    return _parse((files("lambda_tailor.policy.presets") / f"{name}.yaml").read_text(encoding="utf-8"), name)


MOST_DEEP = 200
# No policy has more keys and values than that, aliases written out.
MOST_VALUES = 100_000


def _parse(text: str, name: str) -> Mapping[str, Any]:
    # Round-trip loading is ruamel's safe schema, and remembers the line of every key.
    try:
        _check_depth(text)
        if "*" in text:
            _check_aliases(YAML(typ="rt").compose(text))
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise PolicyError(f"{name}: {line}{error.problem or 'not YAML'}.") from error
    # The parser takes "-_" for a number, and looks for its first digit.
    except (YAMLError, ValueError, IndexError, RecursionError) as error:
        raise PolicyError(f"{name} is not YAML: {' '.join(str(error).split())}.") from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        kind = "a list" if isinstance(data, Sequence) and not isinstance(data, str) else "one value"
        raise PolicyError(f"{name}: line 1: a policy is a mapping of keys such as rules:, not {kind}.")
    return data


def _check_depth(text: str) -> None:
    """Brackets in brackets: the parser takes seconds for what no policy has.

    Raises ValueError.
    """
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > MOST_DEEP:
                raise ValueError(f"it is nested more than {MOST_DEEP} deep")
        elif character in "]}":
            depth -= 1


def _check_aliases(root: Any) -> None:
    """Aliases may stand for each other: a few lines can mean more values than memory holds, or contain themselves.

    Raises ValueError.
    """
    sizes: dict[int, int] = {}

    def size(node: Any, above: frozenset[int]) -> int:
        if id(node) in above:
            raise ValueError("an alias contains itself")
        if id(node) not in sizes:
            inside = above | {id(node)}
            value = getattr(node, "value", None)
            parts = (
                [part for item in value for part in (item if isinstance(item, tuple) else (item,))]
                if isinstance(value, list)
                else []
            )
            sizes[id(node)] = 1 + sum(size(part, inside) for part in parts)
            if sizes[id(node)] > MOST_VALUES:
                raise ValueError(f"its aliases stand for more than {MOST_VALUES:,} values")
        return sizes[id(node)]

    size(root, frozenset())


def _policy(name: str, data: Mapping[str, Any], source: str, today: date | None) -> Policy:
    try:
        document = PolicyDocument.model_validate(_plain(data))
    except ValidationError as error:
        first, *others = _complaints(name, data, error)
        more = f" There is more: 'lambda-tailor policy check {name}' lists all of it." if others else ""
        raise PolicyError(f"{first}{more}") from error
    day = today or clock.today()
    base: tuple[Layer, ...] = ()
    if document.preset is not None:
        base = load_preset(document.preset, day).layers
    return Policy(
        name=name,
        layers=(*base, _layer(source, data, ("rules",), document.rules)),
        overrides=tuple(
            _layer(source, data, ("overrides", n, "rules"), override.rules, override)
            for n, override in enumerate(document.overrides)
        ),
        exclude=tuple(
            Exclusion(match, Origin(source, _line(data, ("exclude", n)))) for n, match in enumerate(document.exclude)
        ),
        caps=document.caps,
        min_monthly_usd=document.min_monthly_usd,
        max_added_percent=document.max_added_percent,
        assumptions=document.assumptions,
        write_back=document.write_back,
        today=day,
    )


def _layer(source: str, data: Any, at: Sequence[int | str], rules: Any, match: Match | None = None) -> Layer:
    """Only what was written: the defaults are the rules' to fill in."""
    written: Mapping[str, Any] = rules.model_dump(mode="json", by_alias=True, exclude_unset=True)
    values = {rule: options or {} for rule, options in written.items()}
    lines = {rule: _line(data, (*at, rule)) for rule in values}
    lines |= {f"{r}.{option}": _line(data, (*at, r, option)) for r, options in values.items() for option in options}
    # Where the lines of a preset are does not help anybody: its name does.
    preset = source.startswith("preset ")
    origin = Origin(source) if preset else Origin(source, _line(data, at[:2]))
    return Layer(source, values, {} if preset else lines, origin, match)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value


def _complaints(name: str, data: Mapping[str, Any], error: ValidationError) -> tuple[str, ...]:
    """One sentence for each thing that is wrong, in the order of the file's lines."""
    found = [_complaint(name, data, each) for each in error.errors(include_url=False, include_input=False)]
    return tuple(sentence for _, sentence in sorted(found, key=lambda pair: pair[0]))


def _complaint(name: str, data: Mapping[str, Any], error: Any) -> tuple[int, str]:
    where = tuple(error["loc"])
    line = _line(data, where)
    key = ".".join(map(str, where)) or "the document"
    start = f"{name}: line {line}: "
    match error["type"]:
        case "extra_forbidden":
            return line, f"{start}unknown key {key}{_nearest(where)}"
        case "missing":
            return line, f"{start}{key} is missing."
        case "model_type" | "dict_type" | "mapping_type":
            return line, f"{start}{key} takes keys of its own, such as {_example(where)}."
        case _:
            said = error["msg"].removeprefix("Value error, ")
            return line, f"{start}{key}: {said[0].lower()}{said[1:]}."


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
    """What may have been meant by an unknown key, or what there is."""
    known = _keys(where[:-1])
    close = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(known)}." if known else "."


def _example(where: Sequence[int | str]) -> str:
    return f"{{{_keys(where)[0]}: …}}" if _keys(where) else "{KEY: VALUE}"


def _keys(where: Sequence[int | str]) -> list[str]:
    """The keys that a policy knows at a place, which is followed through the document's own types."""
    kind: Any = PolicyDocument
    for part in where:
        if isinstance(part, str):
            fields = getattr(kind, "model_fields", {})
            kind = next((_bare(field.annotation) for name, field in fields.items() if part == _key(name, field)), None)
    return [_key(name, field) for name, field in getattr(kind, "model_fields", {}).items()]


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _bare(annotation: Any) -> Any:
    """The type of a list's items, or of what may also be left empty."""
    inner = [each for each in get_args(annotation) if each not in (NoneType, Ellipsis)]
    return _bare(inner[0]) if inner and get_origin(annotation) is not Mapping else annotation

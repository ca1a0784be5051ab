"""``policy init`` says what the preset says, and every key in it is one that can be set."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from lambda_tailor.cli.commands import main
from lambda_tailor.errors import PolicyError
from lambda_tailor.policy.document import PRESETS, policy_schema
from lambda_tailor.policy.file import load_preset, parse_policy
from lambda_tailor.policy.policy import Policy
from lambda_tailor.policy.template import SCHEMA_FILE, policy_text
from lambda_tailor.rules import all_rules
from tests.builders import a_function

TODAY = date(2026, 11, 23)
VALIDATOR = Draft202012Validator(policy_schema())


def meaning(policy: Policy) -> dict[str, Any]:
    """All that a policy says, apart from what it is called and where its lines are."""
    options = {rule: value.model_dump() for rule, value in policy.options_for(a_function()).items()}
    others = (policy.overrides, policy.exclude, policy.caps, policy.assumptions, policy.today)
    return {"options": options, "others": others}


def uncommented(text: str) -> str:
    """With every key that stands behind a ``#`` set, exceptions included."""
    text = re.sub(r"(?m)^(\s*)# ([a-z_]+: .+)$", r"\1\2", text)
    return re.sub(r"(?m)^# (overrides:|exclude:|  .+)$", r"\1", text)


def as_json(text: str) -> Any:
    """YAML as a JSON Schema validator in an editor sees it: dates are strings."""
    return json.loads(json.dumps(YAML(typ="safe").load(text), default=str))


@pytest.mark.parametrize("preset", PRESETS)
def test_it_means_exactly_the_preset(preset: str) -> None:
    policy = load_preset(preset, TODAY)
    assert meaning(parse_policy(policy_text(policy), "p.yaml", TODAY)) == meaning(policy)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_key_behind_a_hash_can_be_set(preset: str) -> None:
    text = uncommented(policy_text(load_preset(preset)))
    data = as_json(text)
    for rule in all_rules().values():
        assert set(data["rules"][rule.id]) == set(rule.options.model_fields)
    assert data["overrides"] and data["exclude"]
    VALIDATOR.validate(data)
    # Both of what excludes each other is set here, which a policy may say.
    assert parse_policy(text, "p.yaml", TODAY).overrides


@pytest.mark.parametrize("preset", PRESETS)
def test_the_schema_knows_what_is_written(preset: str) -> None:
    text = policy_text(load_preset(preset))
    VALIDATOR.validate(as_json(text))
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}"
    assert all(len(line) <= 120 for line in text.splitlines())


BAD = [
    "presett: x",
    "preset: nope",
    "rules: {memroy: {}}",
    "rules: {reserved_concurrency: {}}",
    "rules: {memory: {target: 5}}",
    "rules: {memory: {target_mb: 127}}",
    "rules: {memory: 5}",
    "rules: {timeout: {basis: p98}}",
    "rules: {log-retention: {days: 8}}",
    "rules: {environment: {variables: {AWS_REGION: 'ssm:a'}}}",
    "rules: {environment: {variables: {TOKEN: hunter2}}}",
    "rules: {alarms: {period_s: 61}}",
    "rules: {alarms: {topic_arn: mail}}",
    "overrides: [{name: x}]",
    "overrides: [{rules: {}}]",
    "overrides: [{name: x, unitl: 2027-03-01, rules: {}}]",
    "overrides: [{name: x, until: 2027-03-01, rules: {memory: {}}}]",
    "overrides: [{name: x, rules: {memory: {target: 5}}}]",
    "exclude: [{because: it is old}]",
    "exclude: [{name: x, until: 2027-03-01}]",
    "exclude: {name: x}",
    "caps: {max_percent: 0}",
    "caps: {max_function: 1}",
    "assumptions: {duration_ms: 0}",
]


@pytest.mark.parametrize("text", BAD)
def test_the_schema_and_the_check_refuse_the_same(text: str) -> None:
    assert not VALIDATOR.is_valid(as_json(text))
    with pytest.raises(PolicyError):
        parse_policy(text, "p.yaml")


def test_the_schema_has_a_description_for_every_key() -> None:
    def walk(schema: Any) -> None:
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), name

    whole = policy_schema()
    Draft202012Validator.check_schema(whole)
    for schema in (whole, *whole["$defs"].values()):
        walk(schema)
        assert schema["additionalProperties"] is False


def run(*arguments: str, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, ["policy", *arguments])
    assert result.exit_code == exit_code, result.output
    return result


def test_init_writes_the_policy_and_the_schema_and_check_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    run("init", "--preset", "reference", "--out", str(file))
    assert file.read_text() == policy_text(load_preset("reference"))
    assert json.loads((tmp_path / SCHEMA_FILE).read_text()) == policy_schema()
    assert "is well formed: memory, timeout" in run("check", str(file)).stdout
    assert run("init", "--preset", "reference").stdout == file.read_text()


def test_init_overwrites_nothing_unless_told_to(tmp_path: Path) -> None:
    file, schema = tmp_path / "policy.yaml", tmp_path / SCHEMA_FILE
    file.write_text("rules: {}\n")
    assert "is there already: give --force" in run("init", "--out", str(file), exit_code=1).stderr
    assert file.read_text() == "rules: {}\n"
    assert not schema.exists()
    run("init", "--out", str(file), "--force")
    assert file.read_text() == policy_text(load_preset("right-size"))
    file.unlink()
    schema.write_text("{}")
    assert SCHEMA_FILE in run("init", "--out", str(file), exit_code=1).stderr
    assert not file.exists()
    assert "There is no preset 'nope'" in run("init", "--preset", "nope", exit_code=1).stderr


def test_check_tells_everything_that_is_wrong_by_line(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("caps: {max_function: 1}\nrules:\n  memroy: {}\n  timeout: {target_s: 0}\n")
    lines = run("check", str(file), exit_code=1).stderr.splitlines()
    assert [re.sub(r".*p\.yaml: ", "", line) for line in lines] == [
        "line 1: unknown key caps.max_function; did you mean max_functions?",
        "line 3: unknown key rules.memroy; did you mean memory?",
        "line 4: rules.timeout.target_s: input should be greater than or equal to 1.",
    ]


def test_check_tells_which_exceptions_are_over(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "overrides:\n"
        "  - {name: pay-*, until: 2020-01-01, because: migration, rules: {memory: {}}}\n"
        "  - {name: new-*, until: 2999-01-01, because: trial, rules: {memory: {}}}\n"
        "exclude:\n"
        "  - {tags: {team: core}, until: 2021-01-01, because: audit}\n"
    )
    said = run("check", str(file)).stdout.splitlines()
    assert "line 2: the exception for name pay-* ended on 2020-01-01 and holds no more (migration)." in said[1]
    assert "line 5: the exception for tag team=core ended on 2021-01-01 and holds no more (audit)." in said[2]
    assert len(said) == 3

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lambda_tailor.errors import PolicyError
from lambda_tailor.policy_file import load_policy, load_preset, parse_policy
from lambda_tailor.rules.memory import MemoryOptions
from tests.builders import a_function


def memory_of(text: str, **given: object) -> int | None:
    options = parse_policy(text, "p.yaml").options_for(a_function(**given))["memory"]
    assert isinstance(options, MemoryOptions)
    return options.target_mb


def test_naming_a_rule_enables_it_and_nothing_else() -> None:
    policy = parse_policy("rules: {memory: {target_mb: 512}}", "p.yaml")
    assert list(policy.options_for(a_function())) == ["memory"]


def test_a_preset_is_the_ground_that_keys_change() -> None:
    assert memory_of("preset: reference\nrules: {memory: {target_mb: 512}}") == 512
    policy = parse_policy("preset: reference\nrules: {memory: {enabled: false}}", "p.yaml")
    assert "memory" not in policy.options_for(a_function())
    assert "timeout" in policy.options_for(a_function())


def test_the_last_override_that_holds_wins() -> None:
    text = """
rules: {memory: {target_mb: 1024}}
overrides:
  - {name: "pay-*", rules: {memory: {target_mb: 2048}}}
  - {tags: {team: core}, rules: {memory: {target_mb: 3008}}}
"""
    assert memory_of(text) == 1024
    assert memory_of(text, name="pay-in") == 2048
    assert memory_of(text, name="pay-in", tags={"team": "core"}) == 3008


def test_an_override_ends_on_its_date() -> None:
    text = """
rules: {memory: {target_mb: 1024}}
overrides: [{name: "*", until: 2020-01-01, because: migration, rules: {memory: {target_mb: 2048}}}]
"""
    assert memory_of(text) == 1024
    policy = parse_policy(text, "p.yaml").model_copy(update={"today": date(2020, 1, 1)})
    options = policy.options_for(a_function())["memory"]
    assert isinstance(options, MemoryOptions)
    assert options.target_mb == 2048


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules:\n  memory:\n    target: 5\n", "line 3: unknown key rules.memory.target; did you mean target_mb?"),
        ("rules:\n  memroy: {}\n", "line 2: unknown key rules.memroy; did you mean memory?"),
        ("presett: x\n", "line 1: unknown key presett; did you mean preset?"),
        ("rules:\n\n  timeout: {target_s: 901}\n", "line 3: rules.timeout.target_s: input should be less than"),
        ("rules:\n  log-retention:\n    days: 8\n", "line 3: rules.log-retention.days: CloudWatch Logs keeps".lower()),
        ("rules: [", "line 1: "),
        ("- a\n", "line 1: a policy is a mapping"),
        ("a: 1\na: 2\n", "line 2: "),
        ("preset: nope\n", "There is no preset 'nope'"),
        ("overrides:\n  - name: x\n    rules: {}\n    unitl: 2027-01-01\n", "line 4: unknown key overrides.0.unitl"),
        ("caps: {max_percent: 0}\n", "line 1: caps.max_percent"),
        ("!!python/object/apply:os.system ['true']", "line 1: a policy is a mapping"),
    ],
)
def test_complaints_name_line_and_key(text: str, complaint: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text, "p.yaml")
    assert complaint.lower() in str(raised.value).lower()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "binary.yaml")


def test_the_reference_preset_has_the_missions_values() -> None:
    options = load_preset("reference").options_for(a_function())
    said = {rule: value.model_dump() for rule, value in options.items()}
    assert said["memory"]["target_mb"] == 1024
    assert said["timeout"]["target_s"] == 30
    assert said["reserved-concurrency"]["target"] == 50
    assert said["log-retention"]["days"] == 7
    assert said["alarms"]["error_rate_percent"] == 1
    assert said["alarms"]["duration_ms"] == 20_000
    assert set(said["environment"]["variables"]) == {"DATABASE_URL", "API_KEY"}

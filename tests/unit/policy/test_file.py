from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest

from lambda_tailor import clock
from lambda_tailor.errors import PolicyError
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.file import load_policy, load_preset, parse_policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.memory import MemoryOptions
from tests.builders import ACCOUNT, REGION, a_function


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
    options = parse_policy(text, "p.yaml", date(2020, 1, 1)).options_for(a_function())["memory"]
    assert isinstance(options, MemoryOptions)
    assert options.target_mb == 2048


def test_the_day_by_which_exceptions_end_is_utcs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            local = datetime(2027, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
            return local.astimezone(tz) if tz else local.replace(tzinfo=None)

    monkeypatch.setattr(clock, "datetime", Late)
    assert parse_policy("", "p.yaml").today == date(2027, 3, 2)


EXCEPTIONS = """
preset: reference
overrides:
  - name: "*"
    until: 2027-03-01
    because: "the migration"
    rules: {memory: {enabled: false}, tracing: {enabled: false}}
  - {name: "other", because: "x", rules: {memory: {}}}
exclude:
  - {tags: {hands: "off"}, until: 2027-02-01, because: "an audit"}
"""


def notes_on(day: date, **given: object) -> tuple[tuple[str, ...], set[str]]:
    function = a_function(**given)
    reading = ScopeData(account_id=ACCOUNT, region=REGION, functions=[function])
    plan = make_plan(
        parse_policy(EXCEPTIONS, "p.yaml", day), [reading], worth=lambda _: lambda asked: [Value()] * len(asked),
        created_at="2026-11-23T00:00:00+00:00",
    )  # fmt: skip
    planned = plan.functions[0]
    return planned.notes, {change.rule for change in planned.changes}


def test_the_plan_tells_of_an_exception_and_of_its_end() -> None:
    notes, rules = notes_on(date(2027, 3, 1))
    assert notes == ("an exception for memory, tracing holds until 2027-03-01, because the migration",)
    assert "memory" not in rules
    notes, rules = notes_on(date(2027, 3, 2))
    ended = "the exception for memory, tracing ended on 2027-03-01 and holds no more (the migration; p.yaml, line 4)"
    assert notes == (ended,)
    assert "memory" in rules


def test_the_plan_tells_of_an_exclusion_and_of_its_end() -> None:
    notes, rules = notes_on(date(2027, 2, 1), tags={"hands": "off"})
    assert notes == ("left alone until 2027-02-01, because an audit",)
    assert not rules
    notes, rules = notes_on(date(2027, 2, 2), tags={"hands": "off"})
    assert notes[0] == "no longer left alone: that ended on 2027-02-01 (an audit; p.yaml, line 10)"
    assert rules


def test_every_option_knows_where_it_was_said() -> None:
    text = """
preset: reference
rules:
  memory: {headroom_percent: 50}
overrides:
  - name: "pay-*"
    rules:
      memory:
        target_mb: 2048
"""
    policy, rule = parse_policy(text, "p.yaml"), all_rules()["memory"]

    def said(name: str) -> dict[str, str]:
        found = policy.said_for(a_function(name=name), rule)
        return {s.option: f"{s.value} by {s.origin}, {s.override}" for s in found if s.origin}

    assert said("other") == {
        "enabled": "True by p.yaml, line 4, None",
        "target_mb": "1024 by preset reference, None",
        "headroom_percent": "50.0 by p.yaml, line 4, None",
    }
    assert said("pay-in") == {
        "enabled": "True by p.yaml, line 8, name pay-*",
        "target_mb": "2048 by p.yaml, line 9, name pay-*",
        "headroom_percent": "50.0 by p.yaml, line 4, None",
    }


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
        (
            "overrides:\n  - name: x\n    rules: {}\n    unitl: 2027-01-01\n",
            "line 4: unknown key overrides.0.unitl; did you mean until?",
        ),
        (
            "overrides:\n  - name: x\n    rules:\n      memory:\n        target: 5\n",
            "line 5: unknown key overrides.0.rules.memory.target; did you mean target_mb?",
        ),
        ("overrides:\n  - name: x\n    rules: {memroy: {}}\n", "line 3: unknown key overrides.0.rules.memroy; did you"),
        ("exclude:\n  - nmae: x\n", "line 2: unknown key exclude.0.nmae; did you mean name?"),
        ("caps:\n  max_function: 1\n", "line 2: unknown key caps.max_function; did you mean max_functions?"),
        ("assumptions:\n  zzz: 1\n", "line 2: unknown key assumptions.zzz; known here: invocations_per_month, "),
        ("rules:\n  memory: 5\n", "line 2: rules.memory takes keys of its own, such as {enabled: …}."),
        ("overrides:\n  - name: x\n", "line 2: overrides.0.rules is missing."),
        ("exclude:\n  - because: x\n", "line 2: exclude.0: name: or tags: has to say which functions are meant"),
        ("exclude:\n  - {name: x, until: 2027-01-01}\n", "line 2: exclude.0: an exception with until: says why"),
        ("caps: {x: 1}\nrules: {y: {}}", "'lambda-tailor policy check p.yaml' lists all of it"),
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


def test_a_rule_that_no_layer_enables_is_asked_with_its_defaults_when_it_is_named() -> None:
    policy = load_preset("right-size")
    off = sorted(set(all_rules()) - set(policy.enabled))
    assert off
    for rule in off:
        assert policy.only(frozenset({rule})).enabled == (rule,)


def test_what_a_policy_says_of_a_named_rule_still_holds() -> None:
    policy = load_preset("reference")
    assert policy.only(frozenset({"memory"})).enabled == ("memory",)
    function = a_function()
    assert policy.only(frozenset({"memory"})).options_for(function)["memory"] == policy.options_for(function)["memory"]


def test_a_list_instead_of_a_policy_is_called_a_list(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("- memory\n")
    with pytest.raises(PolicyError, match="not a list"):
        load_policy(file)


def test_a_policy_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    long = tmp_path / "long.yaml"
    long.write_text("# " + "x" * 1_000_000)
    for file in (long, Path("/dev/zero")):
        with pytest.raises(PolicyError, match="that is no policy"):
            load_policy(file)

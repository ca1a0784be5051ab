"""Every rule, setting and command is walked: what holds for one must hold for all."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import click
import pytest

import lambda_tailor.rules as rules_folder
import lambda_tailor.settings as settings_folder
from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.cli.commands import main
from lambda_tailor.model.evidence import READINGS, Evidence
from lambda_tailor.policy.document import PRESETS
from lambda_tailor.policy.file import load_preset
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Setting
from tests.builders import a_function

TEN = [
    "memory",
    "timeout",
    "reserved-concurrency",
    "log-retention",
    "environment",
    "tracing",
    "dead-letter-queue",
    "alarms",
    "deployment-bucket-versioning",
    "shared-layer",
]
RULES = list(all_rules().values())
SETTINGS = list(all_settings().values())


def test_the_ten_optimizations_are_there() -> None:
    assert set(TEN) <= set(all_rules())


def test_every_file_of_the_folders_has_its_value() -> None:
    files = {m.name for m in pkgutil.iter_modules(rules_folder.__path__)}
    assert files - {"rule", "data"} == {rule.id.replace("-", "_") for rule in RULES}
    files = {m.name for m in pkgutil.iter_modules(settings_folder.__path__)}
    assert files - {"setting", "shown"} == {setting.kind.replace("-", "_") for setting in SETTINGS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_documented_and_whole(rule: AnyRule) -> None:
    module = importlib.import_module(rule.judge.__module__)
    assert rule.title and rule.why.endswith(".")
    assert rule.surprise.endswith("."), "say what AWS does there that surprises people"
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert all(option.description for option in rule.options.model_fields.values())
    assert set(rule.evidence) <= {*READINGS, "at_memory", "recommendation", "triggers", "event_sources", "tuned"}
    # A half that is written is also wired.
    for half in ("lookups", "more_lookups", "writes", "settle"):
        assert getattr(rule, half) is getattr(module, half, getattr(rule, half))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_pure_and_quiet_by_default(rule: AnyRule) -> None:
    function = a_function()
    first = rule.judge(function, Evidence(), rule.options())
    assert first == rule.judge(function, Evidence(), rule.options())
    assert all(lookup.kind in all_kinds() for lookup in rule.lookups(function, rule.options()))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.kind)
def test_every_setting_names_its_permissions(setting: Setting) -> None:
    assert setting.read_actions and setting.write_actions
    assert setting.source.startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_well_formed(preset: str) -> None:
    assert load_preset(preset).options_for(a_function())


def test_the_reference_preset_holds_the_ten() -> None:
    assert list(load_preset("reference").options_for(a_function())) == list(
        dict.fromkeys(rule.id for rule in RULES if rule.id in TEN)
    )


def commands(group: click.Group, path: str = "") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        inner = commands(command, f"{path}{name} ") if isinstance(command, click.Group) else []
        found += inner or [(f"{path}{name}", command)]
    return found


@pytest.mark.parametrize(("name", "command"), commands(main), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_is_short_and_documented(name: str, command: click.Command) -> None:
    assert command.help
    assert all(getattr(p, "help", "") for p in command.params if isinstance(p, click.Option))
    assert command.callback is not None
    body = inspect.getsource(command.callback).split('"""', 2)[2]
    assert len(body.strip().splitlines()) < 15, f"{name} does too much"


def test_help_imports_nothing_heavy() -> None:
    heavy = ("boto3", "pydantic", "rich", "sqlalchemy")
    code = f"import sys, lambda_tailor.cli.commands; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

"""What the pages say is so: commands, options and rules exist, and links between pages lead to files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from scripts.docs import cli_page, outputs_page, policy_page, rules_page, way_picture

from lambda_tailor.cli.commands import DONE, ERROR, PENDING, main
from lambda_tailor.cli.setup import DOCUMENTS
from lambda_tailor.policy.document import policy_schema
from lambda_tailor.policy.file import load_preset
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
# A command as it stands in a code block or between backticks, to the end of what belongs to it.
_SAID = re.compile(r"(?:^ {4}|`|^)(?:[A-Z_]+=\S+ )*lambda-tailor ([a-z][^`#\n]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w/-])(--[a-z][a-z-]+)")
# A command and its options between backticks, without the program's name: `plan --deep`.
_SHORT = re.compile(rf"`((?:{'|'.join(main.commands)}) [^`\n]*--[^`\n]*)`")
# Options of other programs that the pages mention: of the AWS CLI, of Pulumi, of bench/.
OF_OTHERS = {"--output", "--policy-document", "--policy-name", "--query", "--queue-name", "--role-name"}
OF_OTHERS |= {
    "--no-cache-dir",
    "--curves",
    "--generate-code",
    "--parent",
    "--protect",
    "--refresh",
    "--secret",
    "--functions",
    "--help",
}


def said(page: Path) -> list[str]:
    text = page.read_text()
    return [found.strip() for found in _SAID.findall(text) + _SHORT.findall(text)]


def told(page: Path) -> list[tuple[str, click.Command, list[str]]]:
    """Each mention with the command that it calls and the words after it."""
    found = []
    for mention in said(page):
        command: click.Command = main
        words = shlex.split(mention.replace("…", "").replace("[", "").replace("]", "").replace("'", "").rstrip(".,;:)"))
        while words and isinstance(command, click.Group) and not words[0].startswith("-"):
            name = words.pop(0).split("|")[0]
            assert name in command.commands, f"{page.name}: lambda-tailor {mention}"
            command = command.commands[name]
        found.append((mention, command, words))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_mentions_exists_and_takes_its_options(page: Path) -> None:
    for mention, command, words in told(page):
        known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        for word in words:
            if word.startswith("-") and word != "-":
                assert word.split("=")[0] in known | {"-h", "--help"}, f"{page.name}: lambda-tailor {mention}"


def test_the_pages_do_mention_commands() -> None:
    assert sum(len(told(page)) for page in PAGES) > 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_mentions_exists(page: Path) -> None:
    known = {
        option
        for _, command in cli_page.commands()
        for parameter in command.params
        for option in parameter.opts + parameter.secondary_opts
    }
    assert set(_OPTION.findall(page.read_text())) - known - OF_OTHERS == set()


def test_the_readme_names_the_ten_optimizations() -> None:
    text = (ROOT / "README.md").read_text()
    assert [rule for rule in load_preset("reference").enabled if f"`{rule}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
        written = (page.parent / target).resolve().relative_to(ROOT)
        generated = {"docs/rules.md", "docs/cli.md", "docs/policy.md", "docs/outputs.md"}
        assert (ROOT / written).exists() or str(written) in generated, f"{page.name}: {target}"


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_the_catalogue_has_every_rule_with_every_option_and_its_type(rule: AnyRule) -> None:
    part = rules_page.page().split(f"\n## {rule.id}\n", 1)[1].split("\n## ")[0]
    assert rule.why in part and rule.source in part
    for name in rule.options.model_fields:
        assert re.search(rf"^\| `{name}` \| (?!any|\s*\|)[^|]+ \| `[^|]+` \| [^|]+ \|$", part, re.MULTILINE), name


def test_a_default_is_written_as_a_policy_file_has_it() -> None:
    tables = rules_page.page() + policy_page.page().split("## Written out")[0]
    assert not re.search(r"`(None|none|True|False)`", tables)


def test_the_policy_reference_has_every_key_of_the_schema() -> None:
    schema = policy_schema()
    page = policy_page.page()
    for model in (schema, *(schema["$defs"][name] for name in ("Override", "Match", "Caps", "Assumptions"))):
        for name in model["properties"]:
            assert f"\n| `{name}` | " in page


def test_the_page_of_outputs_has_every_document_and_exit_code() -> None:
    page = outputs_page.page()
    assert [name for name in DOCUMENTS if f"\n## {name}\n" not in page] == []
    assert [code for code in (DONE, ERROR, PENDING) if f"\n| {code} | " not in page] == []


def test_every_command_is_in_the_reference() -> None:
    page = cli_page.page()
    for words, command in cli_page.commands():
        assert f"## {words}\n" in page
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[0] in page


def test_the_readme_shows_pictures_that_fetch_nothing() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in ("plan.svg", "report.png"):
        assert f"](docs/pictures/{name})" in readme
        assert (ROOT / "docs" / "pictures" / name).stat().st_size > 1000
    for drawing in (ROOT / "docs" / "pictures").glob("*.svg"):
        text = drawing.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text and "@import" not in text and "<script" not in text, drawing.name


def test_the_picture_of_the_way_is_as_it_is_drawn_now() -> None:
    assert way_picture.PICTURE.read_text() == way_picture.drawing()

"""The action and the workflows of the examples: pinned, and no input is text of a script."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from lambda_tailor import __version__

ROOT = Path(__file__).parents[3]
ACTION = ROOT / "action.yml"
WORKFLOWS = [ACTION, *sorted((ROOT / "docs/examples").glob("github-*.yml"))]
# A commit, with the version that it is beside it; our own is what the reader pins.
PINNED = re.compile(r"uses: (?:\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+|lambda-tailor/lambda-tailor@\S+ # .+)$")


def test_every_action_of_others_is_pinned_to_a_commit() -> None:
    found = [line.strip("- ") for file in WORKFLOWS for line in file.read_text().splitlines() if "uses:" in line]
    assert len(found) > 8
    assert [line for line in found if not PINNED.fullmatch(line)] == []


def test_no_expression_stands_in_a_script() -> None:
    scripts = []
    for file in WORKFLOWS:
        document = YAML(typ="safe").load(file.read_text())
        jobs = [document["runs"]] if "runs" in document else list(document["jobs"].values())
        scripts += [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert len(scripts) >= 5
    assert [script for script in scripts if "${{" in script] == []


def test_the_program_is_of_the_version_that_the_action_is_of() -> None:
    assert YAML(typ="safe").load(ACTION.read_text())["inputs"]["version"]["default"] == f"=={__version__}"


def test_every_input_and_output_is_told() -> None:
    document = YAML(typ="safe").load(ACTION.read_text())
    told = (ROOT / "docs/github-action.md").read_text()
    names = [*document["inputs"], *document["outputs"]]
    assert len(names) > 12 and [name for name in names if f"| `{name}` |" not in told] == []
    assert "LAMBDA_TAILOR_KEY" in told

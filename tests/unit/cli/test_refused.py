"""What the command line refuses before it asks AWS anything, in one sentence; and output that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lambda_tailor.cli.commands import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", "--all", "--json", "--format", "csv"], "--json and --format csv ask for two things"),
        (["plan", "--all", "--json", "--format", "markdown"], "--json and --format markdown"),
        (["plan", "--all", "--force", "orders:nonsense"], "there is no rule 'nonsense'"),
        (["plan", "--all", "--force", "orders"], "--force takes FUNCTION:RULE, not 'orders'"),
        (["plan", "--all", "--rules", "nonsense"], "There is no rule 'nonsense'"),
        (["report", "--out", "x.html"], "What about?"),
        (["apply", "--all", "--rules", ""], "--rules is empty: give a value or leave it out."),
        (["apply", "--all", "--rules=", "--auto-approve"], "--rules is empty"),
        (["plan", "--function", ""], "--function is empty"),
        (["rollback", ""], "An argument is empty"),
        (["iam-policy", "--account", "abc"], "--account takes an account's 12 digits, not 'abc'"),
        (["iam-policy", "--region", "narnia"], "--region takes a region such as eu-west-1, not 'narnia'"),
        (["report", "plan.json", "--history", "--out", "x.html"], "What about?"),
    ],
)
def test_it_is_one_sentence_and_exit_code_1(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert told in result.output and result.output.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["rules"], ["policy", "schema", "plan"], ["policy", "init"]])
def test_a_full_disk_is_one_sentence(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from lambda_tailor.cli.commands import main; main()", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The output could not be written: No space left on device. Nothing else was changed by that.\n"
    )

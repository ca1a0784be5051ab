"""Whoever types something that is no command is told what to type instead."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lambda_tailor.cli.commands import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["rollback"],
            "Error: Missing argument 'RUN'. Give a run's id, as 'lambda-tailor runs' lists them, or latest.",
        ),
        (["resume"], "or latest."),
        (["explain"], "Give a function's name, as 'lambda-tailor plan --all' lists them."),
        (["explain", "a", "b"], "extra argument (b). One function is explained at a time."),
        (["report", "plan.json"], "Missing option '--out'. Give a file, such as --out report.html."),
        (["write-back", "plan.json"], "Give the folder of the source, such as --source . for this one."),
        (["write-back"], "Give a plan's file or a run's id."),
        (["plan", "orders-api"], "extra argument (orders-api). Functions are named with --function NAME."),
        (["verify", "orders-api"], "Functions are named with --function NAME."),
        (["apply", "a.json", "b.json"], "A plan's file stands alone"),
        (["rollout"], "No such command 'rollout'. A guarded rollout is 'lambda-tailor apply --guard'."),
        (["undo"], "A run is put back with 'lambda-tailor rollback RUN'."),
    ],
)
def test_what_to_type_is_said_beside_what_is_wrong(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and told in result.stderr, result.stderr


def test_clicks_own_sentence_stands_alone_where_it_is_enough() -> None:
    assert CliRunner().invoke(main, ["plan", "--top", "-3"]).stderr.endswith("-3 is not in the range x>=1.\n")
    assert CliRunner().invoke(main, ["demmo"]).stderr.endswith("Did you mean 'demo'?\n")


def test_every_command_is_told_in_one_whole_line() -> None:
    helped = CliRunner().invoke(main, ["--help"], env={"COLUMNS": "80"}).stdout
    assert "..." not in helped.partition("[ARGS]...")[2]
    for name, command in main.commands.items():
        (line,) = [line for line in helped.splitlines() if line.strip().startswith(f"{name} ")]
        assert command.get_short_help_str(90).split()[-1] in helped and len(line) <= 80

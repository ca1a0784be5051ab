"""The reference of the command line, from the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from lambda_tailor.cli.commands import main

PROGRAM = "lambda-tailor"


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def commands(command: click.Command = main, path: tuple[str, ...] = (PROGRAM,)) -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it, in the order of the help."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from commands(command.commands[name], (*path, name))


def _lines() -> Iterator[str]:
    yield "# Command line\n"
    yield "What `--help` prints, command by command. Exit codes: 0 done or nothing to do; 1 an error, bad input or a"
    yield "failed change; 2 changes pending (`plan --detailed-exitcode`, `verify`).\n"
    for words, command in commands():
        context = click.Context(command, info_name=words, max_content_width=100, terminal_width=100)
        yield f"## {words}\n"
        yield f"```text\n{command.get_help(context)}\n```\n"

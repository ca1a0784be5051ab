"""What to do next after a command that cannot be understood, where click says only what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import click

_MISSING: Mapping[str, str] = {
    "run": "Give a run's id, as 'lambda-tailor runs' lists them, or latest.",
    "function": "Give a function's name, as 'lambda-tailor plan --all' lists them.",
    "out": "Give a file, such as --out report.html.",
    "source": "Give the folder of the source, such as --source . for this one.",
    "shown": "Give a plan's file or a run's id.",
}
_EXTRA: Mapping[str, str] = {
    "plan": "Functions are named with --function NAME.",
    "verify": "Functions are named with --function NAME.",
    "apply": "A plan's file stands alone; functions are named with --function NAME.",
    "explain": "One function is explained at a time.",
}
_NO_COMMAND: Mapping[str, str] = {
    "rollout": "A guarded rollout is 'lambda-tailor apply --guard'.",
    "undo": "A run is put back with 'lambda-tailor rollback RUN'.",
    "list": "'lambda-tailor plan --all' lists functions, 'lambda-tailor runs' lists runs.",
    "init": "A policy file is written by 'lambda-tailor policy init'.",
}


def with_hint(error: click.UsageError) -> click.UsageError:
    """The error, and what to do next where that is known."""
    told = _hint(error)
    return click.UsageError(f"{error.format_message().rstrip('.')}. {told}", error.ctx) if told else error


def _hint(error: click.UsageError) -> str:
    """A sentence that says what to do next; empty where click's own is enough."""
    command = error.ctx.command.name if error.ctx is not None else None
    if isinstance(error, click.MissingParameter):
        return _MISSING.get((error.param.name if error.param is not None else None) or "", "")
    if isinstance(error, click.NoSuchOption | click.BadParameter):
        return ""
    if "unexpected extra argument" in error.message:
        return _EXTRA.get(command or "", "")
    word = error.message.partition("No such command '")[2].partition("'")[0]
    return _NO_COMMAND.get(word, "")

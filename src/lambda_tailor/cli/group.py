"""The program as a command: exit codes, errors as one sentence, what commands are made of. Heavy imports are late."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lambda_tailor import __version__
from lambda_tailor.cli.hints import with_hint
from lambda_tailor.errors import BadInput, TailorError

if TYPE_CHECKING:
    from lambda_tailor.cli.arguments import Arguments
    from lambda_tailor.cli.session import Session

PROGRAM = "lambda-tailor"
DONE, ERROR, PENDING = 0, 1, 2


# The commands as --help lists them. One that is not named here stands last.
SECTIONS = {
    "Look": ("plan", "explain", "verify", "report", "tune"),
    "Change": ("apply", "resume", "rollback", "write-back"),
    "Look back": ("runs",),
    "Set up": ("doctor", "key", "policy", "rules", "iam-policy", "prices", "mcp", "completion", "demo"),
}


class Group(click.Group):
    """A group that ends with our exit codes: 1 for every error, usage errors included."""

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under what they are for."""
        named = {name for names in SECTIONS.values() for name in names}
        sections = {**SECTIONS, "More": tuple(name for name in self.commands if name not in named)}
        for title, names in sections.items():
            rows = [(n, self.commands[n].get_short_help_str(90)) for n in names if n in self.commands]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        # The same name however it was called: completion goes by it.
        kwargs |= {"standalone_mode": False, "prog_name": PROGRAM}
        try:
            _refuse_empty(args[0] if args else kwargs.get("args"))
            code = super().main(*args, **kwargs)
            sys.stdout.flush()
        except click.ClickException as error:
            (with_hint(error) if isinstance(error, click.UsageError) else error).show()
            code = ERROR
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            code = ERROR
        except TailorError as error:
            from lambda_tailor.report.texts import clean

            # What AWS, a file or a journal says is in it.
            click.echo(f"Error: {clean(str(error))}  [{error.link}]", err=True)
            code = error.exit_code
        except BrokenPipeError:
            sys.stderr.close()
            code = ERROR
        except OSError as error:
            code = _unwritten(error)
        sys.exit(code if isinstance(code, int) else DONE)


def _refuse_empty(args: Sequence[str] | None) -> None:
    """An empty word is a variable of the shell that is not set: ``--rules "$RULES"`` must not mean every rule.

    Raises BadInput.
    """
    words = sys.argv[1:] if args is None else list(args)
    for before, word in zip(("", *words), words, strict=False):
        if not word or (word.startswith("--") and word.endswith("=")):
            name = word[:-1] or (before if before.startswith("-") else "An argument")
            raise BadInput(f"{name} is empty: give a value or leave it out.")


def _unwritten(error: OSError) -> int:
    """Say that the output could not be written, such as to a full disk; other errors of the system are ours."""
    if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG):
        raise error
    click.echo(f"Error: The output could not be written: {error.strerror}. Nothing else was changed by that.", err=True)
    # What is still buffered cannot be written either; closing the descriptor keeps the end of the program quiet.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ERROR


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
def main() -> None:
    """Make deployed AWS Lambda functions fit the load they really carry.

    Reads what is deployed and what it did, proposes what to change and what that is worth, changes
    it safely, proves it, and can put all of it back.
    """


def session(**given: Any) -> Session:
    """What plans, applies and looks back, for these arguments; imported when it is first wanted."""
    if "lambda_tailor.cli.session" not in sys.modules:
        _import_once()
    from lambda_tailor.cli.session import Session

    return Session.from_arguments(given)


def setup() -> Any:
    """The module with what sets up."""
    return importlib.import_module("lambda_tailor.cli.setup")


def arguments(given: dict[str, Any]) -> Arguments:
    """The arguments as the program asks for them."""
    from lambda_tailor.cli.arguments import Arguments

    return Arguments(given)


def _import_once() -> None:
    """Import what every command needs. It stays to the end, so the garbage collector need not look at it again.

    Looking for garbage among modules, while they are imported and at exit, took a fifth of a plan's time.
    """
    gc.disable()
    importlib.import_module("lambda_tailor.cli.session")
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()

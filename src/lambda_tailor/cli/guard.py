"""``apply --guard`` on the command line: its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lambda_tailor.model.rollout import GuardOptions

F = TypeVar("F", bound=Callable[..., Any])
# Options that mean nothing without --guard, by their defaults.
_DEFAULTS: Mapping[str, Any] = {
    "guard_steps": "5,25,50,100", "guard_minutes": 60.0, "allowed_slowdown": "25%", "allowed_errors": "1%",
    "on_inconclusive": "rollback", "one_look": False, "descend": False, "notify": (),
}  # fmt: skip


def guard_options(command: F) -> F:
    """The options of a guarded rollout."""
    for option in reversed(
        (
            click.option("--guard", is_flag=True,
                         help="Let the change prove itself on a part of the traffic, or go back by itself."),
            click.option("--guard-steps", metavar="N,N", help="Shares of the traffic in per cent.  "
                         "[default: 5,25,50,100]"),
            click.option("--guard-minutes", type=float, metavar="MIN",
                         help="How long all of it may take.  [default: 60]"),
            click.option("--allowed-slowdown", metavar="P%", help="How much longer runs may take.  [default: 25%]"),
            click.option("--allowed-errors", metavar="P%",
                         help="How many more of a hundred runs may fail.  [default: 1%]"),
            click.option("--on-inconclusive", type=click.Choice(["rollback", "promote"]),
                         help="What to do when the time is over without an answer.  [default: rollback]"),
            click.option("--one-look", is_flag=True,
                         help="Take one look and exit 2 until it is over; 'resume' takes the next."),
            click.option("--descend", is_flag=True,
                         help="Go on to smaller and smaller memory, each proven by the last."),
            click.option("--notify", multiple=True, metavar="sns:ARN|https://…",
                         help="Tell each decision to a topic or a web hook; repeatable."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def taken_from(arguments: dict[str, Any]) -> GuardOptions | None:
    """The options, taken out of the arguments; None without --guard.

    Raises BadInput.
    """
    from lambda_tailor.errors import BadInput
    from lambda_tailor.model.rollout import GuardOptions
    from lambda_tailor.rollout import options

    given = {name: arguments.pop(name, None) for name in _DEFAULTS}
    if not arguments.pop("guard", False):
        said = next((name for name, value in given.items() if value), None)
        if said is not None:
            raise BadInput(f"--{said.replace('_', '-')} goes with --guard: give that too.")
        return None
    chosen = {name: default if given[name] in (None, ()) else given[name] for name, default in _DEFAULTS.items()}
    return options.checked(
        GuardOptions(
            steps=options.steps(chosen["guard_steps"]),
            minutes=chosen["guard_minutes"],
            allowed_slowdown=options.percent(chosen["allowed_slowdown"], "--allowed-slowdown"),
            allowed_errors=options.percent(chosen["allowed_errors"], "--allowed-errors"),
            on_inconclusive=chosen["on_inconclusive"],
            one_look=chosen["one_look"],
            descend=chosen["descend"],
            notify=tuple(options.receiver(each) for each in chosen["notify"]),
        )
    )

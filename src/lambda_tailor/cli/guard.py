"""``apply --guard`` on the command line: its options, and what happens around the rollouts of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lambda_tailor.cli.session import Session
    from lambda_tailor.model.plan import Plan
    from lambda_tailor.model.rollout import GuardOptions
    from lambda_tailor.model.run import Run
    from lambda_tailor.report.rollout_live import RolloutLive

F = TypeVar("F", bound=Callable[..., Any])
STILL_RUNNING = 2
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


def apply(session: Session, plan: Plan, options: GuardOptions, *, saved: bool, auto_approve: bool) -> int:
    """Show each function's way, ask, and roll out; the exit code."""
    from lambda_tailor import api
    from lambda_tailor.planning.agreement import check_operations

    check_operations(plan)
    where = {
        **session.asked.connecting(),
        "journal": session.asked.get("journal"),
        "kms_key": session.asked.get("kms_key"),
    }
    prepared = api.prepare_rollout(plan, options, **where)
    if not session.asked.as_json:
        session.terminal.plan(prepared.plan, whole=not auto_approve)
    if prepared.plan.has_changes:
        session.confirm(auto_approve, "Roll these changes out?")
    with session.watched() as watched, live(session) as watcher:
        run = api.roll_out(
            prepared,
            just_made=not saved,
            **session.asked.trusting(),
            **session.asked.keeping(),
            **watched,
            watcher=watcher,
        )
    code = exit_code(run, session.show_run(run), watcher.stops)
    for because in prepared.blocked.values():
        print(f"Blocked: {because}.", file=sys.stderr)
    return code or (1 if prepared.blocked or plan.problems else 0)


def live(session: Session) -> RolloutLive:
    """What shows rollouts as they go on."""
    from lambda_tailor.report.rollout_live import RolloutLive

    return RolloutLive(quiet=bool(session.asked.get("quiet")))


def exit_code(run: Run, otherwise: int, stops: Sequence[str]) -> int:
    """0 where all were promoted, 1 where one went back or was stopped, 2 where one still runs."""
    from lambda_tailor.model.rollout import RolloutStatus

    statuses = {rollout.status for rollout in run.rollouts}
    if not stops and len(run.rollouts) > 1 and run.rollouts[0].status is RolloutStatus.PROMOTED and _one_ladder(run):
        # A ladder ends at the first rung that is worse: what was promoted before it stays.
        return STILL_RUNNING if RolloutStatus.RUNNING in statuses else 0
    if stops or (run.of_run is None and statuses & {RolloutStatus.ROLLED_BACK, RolloutStatus.INCONCLUSIVE}):
        return 1
    return STILL_RUNNING if RolloutStatus.RUNNING in statuses else otherwise


def _one_ladder(run: Run) -> bool:
    """Whether all rollouts are rungs of one function."""
    return len({rollout.arn for rollout in run.rollouts}) == 1

"""``apply --guard`` on the command line: what happens around the rollouts of a run."""

from __future__ import annotations

import sys

from lambda_tailor import api
from lambda_tailor.cli.rollout_end import exit_code
from lambda_tailor.cli.session import Session
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.rollout import GuardOptions
from lambda_tailor.planning.agreement import check_operations


def roll_out(session: Session, plan: Plan, options: GuardOptions, *, saved: bool, auto_approve: bool) -> int:
    """Show each function's way, ask, and roll out; the exit code."""
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
    with session.watched() as watched, session.live() as watcher:
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

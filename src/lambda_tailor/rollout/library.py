"""Guarded rollouts as the library offers them: prepared, and carried out."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.progress import Observer
from lambda_tailor.model.rollout import GuardOptions, Watcher
from lambda_tailor.model.run import Run
from lambda_tailor.planning.options import MAX_AGE_H, connection_of, team_vault

if TYPE_CHECKING:
    from lambda_tailor.rollout.preparing import Prepared


def prepare_rollout(
    plan: Plan,
    options: GuardOptions,
    *,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    kms_key: str | None = None,
) -> Prepared:
    """How each function of a plan would be rolled out, and what it takes; changes nothing.

    Functions that cannot be are blocked in the plan that is left. Raises what reading AWS raises.
    """
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.journal.signing import signed_again
    from lambda_tailor.rollout.preparing import prepare

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with closing(open_journal(journal)) as opened:
        prepared = prepare(plan, connection, options, opened.unfinished_rollouts())
    return replace(prepared, plan=signed_again(plan, prepared.plan, team_vault(connection, kms_key)))


def roll_out(
    prepared: Prepared,
    *,
    just_made: bool = False,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    watcher: Watcher | None = None,
    trust_plan: bool = False,
    max_age_h: float = MAX_AGE_H,
    trust_journal: bool = False,
    kms_key: str | None = None,
) -> Run:
    """Apply a plan so that each change proves itself on a part of the traffic, or goes back.

    The keywords are those of ``apply``; ``watcher`` is told of each look. Raises what ``apply`` raises.
    """
    from lambda_tailor.applying.opening import open_runner
    from lambda_tailor.rollout.doors import start

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with open_runner(
        connection, journal=journal, scheduler=scheduler, observer=observer, stop=stop, kms_key=kms_key,
        trust_journal=trust_journal, trust_plan=trust_plan, max_age_h=max_age_h,
    ) as runner:  # fmt: skip
        return start(runner, prepared, saved=not just_made, watcher=watcher)

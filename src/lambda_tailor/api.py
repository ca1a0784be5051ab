"""What the program does, as functions: typed arguments in, data out; nothing is printed, asked or exited from.

The command line and the MCP server call the same functions. Credentials, profile, region and endpoint are the
standard AWS ones. Every function raises a ``TailorError`` whose message is one sentence, and nothing else that a
caller has to expect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lambda_tailor.applying.checkup import doctor
from lambda_tailor.applying.write_back import plan_of, write_back
from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S
from lambda_tailor.aws.inventory import SUFFIX_PREFIX
from lambda_tailor.errors import TailorError
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.history import History
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.progress import Observer
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.rollout import GuardOptions, Watcher
from lambda_tailor.model.run import Run, Runs, Verification
from lambda_tailor.planning import workflow
from lambda_tailor.planning.options import DEFAULT_LOOKBACK_DAYS, MAX_AGE_H, PlanOptions, connection_of
from lambda_tailor.review.looking_back import history, id_of, plan_and_run, realized, run, runs
from lambda_tailor.rollout.library import prepare_rollout, roll_out
from lambda_tailor.tuning.library import clean_up_tune, prepare_tune, tune, tune_of

__all__ = [
    "Explanation",
    "GuardOptions",
    "History",
    "Observer",
    "Plan",
    "Realized",
    "Run",
    "Runs",
    "TailorError",
    "Verification",
    "apply",
    "clean_up_tune",
    "doctor",
    "explain",
    "history",
    "plan",
    "plan_and_run",
    "plan_of",
    "prepare_rollout",
    "prepare_tune",
    "realized",
    "resume",
    "roll_out",
    "rollback",
    "rollback_plan",
    "run",
    "runs",
    "tune",
    "tune_of",
    "verify",
    "write_back",
]


def plan(
    *,
    environment_suffix: str | None = None,
    functions: Sequence[str] = (),
    name_pattern: str | None = None,
    tags: Mapping[str, str] | None = None,
    all_functions: bool = False,
    regions: Sequence[str] = (),
    all_regions: bool = False,
    role_arns: Sequence[str] = (),
    organization_role: str | None = None,
    policy: str | Path | None = None,
    preset: str | None = None,
    rules: Sequence[str] = (),
    force: Sequence[str] = (),
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    evidence_budget_usd: float | None = None,
    deep: bool = False,
    assume_duration_ms: int | None = None,
    assume_invocations: int | None = None,
    topic: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    max_risk: str | None = None,
    min_saving_usd: float | None = None,
    observer: Observer | None = None,
    sign: bool = True,
    kms_key: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Plan:
    """Read what is deployed and what it did, and propose; changes nothing.

    Which functions: ``environment_suffix`` (of a stack), ``functions`` by name, ``name_pattern`` with * and ?,
    ``tags`` that they all have, or ``all_functions``.
    Which accounts and regions: ``regions`` or ``all_regions``; ``role_arns`` to assume, one an account, or
    ``organization_role``, the name of a role that every account of the organization has.
    By which policy: a ``policy`` file or a ``preset`` (several with commas between); ``topic`` is the ARN of the SNS
    topic that alarms tell; ``rules`` to ask no others; ``force`` names blocked changes
    to make all the same, as ``FUNCTION:RULE``.
    What is read: ``lookback_days`` back (1 to 60), for at most ``evidence_budget_usd`` of AWS's charges; ``deep``
    spends calls for each function. ``assume_duration_ms`` and ``assume_invocations`` (a month) stand for what was
    not measured.
    How AWS is reached: ``profile``, ``endpoint_url``; ``quota_share`` is the part of AWS's request quotas to use.
    ``timeout_s`` is how long AWS may give no answer at all. ``external_id`` and ``source_identity`` go along where a
    role is assumed. ``scheduler`` is the address of a Dask cluster that does it; ``observer`` is told of progress.
    What is left out: changes of more than ``max_risk`` (none, low, medium, high), and those of functions that save
    less than ``min_saving_usd`` a month.
    The plan is signed with the team's key (``sign``), which a plan that is applied later needs: the one of KMS that
    ``kms_key`` names, LAMBDA_TAILOR_KEY, or the key file, which is made where there is none; ``tell`` hears of that.

    Raises BadInput, PolicyError, TargetNotFound, CredentialsError, EndpointUnreachable.
    """
    asked = locals()
    keys = ("sign", "tell")
    options = _options(**{name: value for name, value in asked.items() if name not in keys})
    made = workflow.plan(options.request(), observer)
    if not sign:
        return made
    from lambda_tailor.applying.opening import signed

    return signed(made, options.connection(), kms_key, tell)


def verify(
    *,
    environment_suffix: str | None = None,
    functions: Sequence[str] = (),
    name_pattern: str | None = None,
    tags: Mapping[str, str] | None = None,
    all_functions: bool = False,
    regions: Sequence[str] = (),
    all_regions: bool = False,
    role_arns: Sequence[str] = (),
    organization_role: str | None = None,
    policy: str | Path | None = None,
    preset: str | None = None,
    rules: Sequence[str] = (),
    force: Sequence[str] = (),
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    evidence_budget_usd: float | None = None,
    deep: bool = False,
    assume_duration_ms: int | None = None,
    assume_invocations: int | None = None,
    topic: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    observer: Observer | None = None,
    kms_key: str | None = None,
) -> Verification:
    """Whether what is deployed matches the policy; the keywords are those of ``plan``.

    Raises what ``plan`` raises.
    """
    return workflow.verification(_options(**locals()).request(), observer)


def explain(
    function: str,
    *,
    environment_suffix: str | None = None,
    functions: Sequence[str] = (),
    name_pattern: str | None = None,
    tags: Mapping[str, str] | None = None,
    all_functions: bool = False,
    regions: Sequence[str] = (),
    all_regions: bool = False,
    role_arns: Sequence[str] = (),
    organization_role: str | None = None,
    policy: str | Path | None = None,
    preset: str | None = None,
    rules: Sequence[str] = (),
    force: Sequence[str] = (),
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    evidence_budget_usd: float | None = None,
    deep: bool = False,
    assume_duration_ms: int | None = None,
    assume_invocations: int | None = None,
    topic: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    observer: Observer | None = None,
    kms_key: str | None = None,
) -> Explanation:
    """Which policy, evidence and rule led to each proposal for a function, and what would change it.

    The function alone is read, unless the keywords, which are those of ``plan``, say among which it is planned.
    Raises what ``plan`` raises.
    """
    asked = locals()
    options = _options(**{name: value for name, value in asked.items() if name != "function"})
    if not options.chooses and function != f"{SUFFIX_PREFIX}{environment_suffix}":
        options = replace(options, functions=(function,))
    return workflow.explanation(options.request(), function, observer)


def apply(
    plan: Plan,
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
    trust_plan: bool = False,
    max_age_h: float = MAX_AGE_H,
    trust_journal: bool = False,
    kms_key: str | None = None,
) -> Run:
    """Apply a plan: every change is journalled before it is made, and read back after it. Nobody is asked.

    ``journal`` is a database URL; left out it is SQLite in the state folder. A plan that was not ``just_made`` is
    looked at once more before anything is written, and has to be signed with the team's key (see ``plan``) unless
    ``trust_plan`` says otherwise: look at its operations first; it lasts ``max_age_h`` hours. ``stop``, set from
    another thread, ends it after the calls in flight; what was begun can be resumed or rolled back.
    Raises PlanFileError, StalePlan, LimitExceeded, JournalError, CredentialsError, EndpointUnreachable.
    """
    from lambda_tailor.applying.opening import open_runner

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with open_runner(
        connection, journal=journal, scheduler=scheduler, observer=observer, stop=stop, kms_key=kms_key,
        trust_journal=trust_journal, trust_plan=trust_plan, max_age_h=max_age_h,
    ) as runner:  # fmt: skip
        return runner.apply(plan) if just_made else runner.apply_saved(plan)


def rollback_plan(
    run: Run | str,
    *,
    journal: str | None = None,
    trust_journal: bool = False,
    kms_key: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Plan:
    """What a rollback of a run would put back, as a plan; reads the journal, and KMS with ``kms_key``.

    Raises RunNotFound, JournalError, and PlanFileError where somebody changed the run's plan.
    """
    from lambda_tailor.applying.opening import open_runner

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with open_runner(connection, journal=journal, kms_key=kms_key, trust_journal=trust_journal) as runner:
        return runner.undoing(runner.known(id_of(run)))


def rollback(
    run: Run | str,
    *,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    watcher: Watcher | None = None,
    trust_journal: bool = False,
    kms_key: str | None = None,
) -> Run:
    """Put back exactly what a run changed; a run is known by its id too, and ``latest`` is the newest that
    wrote something to AWS and was not a rollback.

    The keywords are those of ``apply``; ``watcher`` is told of rollouts that could not be put back.
    Raises RunNotFound, and what ``apply`` raises.
    """
    from lambda_tailor.applying.opening import open_runner
    from lambda_tailor.rollout.doors import roll_back

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with open_runner(
        connection, journal=journal, scheduler=scheduler, observer=observer, stop=stop, kms_key=kms_key,
        trust_journal=trust_journal,
    ) as runner:  # fmt: skip
        return roll_back(runner, id_of(run), watcher)


def resume(
    run: Run | str,
    *,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    scheduler: str | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    watcher: Watcher | None = None,
    trust_journal: bool = False,
    kms_key: str | None = None,
) -> Run:
    """Finish a run that was interrupted, or try again what failed in it; its rollouts get their next look.

    The keywords are those of ``apply``; ``watcher`` is told of each look. Raises RunNotFound, and what
    ``apply`` raises.
    """
    from lambda_tailor.applying.opening import open_runner
    from lambda_tailor.rollout.doors import resume as go_on

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    with open_runner(
        connection, journal=journal, scheduler=scheduler, observer=observer, stop=stop, kms_key=kms_key,
        trust_journal=trust_journal,
    ) as runner:  # fmt: skip
        return go_on(runner, id_of(run), watcher)


def _options(observer: Observer | None = None, tags: Mapping[str, str] | None = None, **asked: object) -> PlanOptions:
    return PlanOptions(tags=dict(tags or {}), **asked)  # type: ignore[arg-type]  # the keywords of plan, as they are

"""Tunes for callers of the library; ``lambda_tailor.api`` offers them with the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from lambda_tailor.aws.accounts import ScopeSelection
from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S, Connection
from lambda_tailor.errors import RunNotFound
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.planning.options import ConnectionOptions, team_vault

if TYPE_CHECKING:
    from lambda_tailor.model.tuning import Tuning, Tunings
    from lambda_tailor.tuning.preparing import PreparedTunes


def prepare_tune(
    functions: Sequence[str] = (),
    *,
    payload: str,
    all_functions: bool = False,
    objective: str = "cheapest",
    sizes: str | None = None,
    max_invocations: int = 24,
    budget_usd: float | None = None,
    production_payloads: bool = False,
    regions: Sequence[str] = (),
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> PreparedTunes:
    """Which functions a tune would measure, within which sizes, and what that costs at most; changes nothing.

    ``payload`` is a JSON file, a folder of them or ``event:NAME``; with ``all_functions`` a folder with a file or
    folder a function. ``objective``: cheapest, fastest-within=10%, p95-under=800ms or balanced=0.5. ``sizes``:
    MIN-MAX or a list, MB. Raises BadInput, TargetNotFound and what reading AWS raises.
    """
    from lambda_tailor.aws.inventory import Target
    from lambda_tailor.tuning.options import options

    chosen = options(objective, payload, sizes, max_invocations, budget_usd, production_payloads)
    from lambda_tailor.tuning.preparing import prepare

    connection = _connection(profile, endpoint_url, quota_share, timeout_s)
    target = Target(names=tuple(functions), everything=all_functions)
    return prepare(connection, target, ScopeSelection(regions=tuple(regions)), chosen)


def tune(
    prepared: PreparedTunes,
    *,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    stop: threading.Event | None = None,
    told: Callable[[str, int, int], None] | None = None,
    kms_key: str | None = None,
    trust_journal: bool = False,
) -> Tunings:
    """Measure copies of the functions and find the memory size that is wanted; the functions are not touched.

    Nobody is asked: every call does for real what the function does. ``told`` hears of each call: the function, how
    many were measured, the size. What is found is signed with the team's key (see ``lambda_tailor.plan``).
    Raises BadInput, FunctionHeld, StalePlan, JournalError, KeyRefused, and what AWS raises.
    """
    from lambda_tailor.applying.keys import prove_key
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.tuning.many import tune_all

    connection = _connection(profile, endpoint_url, quota_share, timeout_s)
    with closing(open_journal(journal)) as opened:
        prove_key(opened, team_vault(connection, kms_key), trust=trust_journal)
        return tune_all(prepared, connection, opened, stop=stop, told=told)


def tune_of(tune_id: str, *, journal: str | None = None) -> Tuning:
    """What a tune found. Raises RunNotFound where there is no such tune or it found nothing, and JournalError."""
    from lambda_tailor.applying.opening import open_journal

    with closing(open_journal(journal)) as opened:
        listed = next((each for each in opened.tunes() if each.overview.tune_id == tune_id), None)
    if listed is None:
        raise RunNotFound(f"The journal has no tune {tune_id}: see 'lambda-tailor runs'.")
    if listed.found is None:
        raise RunNotFound(f"{tune_id} found nothing ({listed.overview.status}): tune the function again.")
    return listed.found


def clean_up_tune(
    tune_id: str,
    *,
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    kms_key: str | None = None,
    trust_journal: bool = False,
) -> bool:
    """Remove the copy that a killed tune left; False where it left none.

    ``trust_journal`` takes what the journal says of it although the team's key does not vouch for it: what is removed
    still has to say itself that this tune made it. Raises RunNotFound, JournalError.
    """
    from lambda_tailor.applying.keys import verify_with
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.tuning.many import clean_up

    connection = _connection(profile, endpoint_url, quota_share, timeout_s)
    with closing(open_journal(journal)) as opened:
        verify_with(opened, team_vault(connection, kms_key))
        return clean_up(connection, opened, tune_id, trust=trust_journal)


def _connection(profile: str | None, endpoint_url: str | None, quota_share: float, timeout_s: float) -> Connection:
    options = ConnectionOptions(
        profile=profile, endpoint_url=endpoint_url, quota_share=quota_share, timeout_s=timeout_s
    )
    return options.connection()

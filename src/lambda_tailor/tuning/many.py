"""Several functions' tunes side by side, within one budget; and what killed ones left behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lambda_tailor import arns
from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scopes import open_scope
from lambda_tailor.errors import BadInput, JournalError, RunNotFound, TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.tunings import Begun
from lambda_tailor.model.tuning import LeftOut, Tuning, Tunings
from lambda_tailor.tuning.copying import Copier
from lambda_tailor.tuning.options import TuneOptions
from lambda_tailor.tuning.preparing import PreparedTunes, Subject
from lambda_tailor.tuning.tune import Told, tune

# Functions at once; the sizes of one are never measured side by side.
AT_ONCE = 4
PREFIX = "tune-"


def tune_all(
    prepared: PreparedTunes,
    connection: Connection,
    journal: Journal,
    *,
    stop: threading.Event | None = None,
    told: Told | None = None,
) -> Tunings:
    """Tune them. One function's trouble is raised where it is the only one, else it is left out with the reason."""
    stop = stop or threading.Event()
    alone = len(prepared.subjects) == 1
    left = list(prepared.left_out)
    found: list[Tuning] = []

    def one(subject: Subject) -> Tuning | LeftOut:
        try:
            return tune(
                subject, _share(prepared, subject), connection, journal, stop=stop, told=told or (lambda *_: None)
            )
        except TailorError as error:
            if alone:
                raise
            return LeftOut(function=subject.function.name, region=subject.function.region, because=str(error))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        for each in threads.map(one, prepared.subjects):
            if isinstance(each, Tuning):
                found.append(each)
            else:
                left.append(each)
    if left and not found and prepared.subjects:
        raise TailorError(f"No function was tuned; {left[-1].function}: {left[-1].because}")
    return Tunings(tunings=tuple(found), left_out=tuple(left))


def _share(prepared: PreparedTunes, subject: Subject) -> TuneOptions:
    """The budget is split by what each will likely cost."""
    options = prepared.options
    if options.budget_usd is None or len(prepared.subjects) == 1:
        return options
    likely = sum(each.likely_usd or 0.0 for each in prepared.subjects)
    share = (subject.likely_usd or 0.0) / likely if likely else 1 / len(prepared.subjects)
    return replace(options, budget_usd=options.budget_usd * share)


def clean_up(connection: Connection, journal: Journal, tune_id: str, *, trust: bool = False) -> bool:
    """Remove what a tune left behind; False where that is nothing.

    Raises JournalError where the team's key does not vouch for it and nobody trusts it, RunNotFound, and what AWS
    raises.
    """
    wanted = [left for left in journal.left_tunings() if tune_id in (left.tune_id, "latest")]
    if not wanted:
        if all(tune.overview.tune_id != tune_id for tune in journal.tunes()):
            raise RunNotFound(f"The journal has no tune {tune_id}.")
        return False
    strange = next((left for left in wanted if not left.vouched), None)
    if strange is not None and not trust:
        raise JournalError(
            f"What the journal says of {strange.tune_id} cannot be verified: that {strange.copy} in {strange.region} "
            f"is its copy of {strange.function}, reached under {strange.role_arn or 'no other role'}. Give "
            "--trust-journal to remove that."
        )
    for left in wanted:
        _remove(connection, journal, left)
    return True


def _remove(connection: Connection, journal: Journal, left: Begun) -> None:
    opened = open_scope(connection, Scope(left.region, left.role_arn))
    if opened.account_id != arns.part(left.function, 4):
        raise BadInput(f"{left.tune_id} was in account {arns.part(left.function, 4)}, and this is {opened.account_id}.")
    Copier(opened.gateway, left.copy).remove(arns.part(left.function, 6), left.tune_id)
    journal.end_tuning(left.tune_id, None)

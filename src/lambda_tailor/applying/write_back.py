"""The plan or run that is written back, found and handed to write-back; reads the journal, never AWS."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tailor import documents
from lambda_tailor.errors import JournalError
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.run import Run

if TYPE_CHECKING:
    from lambda_tailor.writeback.service import Done


def write_back(
    plan: Plan | Run | str | Path,
    *,
    source: str | Path,
    state: str | Path | None = None,
    var_files: Sequence[str | Path] = (),
    write: bool = False,
    branch: str | None = None,
    shared: bool = False,
    check: bool = False,
    force: bool = False,
    trust_plan: bool = False,
    journal: str | None = None,
) -> Done:
    """Write what a plan or a run changes into the ``source`` that deploys the functions; needs no AWS.

    ``plan`` is a plan, the file of one, a run or its id. By default only the diff is made: ``write`` edits the files,
    ``branch`` commits on a new branch. ``state`` is Terraform's where it is not in the folder, ``var_files`` what
    terraform is given with -var-file. ``shared`` writes values that others share, ``force`` files with uncommitted
    changes; ``check`` asks the deployment's tool what is left. A plan file that is not signed, or a run that the
    team's key does not vouch for, needs ``trust_plan``.
    Raises BadInput, PlanFileError, RunNotFound, JournalError.
    """
    # The readers of all those languages take longer to import than a plan of a hundred functions takes.
    from lambda_tailor.writeback import service, wanted

    if isinstance(plan, Run) or (isinstance(plan, str) and not _is_file(plan)):
        of, run_ = _plan_and_run(plan if isinstance(plan, str) else plan.run_id, journal, trust=trust_plan)
        settings = wanted.of_run(of, run_)
    else:
        of = plan if isinstance(plan, Plan) else _loaded(Path(plan), trust_plan)
        settings = wanted.of_plan(of)
    options = service.WriteBackOptions(
        source=Path(source),
        state=Path(state) if state is not None else None,
        var_files=tuple(map(Path, var_files)),
        write=write,
        branch=branch,
        shared=shared,
        check=check,
        force=force,
        ignore=_ignored(of),
    )
    return service.write_back(settings, options)


def plan_of(plan: str | Path, *, journal: str | None = None) -> Plan:
    """A saved plan by its file, or the plan that a run carried out by the run's id; nothing is applied from it.

    Raises PlanFileError, RunNotFound, JournalError.
    """
    if _is_file(str(plan)):
        return documents.load_plan(Path(plan))
    return _plan_and_run(str(plan), journal, trust=True)[0]


def _is_file(name: str) -> bool:
    return Path(name).is_file() or name.endswith(".json")


def _loaded(path: Path, trust: bool) -> Plan:
    from lambda_tailor.journal.key_sources import local_source
    from lambda_tailor.journal.signing import require_signed
    from lambda_tailor.journal.vault import Vault

    plan = documents.load_plan(path)
    require_signed(plan, Vault(local_source()), trust=trust)
    return plan


def _ignored(plan: Plan) -> tuple[str, ...]:
    """What the plan's policy wants to be left out of the source."""
    said = plan.assumptions.get("write_back")
    ignore = said.get("ignore") if isinstance(said, dict) else None
    return tuple(map(str, ignore)) if isinstance(ignore, list) else ()


def _plan_and_run(run: str, journal: str | None, *, trust: bool) -> tuple[Plan, Run]:
    from lambda_tailor.applying.keys import verify_with
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.journal.key_sources import local_source
    from lambda_tailor.journal.outcomes import run_of
    from lambda_tailor.journal.vault import Vault

    with closing(open_journal(journal)) as opened:
        if not trust:
            verify_with(opened, Vault(local_source()))
        record = opened.run(run)
    if record.unverified and not trust:
        raise JournalError(
            f"What the journal says of run {record.run_id} cannot be verified: an older version or another key wrote "
            "it, or somebody changed it. Look at the diff with --trust-plan, which takes it all the same."
        )
    return record.plan, run_of(record)

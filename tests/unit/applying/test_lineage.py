"""Which later runs stand in the way of a rollback: those that came to what it would remove."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_tailor.applying import lineage
from lambda_tailor.applying.keys import prove_key
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.run import Ended, Result, Status
from tests.unit.planning.plans import the_plan


@pytest.mark.parametrize("came_to_it", [False, True])
@pytest.mark.parametrize("status", [Status.RUNNING, Status.SUCCEEDED, Status.INTERRUPTED])
def test_a_run_that_died_before_it_came_to_a_resource_does_not_rely_on_it(
    tmp_path: Path, status: Status, came_to_it: bool
) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    prove_key(journal, Vault(tmp_path / "vault.key"), trust=False)
    plan = the_plan()
    operation = plan.operations[0]
    journal.begin("run-1", plan, user="ann")
    journal.finish("run-1", Status.SUCCEEDED)
    journal.begin("run-2", plan, user="ann")
    if came_to_it:
        journal.settle("run-2", operation.id, Ended(Result.UNCHANGED, "as wanted"))
    journal.finish("run-2", status)
    relied = lineage.of(journal, "run-1").relied_on(operation, None)
    assert relied == (None if status is Status.INTERRUPTED and not came_to_it else "run-2")
    journal.close()

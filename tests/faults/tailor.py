"""One reference stack that is applied to and put back again and again, under faults."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambda_tailor.applying.runner import Runner
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target
from lambda_tailor.aws.retry import RetryPolicy
from lambda_tailor.demo.snapshot import differences
from lambda_tailor.errors import TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.run import Run, Status
from lambda_tailor.paths import journal_url, key_file
from lambda_tailor.planning import workflow
from lambda_tailor.policy.file import load_preset
from tests.integration.conftest import Aws
from tests.own_tree import environment

# Short waits: the faults are many.
QUICK = RetryPolicy(throttled_for_s=30, first_wait_s=0.01, longest_wait_s=0.1)
# Longer than the second that a look for messages takes, before a queue is removed.
CONNECTION = Connection(quota_share=1000, answer_within_s=2.0, retry=QUICK)
# A process has to begin and to plan by then, on a machine that is busy with others.
HELD_WITHIN_S = 90.0


@dataclass(slots=True)
class Tailor:
    """The stack with what it is before and what it becomes when nothing goes wrong."""

    aws: Aws
    before: Any
    after: Any = None
    log: Sequence[tuple[str, str, str, int]] = ()

    @classmethod
    def measure(cls, aws: Aws) -> Tailor:
        """Apply once without a fault, to know the outcome and its calls; then put it back."""
        tailor = cls(aws, aws.snapshot())
        aws.control.reset()
        run = tailor.apply()
        assert run is not None
        assert run.status is Status.SUCCEEDED
        tailor.log = aws.control.log()
        tailor.after = aws.snapshot()
        tailor.rollback(run.run_id)
        tailor.is_as_before()
        return tailor

    def _runner(self, journal: Journal) -> Runner:
        return Runner(connection=CONNECTION, journal=journal, vault=Vault(key_file()))

    def apply(self) -> Run | None:
        """Plan and apply; the run, or None where the error came before there was one."""
        journal = Journal(journal_url())
        known = {record.run_id for record in journal.runs()}
        try:
            request = workflow.Request(
                target=Target(suffix="dev"), policy=load_preset("reference"), connection=CONNECTION
            )
            return self._runner(journal).apply(workflow.plan(request))
        except TailorError:
            new = [record for record in journal.runs() if record.run_id not in known]
            return run_of(journal.run(new[0].run_id)) if new else None
        finally:
            journal.close()

    def resume(self, run_id: str) -> Run:
        """Finish a run."""
        journal = Journal(journal_url())
        try:
            return self._runner(journal).resume(run_id)
        finally:
            journal.close()

    def rollback(self, run_id: str) -> Run:
        """Put a run back."""
        journal = Journal(journal_url())
        try:
            return self._runner(journal).rollback(run_id)
        finally:
            journal.close()

    def newest(self) -> str | None:
        """The run that was written down last, if it is not over."""
        journal = Journal(journal_url())
        try:
            open_runs = [r for r in journal.runs() if r.status in (Status.RUNNING, Status.INTERRUPTED)]
            return open_runs[-1].run_id if open_runs else None
        finally:
            journal.close()

    def is_as_before(self) -> None:
        """Field by field as it was."""
        unlike = differences(self.before, self.aws.snapshot())
        assert unlike == [], unlike

    def is_as_after(self) -> None:
        """Field by field as an undisturbed apply leaves it."""
        unlike = differences(self.after, self.aws.snapshot())
        assert unlike == [], unlike

    def killed_at(self, call: int, when: str, *command: str, operation: str = "*") -> bool:
        """Run the command line and kill it with SIGKILL while call number ``call`` (of that operation) is held.

        False where it ended before there was such a call: what it did stays for the caller to undo.
        """
        control = self.aws.emulator.control
        control.fail(operation=operation, nth=call, when=when, kind="hang", account=self.aws.account)
        arguments = [sys.executable, "-m", "lambda_tailor", *command, "--quota-share", "1000", "-q"]
        process = subprocess.Popen(
            arguments, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        until = time.monotonic() + HELD_WITHIN_S
        while not control.held() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        held = bool(control.held())
        process.kill()
        process.wait()
        control.clear_faults()
        return held

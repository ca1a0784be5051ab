"""The commands that look at AWS or at runs: they call the library, ask, show, and catch Ctrl-C."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_tailor import api, documents, paths
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.cli.arguments import Arguments
from lambda_tailor.cli.rollout_end import exit_code
from lambda_tailor.cli.signals import ended_at_once, stopped_by_signals
from lambda_tailor.cli.waiting import told_of_silence
from lambda_tailor.errors import BadInput, NotConfirmed, TailorError
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.run import Run, Status, Verification
from lambda_tailor.planning.agreement import check_operations
from lambda_tailor.planning.options import ConnectionOptions
from lambda_tailor.report.operations import operation_lines, role_lines
from lambda_tailor.report.progress import Progress
from lambda_tailor.report.rollout import unfinished_lines
from lambda_tailor.report.rollout_live import RolloutLive
from lambda_tailor.report.terminal import Terminal
from lambda_tailor.report.texts import clean
from lambda_tailor.rules import all_rules


@dataclass(frozen=True, slots=True)
class Session:
    """What the command line asked for. Answers go to stdout; progress and complaints to stderr."""

    asked: Arguments
    terminal: Terminal

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Session:
        """A session for parsed arguments; a missing one has its default."""
        asked = Arguments(arguments)
        if asked.get("as_json") and (form := asked.get("form", "text")) not in ("text", "json"):
            raise BadInput(f"--json and --format {form} ask for two things: give one of them.")
        if asked.get("source") and asked.get("form") != "sarif":
            raise BadInput("--source says where SARIF points to: it goes with --format sarif.")
        terminal = Terminal(verbose=bool(asked.get("verbose")), quiet=bool(asked.get("quiet")), view=asked.view())
        return cls(asked, terminal)

    def _progress(self) -> Progress:
        return Progress(quiet=bool(self.asked.get("quiet")), quota_share=self.asked.connecting()["quota_share"])

    def _waiting(self) -> AbstractContextManager[None]:
        """Says so where AWS gives no answer for long."""
        return told_of_silence(self.asked.connecting()["timeout_s"])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """The same where nothing is written, so that Ctrl-C ends it at once."""
        with ended_at_once(), self._waiting():
            yield

    def plan(self, *, sign: bool = False) -> Plan:
        """A plan of what the arguments ask for; signed where it is to be kept."""
        asked = {**self.asked.choosing(), **self.asked.narrowing()}
        with self._reading(), self._progress() as progress:
            return api.plan(**asked, observer=progress, sign=sign, tell=_tell)

    def explain(self, name: str) -> Explanation:
        """Why the plan for a function is what it is: of the target that was given, or for the function alone."""
        asked = self.asked.choosing()
        with self._reading(), self._progress() as progress:
            return api.explain(name, **asked, observer=progress)

    def show_explanation(self, explanation: Explanation) -> None:
        """The explanation as JSON or for people."""
        if self.asked.as_json:
            print(documents.dumps(explanation))
        else:
            self.terminal.explanation(explanation)

    def load(self, file: str) -> Plan:
        """A saved plan."""
        return documents.load_plan(Path(file))

    def save(self, plan: Plan, file: str) -> None:
        """Save a plan, whole or not at all.

        Raises PlanFileError.
        """
        documents.write_file(file, documents.pieces(plan), "The plan")

    def report(self, shown: str, out: str, *, realized: bool = False) -> None:
        """Write a page about a saved plan, or about a run of the journal; ``realized`` measures what the run brought.

        Raises PlanFileError, or RunNotFound where there is no such run.
        """
        from lambda_tailor.report import html

        if Path(shown).is_file() or shown.endswith(".json"):
            plan, form = self.load(shown), self.asked.get("form", "html")
            _write_page(out, html.render(plan) if form == "html" else self._rendered(plan, form))
            return
        if self.asked.get("form", "html") != "html":
            raise BadInput(f"--format {self.asked.get('form')} is for a saved plan; a run's page is HTML.")
        journal = self.asked.get("journal")
        plan, run = api.plan_and_run(shown, journal=journal)
        brought = None
        if realized:
            with self._reading():
                brought = api.realized(shown, journal=journal, **self.asked.connecting())
        _write_page(out, html.render(plan, run, brought))

    def report_history(self, out: str, *, realized: bool) -> None:
        """Write a page about all runs; ``realized`` measures what each that is in effect brought."""
        from lambda_tailor.report import html

        with self._reading():
            found = api.history(measure=realized, journal=self.asked.get("journal"), **self.asked.connecting())
        _write_page(out, html.render_history(found))

    def show_plan(self, plan: Plan) -> None:
        """The plan as JSON or for people."""
        self._show_unfinished()
        if self.asked.as_json:
            _print_pieces(plan)
        elif (form := self.asked.get("form", "text")) == "text":
            self.terminal.plan(plan)
        else:
            print(self._rendered(plan, form), end="")

    def _rendered(self, plan: Plan, form: str) -> str:
        from lambda_tailor.report import csv_, markdown, sarif

        if form == "sarif":
            from lambda_tailor.cli.places import places

            get = self.asked.get
            found = places(plan, policy=get("policy_file"), source=get("source"), state=get("state"))
            return sarif.render(plan, all_rules(), places=found)
        view = self.asked.view()
        return markdown.render(plan, view=view) if form == "markdown" else csv_.render(plan, view=view)

    def _show_unfinished(self) -> None:
        """Rollouts that nobody has ended, before anything else; a journal that is not there has none."""
        from lambda_tailor.journal.unfinished import unfinished_in

        for line in unfinished_lines(unfinished_in(self.asked.get("journal") or paths.journal_url())):
            print(line, file=sys.stderr)

    def apply(self, plan: Plan, *, saved: bool, auto_approve: bool) -> int:
        """Show, ask, apply and verify; the exit code."""
        if not self.asked.as_json:
            self.terminal.plan(plan, whole=not auto_approve)
        if plan.has_changes:
            self.confirm(auto_approve, "Apply these changes?")
        with self.watched() as watched:
            run = api.apply(plan, just_made=not saved, **self.asked.trusting(), **self.asked.keeping(), **watched)
        return self.show_run(run) or (1 if plan.problems else 0)

    def examine(self, plan: Plan, *, saved: bool) -> None:
        """Refuse a plan that is not signed or does not do what it shows; tell what a yes would mean beside it."""
        trust = bool(self.asked.get("trust_plan"))
        if saved:
            from lambda_tailor.applying import opening

            opening.check_plan(plan, self._connection(), **self.asked.believing())
        _list(role_lines(plan))
        if trust:
            _list(operation_lines(plan))

    def _connection(self) -> Connection:
        return ConnectionOptions(**self.asked.connecting()).connection()

    def _list_trusted(self, plan: Plan) -> None:
        _list(role_lines(plan))
        if self.asked.get("trust_journal"):
            _list(operation_lines(plan))

    def dry_run(self, plan: Plan, *, saved: bool) -> None:
        """Show the plan and every write that it would make; tell where an apply would refuse it.

        Raises PlanFileError where it does not do what it shows.
        """
        check_operations(plan)
        if saved:
            from lambda_tailor.applying import opening

            try:
                opening.check_plan(plan, self._connection(), **self.asked.believing())
            except TailorError as refused:
                _tell(f"An apply would refuse this plan: {refused}")
        self.show_plan(plan)
        if not self.asked.as_json:
            for line in (*role_lines(plan), *operation_lines(plan)):
                print(line)

    def rollback(self, run_id: str, *, auto_approve: bool) -> int:
        """Show what would be put back, ask, put it back; the exit code."""
        from lambda_tailor.applying import opening

        kept = {"journal": self.asked.get("journal"), **self.asked.verifying()}
        _, found = opening.check_run(run_id, self._connection(), **kept, scheduler=self.asked.get("scheduler"))
        run_id = found.run_id
        if found.status is Status.ROLLED_BACK:
            told = f"{run_id} was put back already: nothing is left to put back."
            print(documents.dumps(found) if self.asked.as_json else told)
            return 0
        plan = api.rollback_plan(run_id, **kept, **self.asked.connecting())
        if self.asked.as_json:
            _list(plan.notes)
        else:
            self.terminal.plan(plan, whole=not auto_approve)
        self._list_trusted(plan)
        if plan.has_changes or found.rollouts:
            self.confirm(auto_approve, f"Put back what {run_id} changed?")
        with self.watched() as watched, self.live() as watcher:
            run = api.rollback(run_id, **self.asked.keeping(), **self.asked.verifying(), **watched, watcher=watcher)
        return exit_code(run, self.show_run(run), watcher.stops)

    def resume(self, run_id: str, *, auto_approve: bool) -> int:
        """Finish a run; the exit code."""
        from lambda_tailor.applying import opening

        kept = {"journal": self.asked.get("journal"), **self.asked.verifying()}
        plan, found = opening.check_run(run_id, self._connection(), **kept, scheduler=self.asked.get("scheduler"))
        self._list_trusted(plan)
        self.confirm(auto_approve, f"Go on with {found.run_id}?")
        with self.watched() as watched, self.live() as watcher:
            run = api.resume(found, **self.asked.keeping(), **self.asked.verifying(), **watched, watcher=watcher)
        return exit_code(run, self.show_run(run), watcher.stops)

    @contextmanager
    def watched(self) -> Iterator[dict[str, Any]]:
        """Progress, and a first Ctrl-C that stops after the calls in flight; the second stops at once.

        So do what ends a job of a build (SIGTERM) and a terminal that is closed (SIGHUP).
        """
        stop = threading.Event()
        with stopped_by_signals(stop), self._waiting(), self._progress() as progress:
            yield {"observer": progress, "stop": stop}

    def live(self) -> RolloutLive:
        """What shows rollouts as they go on."""
        return RolloutLive(quiet=bool(self.asked.get("quiet")))

    def confirm(self, auto_approve: bool, question: str) -> None:
        """Ask, unless nobody is to be asked.

        Raises NotConfirmed.
        """
        if auto_approve:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("Nobody can be asked here: give --auto-approve to write without a question.")
        print(f"\n{question} Only 'yes' is taken: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != "yes":
            raise NotConfirmed("Not confirmed: nothing was changed.")

    def show_run(self, run: Run) -> int:
        """The run as JSON or for people; 1 where it did not succeed."""
        if self.asked.as_json:
            print(documents.dumps(run))
        else:
            self.terminal.run(run)
        return 0 if run.status in (Status.SUCCEEDED, Status.ROLLED_BACK) else 1

    def verify(self) -> Verification:
        """What is deployed against the policy."""
        asked = self.asked.choosing()
        with self._reading(), self._progress() as progress:
            return api.verify(**asked, observer=progress)

    def show_verification(self, verification: Verification) -> None:
        """Expected and actual."""
        if self.asked.as_json:
            print(documents.dumps(verification))
        elif self.asked.get("form") == "junit":
            from lambda_tailor.report import junit

            print(junit.render(verification), end="")
        else:
            self.terminal.verification(verification)

    def show_runs(self, run_id: str | None) -> None:
        """All runs, or one with its outcomes."""
        journal = self.asked.get("journal")
        shown = api.run(run_id, journal=journal) if run_id else api.runs(journal=journal)
        if self.asked.as_json:
            print(documents.dumps(shown))
        elif isinstance(shown, Run):
            self.terminal.run(shown)
        else:
            self.terminal.runs(shown)

    def show_realized(self, run_id: str | None) -> int:
        """What a run brought; 1 where something got worse beyond the threshold or could not be read."""
        if run_id is None:
            raise BadInput("Which run? Give its id, or 'latest': lambda-tailor runs latest --realized.")
        brought = api.realized(
            run_id,
            lookback_days=float(self.asked.get("lookback")),
            worse_percent=float(self.asked.get("worse_percent")),
            journal=self.asked.get("journal"),
            **self.asked.connecting(),
        )
        if self.asked.as_json:
            print(documents.dumps(brought))
        else:
            self.terminal.realized(brought)
        return 1 if brought.worse or brought.problems else 0


def _write_page(out: str, page: str) -> None:
    """Write a page, whole or not at all."""
    documents.write_file(out, (page.encode(),), "The report")
    print(f"Report: {out}", file=sys.stderr)


def _print_pieces(document: Any) -> None:
    for piece in documents.pieces(document):
        sys.stdout.write(piece.decode())
    print()


def _tell(told: str) -> None:
    print(clean(told), file=sys.stderr)


def _list(lines: Iterable[str]) -> None:
    for line in lines:
        _tell(line)

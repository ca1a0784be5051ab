"""One invocation of the command line: from its arguments to calls of the workflow, and to what is shown."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_tailor import documents, paths
from lambda_tailor.applying.undo import undo_plan
from lambda_tailor.aws.inventory import SUFFIX_PREFIX
from lambda_tailor.cli.arguments import Arguments
from lambda_tailor.errors import BadInput, NotConfirmed, PlanFileError, PolicyError
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.run import Run, Runs, Status, Verification
from lambda_tailor.planning import workflow
from lambda_tailor.policy import file as policy_file
from lambda_tailor.policy.policy import policy_schema
from lambda_tailor.report.progress import Progress
from lambda_tailor.report.terminal import Terminal
from lambda_tailor.rules import all_rules

if TYPE_CHECKING:
    from lambda_tailor.applying.runner import Runner
    from lambda_tailor.journal.journal import Journal


# What ``--json`` prints, by the name that its schema is asked for with.
DOCUMENTS: Mapping[str, type[Any]] = {
    "plan": Plan, "run": Run, "runs": Runs, "verify": Verification, "realized": Realized, "explain": Explanation,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Session:
    """What the command line asked for. Answers go to stdout; progress and complaints to stderr."""

    asked: Arguments
    terminal: Terminal

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Session:
        """A session for parsed arguments; a missing one has its default."""
        terminal = Terminal(verbose=bool(arguments.get("verbose")), quiet=bool(arguments.get("quiet")))
        return cls(Arguments(arguments), terminal)

    def _progress(self) -> Progress:
        return Progress(quiet=bool(self.asked.get("quiet")), quota_share=self.asked.connection().quota_share)

    def plan(self) -> Plan:
        """A plan of what the arguments ask for."""
        request = self.asked.request()
        with self._progress() as progress:
            return workflow.plan(request, progress)

    def explain(self, name: str) -> Explanation:
        """Why the plan for a function is what it is: of the target that was given, or for the function alone."""
        chosen = any(self.asked.get(key) for key in ("names", "tags", "name_pattern", "everything"))
        suffix = self.asked.get("suffix")
        alone = not chosen and name != f"{SUFFIX_PREFIX}{suffix}"
        session = replace(self, asked=Arguments({**self.asked.given, "names": (name,)})) if alone else self
        with self._progress() as progress:
            return workflow.explanation(session.asked.request(), name, progress)

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
        _write(file, documents.pieces(plan), "The plan")

    def report(self, shown: str, out: str) -> None:
        """Write a page about a saved plan, or about a run of the journal.

        Raises PlanFileError, or RunNotFound where there is no such run.
        """
        if Path(shown).is_file() or shown.endswith(".json"):
            self.write_report(self.load(shown), None, out)
            return
        with closing(self._journal()) as journal:
            record = journal.run(shown)
        self.write_report(record.plan, run_of(record), out)

    def write_report(self, plan: Plan, run: Run | None, out: str) -> None:
        """Write the page, whole or not at all."""
        from lambda_tailor.report import html

        _write(out, (html.render(plan, run).encode(),), "The report")
        print(f"Report: {out}", file=sys.stderr)

    def show_plan(self, plan: Plan) -> None:
        """The plan as JSON or for people."""
        if self.asked.as_json:
            _print_pieces(plan)
        elif (form := self.asked.get("form", "text")) == "text":
            self.terminal.plan(plan)
        else:
            print(_rendered(plan, form), end="")

    def apply(self, plan: Plan, *, saved: bool, auto_approve: bool) -> int:
        """Show, ask, apply and verify; the exit code."""
        if not self.asked.as_json:
            self.terminal.plan(plan)
        if plan.has_changes:
            self._confirm(auto_approve, "Apply these changes?")
        with self.runner() as runner:
            run = runner.apply_saved(plan) if saved else runner.apply(plan)
        return self._show_run(run) or (1 if plan.problems else 0)

    def rollback(self, run_id: str, *, auto_approve: bool) -> int:
        """Show what would be put back, ask, put it back; the exit code."""
        with self.runner() as runner:
            record = runner.journal.run(run_id)
            plan = undo_plan(record, record.started_at)
            if not self.asked.as_json:
                self.terminal.plan(plan)
            if plan.has_changes:
                self._confirm(auto_approve, f"Put back what {record.run_id} changed?")
            return self._show_run(runner.rollback(record.run_id))

    def resume(self, run_id: str, *, auto_approve: bool) -> int:
        """Finish a run; the exit code."""
        with self.runner() as runner:
            record = runner.journal.run(run_id)
            self._confirm(auto_approve, f"Go on with {record.run_id}?")
            return self._show_run(runner.resume(record.run_id))

    def _journal(self) -> Journal:
        # A plan needs no database, and SQLAlchemy is slow to import.
        from lambda_tailor.journal.journal import Journal

        return Journal(self.asked.get("journal") or paths.journal_url())

    @contextmanager
    def runner(self, *, interruptible: bool = True) -> Iterator[Runner]:
        """A runner whose first Ctrl-C stops after the calls in flight, and whose second stops at once.

        Not ``interruptible``, Ctrl-C is left to whoever calls.
        """
        from lambda_tailor.applying.runner import Runner, check_journal_for
        from lambda_tailor.journal.vault import Vault

        scheduler = self.asked.get("scheduler")
        check_journal_for(scheduler, self.asked.get("journal") or paths.journal_url())
        stop = threading.Event()
        journal = self._journal()
        before = signal.signal(signal.SIGINT, _interrupter(stop)) if interruptible and _in_main_thread() else None
        try:
            with self._progress() as progress:
                yield Runner(
                    connection=self.asked.connection(),
                    journal=journal,
                    vault=Vault(paths.key_file()),
                    observer=progress,
                    stop=stop,
                    scheduler=scheduler,
                )
        finally:
            journal.close()
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _confirm(self, auto_approve: bool, question: str) -> None:
        if auto_approve:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("Nobody can be asked here: give --auto-approve to write without a question.")
        print(f"\n{question} Only 'yes' is taken: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != "yes":
            raise NotConfirmed("Not confirmed: nothing was changed.")

    def _show_run(self, run: Run) -> int:
        if self.asked.as_json:
            print(documents.dumps(run))
        else:
            self.terminal.run(run)
        return 0 if run.status in (Status.SUCCEEDED, Status.ROLLED_BACK) else 1

    def verify(self) -> Verification:
        """What is deployed against the policy."""
        request = self.asked.request()
        with self._progress() as progress:
            return workflow.verification(request, progress)

    def show_verification(self, verification: Verification) -> None:
        """Expected and actual."""
        if self.asked.as_json:
            print(documents.dumps(verification))
        elif self.asked.get("form") == "junit":
            from lambda_tailor.report import junit

            print(junit.render(verification), end="")
        else:
            self.terminal.verification(verification)

    def run(self, run_id: str) -> Run:
        """A run of the journal with its outcomes.

        Raises RunNotFound where there is none of that id.
        """
        with closing(self._journal()) as journal:
            return run_of(journal.run(run_id))

    def runs(self) -> Runs:
        """All runs of the journal, oldest first."""
        with closing(self._journal()) as journal:
            return Runs(runs=tuple(journal.runs()))

    def show_runs(self, run_id: str | None) -> None:
        """All runs, or one with its outcomes."""
        shown = self.run(run_id) if run_id else self.runs()
        if self.asked.as_json:
            print(documents.dumps(shown))
        elif isinstance(shown, Run):
            self.terminal.run(shown)
        else:
            self.terminal.runs(shown)

    def show_realized(self, run_id: str | None) -> int:
        """What a run brought; 1 where something got worse beyond the threshold or could not be read."""
        from lambda_tailor.review.realized import realized

        if run_id is None:
            raise BadInput("Which run? Give its id, or 'latest': lambda-tailor runs latest --realized.")
        with closing(self._journal()) as journal:
            record = journal.run(run_id)
        brought = realized(
            record,
            self.asked.connection(),
            lookback_days=float(self.asked.get("lookback")),
            worse_percent=float(self.asked.get("worse_percent")),
        )
        if self.asked.as_json:
            print(documents.dumps(brought))
        else:
            self.terminal.realized(brought)
        return 1 if brought.worse or brought.problems else 0

    def refresh_prices(self) -> None:
        """Write the Price List's prices into the user's price file.

        Raises BadInput where no region is known or the file cannot be written, and what AWS refuses.
        """
        from lambda_tailor.aws.price_list import PRICE_LIST_REGION, price_client, refresh
        from lambda_tailor.money.prices import refreshed_path

        client, own_region = price_client(self.asked.connection())
        regions = tuple(self.asked.get("regions", ())) or ((own_region,) if own_region else ())
        if not regions:
            raise BadInput(f"No region is known: give --region, such as {PRICE_LIST_REGION}.")
        summary = refresh(client, regions, refreshed_path())
        self.terminal.prices(summary.path, summary.prices, summary.missing)

    def show_iam_policy(self, *, writes: bool) -> None:
        """The least-privilege IAM policy document; the whole account's where no target is given.

        With roles it is what assuming them takes: what they do there is printed without them.
        """
        import json

        from lambda_tailor.aws.permissions import reaching_actions, read_actions
        from lambda_tailor.iam.permission import Action
        from lambda_tailor.planning.least_privilege import Coverage, Wanted, document, entrance

        selection = self.asked.selection()
        if selection.elsewhere:
            roles = selection.roles() or (f"arn:*:iam::*:role/{selection.organization_role}",)
            print(json.dumps(entrance(reaching_actions(selection), roles), indent=2))
            return
        if not any(self.asked.get(name) for name in ("suffix", "names", "name_pattern", "tags", "everything")):
            replace(self, asked=Arguments({**self.asked.given, "everything": True})).show_iam_policy(writes=writes)
            return
        target, evidence = self.asked.target(), self.asked.evidence()

        def reads(wanted: Wanted) -> frozenset[Action]:
            asked = replace(evidence, readings=frozenset(wanted.readings))
            return read_actions(wanted.lookups, asked, listed=not target.named, all_regions=selection.all_regions)

        names = target.named or (target.pattern or "*",)
        regions = tuple(dict.fromkeys(self.asked.get("regions") or ("*",)))
        coverage = Coverage(suffix=target.suffix, names=names, account=self.asked.get("account", "*"), regions=regions)
        print(json.dumps(document(self.asked.policy(), coverage, reads, writes=writes), indent=2))

    def show_rules(self, rule_id: str | None) -> None:
        """The catalogue, or one rule.

        Raises BadInput where there is none of that id.
        """
        if rule_id is not None and rule_id not in all_rules():
            raise BadInput(f"There is no rule {rule_id!r}: see 'lambda-tailor rules'.")
        chosen = [rule for rule in all_rules().values() if rule_id in (None, rule.id)]
        if self.asked.as_json:
            import json

            print(json.dumps([_rule_document(rule) for rule in chosen], indent=2))
        else:
            self.terminal.rules(chosen, whole=rule_id is not None)

    def show_schema(self, document: str) -> None:
        """A document's JSON Schema."""
        import json

        wanted = policy_schema() if document == "policy" else documents.schema(DOCUMENTS[document])
        print(json.dumps(wanted, indent=2))

    def init_policy(self, preset: str, out: str | None, *, force: bool) -> None:
        """Write a preset out as a commented policy file, with the schema for editors beside it; or print it.

        Raises BadInput where that would overwrite something else, PolicyError where there is no such
        preset, and PlanFileError where nothing can be written there.
        """
        from lambda_tailor.policy import template as policy_template

        text = policy_template.policy_text(policy_file.load_preset(preset))
        if out is None:
            print(text, end="")
            return
        written = {
            Path(out): text,
            Path(out).with_name(policy_template.SCHEMA_FILE): policy_template.schema_text(policy_schema()),
        }
        for path, content in written.items():
            if not force and path.exists() and path.read_bytes() != content.encode():
                raise BadInput(f"{path} is there already: give --force to overwrite it, or another --out.")
        for path, content in written.items():
            _write(str(path), (content.encode(),), "The policy")
            print(f"Written: {path}", file=sys.stderr)

    def check_policy(self, file: str) -> int:
        """Say that a policy file is well formed and which of its exceptions are over, or all that is wrong; the code.

        Raises PolicyError where it cannot be read at all.
        """
        if complaints := policy_file.complaints_about(Path(file)):
            print("\n".join(complaints), file=sys.stderr)
            return PolicyError.exit_code
        policy = policy_file.load_policy(Path(file))
        print(f"{file} is well formed: {', '.join(policy.enabled) or 'no rules'}.")
        for match, origin in policy.ended:
            print(f"{origin}: the exception for {match} ended on {match.until} and holds no more ({match.because}).")
        return 0


def _rendered(plan: Plan, form: str) -> str:
    from lambda_tailor.report import csv_, markdown, sarif

    if form == "sarif":
        return sarif.render(plan, all_rules())
    return markdown.render(plan) if form == "markdown" else csv_.render(plan)


def _print_pieces(document: Any) -> None:
    for piece in documents.pieces(document):
        sys.stdout.write(piece.decode())
    print()


def _write(file: str, pieces: Iterable[bytes], what: str) -> None:
    """A file, whole or not at all.

    Raises PlanFileError.
    """
    temporary = Path(f"{file}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as out:
            out.writelines(pieces)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PlanFileError(f"{what} cannot be saved as {file}: {error.strerror}.") from error


def _rule_document(rule: Any) -> dict[str, Any]:
    options = rule.options.model_json_schema().get("properties", {})
    return {"id": rule.id, "title": rule.title, "why": rule.why, "source": rule.source, "options": options}


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupter(stop: threading.Event) -> Any:
    def handle(_signal: int, _frame: Any) -> None:
        if stop.is_set():
            # Every write is journalled before it is sent, so that stopping at once is safe.
            os._exit(130)
        print("\nStopping after the calls in flight; once more to stop at once.", file=sys.stderr)
        stop.set()

    return handle

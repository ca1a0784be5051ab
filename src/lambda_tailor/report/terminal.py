"""What people read in a terminal: the plan, the run, the verification. Works without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lambda_tailor.model.evidence import Measured
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.realized import Realized, RealizedFunction
from lambda_tailor.model.run import Run, Runs, Verification
from lambda_tailor.report.explanation import WIDTH, lines
from lambda_tailor.report.sentences import plan_total
from lambda_tailor.report.terminal_plan import PlanText
from lambda_tailor.report.terminal_run import write_run, write_runs, write_verification
from lambda_tailor.report.texts import count, place, usd, usd_range
from lambda_tailor.report.view import DEFAULT, View
from lambda_tailor.report.writer import Writer
from lambda_tailor.review.comparison import error_rate
from lambda_tailor.rules.rule import AnyRule


class Terminal:
    """Writes to stdout. ``verbose`` adds evidence and what is as it should be; ``quiet`` leaves all but totals out.

    Lines are wrapped on a terminal only: in a pipe, one line stays one line.
    """

    def __init__(
        self, *, verbose: bool = False, quiet: bool = False, console: Console | None = None, view: View = DEFAULT
    ) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._view = view
        self._to = Writer(console)
        self._width = self._to.width
        self._line = self._to.line

    def plan(self, plan: Plan, *, whole: bool = False) -> None:
        """A plan: what, how much, how safe, the groups, and what matters most; quiet, the totals.

        ``whole`` is for whoever is asked to agree to it: then quiet shows it too.
        """
        if not self._quiet or whole:
            PlanText(plan, self._to, self._view, verbose=self._verbose).write()
            return
        for problem in plan.problems:
            self._line(f"! {place(problem)}: {problem.because}", "bold red")
        self._line(plan_total(plan), "bold")

    def explanation(self, explanation: Explanation) -> None:
        """Why a function's plan is what it is. Always wrapped: it is prose, and no program reads it."""
        width = min(self._width or WIDTH, 100)
        for style, line in lines(explanation, width, verbose=self._verbose):
            self._to.console.print(Text(line, style=style), soft_wrap=True)

    def run(self, run: Run) -> None:
        """A run: what it changed, its counts, what failed and what to type next."""
        write_run(run, self._to, verbose=self._verbose, quiet=self._quiet)

    def runs(self, runs: Runs) -> None:
        """One line for each run."""
        write_runs(runs, self._to)

    def realized(self, realized: Realized) -> None:
        """What a run brought, function by function, and what to do where something got worse."""
        hours = f"{realized.window_hours:,.3g} hours"
        self._line(f"{realized.run_id}: {hours} before it against {hours} after it", "bold")
        for f in realized.functions:
            self._line(f"  {f.function} ({f.account_id}, {f.region})", "bold")
            for name in ("duration_p50", "duration_p95"):
                had, has = getattr(f.before, name), getattr(f.after, name)
                if isinstance(had, Measured) and isinstance(has, Measured):
                    self._line(f"    {name[9:]} duration: {had.value:,.0f} ms -> {has.value:,.0f} ms")
            if f.per_million_usd is not None:
                had_usd, has_usd = map(usd, f.per_million_usd)
                self._line(f"    a million invocations: {had_usd} -> {has_usd}")
            rates = error_rate(f.before), error_rate(f.after)
            if rates[0] is not None and rates[1] is not None:
                self._line(f"    errors: {rates[0]:.2f} % -> {rates[1]:.2f} %")
            self._promise(f)
            for said in f.worse:
                self._line(f"    WORSE   {said}", "bold red")
        for problem in realized.problems:
            self._line(f"  not read: {problem}", "red")
        self._line()
        if realized.worse:
            run = realized.run_id
            self._line(f"Worse by more than {realized.worse_percent:g} %: 'lambda-tailor rollback {run}' puts it back.")
        else:
            self._line(f"Nothing got worse by more than {realized.worse_percent:g} %.", "bold")

    def _promise(self, f: RealizedFunction) -> None:
        if f.held is None or f.saved_usd is None or f.promised_usd is None:
            self._line(f"    not known: {f.because}", "yellow")
            return
        kept = "the promise held" if f.held else f"the promise did NOT hold: {f.because}"
        promised = usd_range(f.promised_usd)
        interval = f" ({usd_range(f.saved_interval_usd)})" if f.saved_interval_usd is not None else ""
        self._line(f"    saves {usd(f.saved_usd)}{interval} a month at today's load, promised {promised}: {kept}")

    def prices(self, path: Path, written: int, missing: Mapping[str, Sequence[str]]) -> None:
        """What a refresh of the prices wrote and did not find."""
        self._line(f"{count(written, 'price')} written to {path}.")
        for region, names in missing.items():
            self._line(
                f"  {region}: the Price List has no one clear price of {', '.join(names)}: the packaged ones stay"
            )

    def verification(self, verification: Verification) -> None:
        """How many functions are as the policy wants, and each setting that is not."""
        write_verification(verification, self._to, verbose=self._verbose)

    def rules(self, rules: Sequence[AnyRule], *, whole: bool) -> None:
        """The catalogue; ``whole`` adds the options."""
        for rule in rules:
            self._line(f"{rule.id}: {rule.title}", "bold")
            self._line(f"    {rule.why}")
            self._line(f"    {rule.source}", "dim")
            if whole:
                for name, option in rule.options.model_fields.items():
                    default = option.get_default(call_default_factory=True)
                    self._line(f"    {name} (default {default}): {option.description}")

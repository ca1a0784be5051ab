"""What people read in a terminal: the plan, the run, the verification. Works without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from lambda_tailor.model.plan import Change, Plan, PlannedFunction
from lambda_tailor.model.run import CheckedSetting, Outcome, Result, Run, Runs, Status, Verification
from lambda_tailor.report.texts import clean, count, usd, usd_range, value, worth
from lambda_tailor.rule import AnyRule

_STYLE = {
    Result.APPLIED: "green", Result.ROLLED_BACK: "green", Result.UNCHANGED: "dim", Result.BLOCKED: "yellow",
    Result.FAILED: "bold red",
}  # fmt: skip


class Terminal:
    """Writes to stdout. ``verbose`` adds evidence and what is as it should be."""

    def __init__(self, *, verbose: bool = False, console: Console | None = None) -> None:
        self._verbose = verbose
        self._console = console or Console(highlight=False, soft_wrap=True)

    def _line(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(clean(text), style=style))

    def plan(self, plan: Plan) -> None:
        """A plan, function by function, with the totals on the last line."""
        for (account, region), functions in groupby(plan.functions, key=lambda f: (f.account_id, f.region)):
            self._line(f"Account {account}, {region}", "bold")
            for function in functions:
                self._function(function)
        for problem in plan.problems:
            self._line(f"! {problem.subject}: {problem.because}", "bold red")
        self._assumptions(plan)
        self._line()
        self._line(plan_total(plan), "bold")

    def _function(self, function: PlannedFunction) -> None:
        shown = bool(function.changes or function.notes or self._verbose)
        if not shown:
            return
        self._line()
        self._line(f"  {function.name}", "bold")
        for note in function.notes:
            self._line(f"    note: {note}", "yellow")
        for change in function.changes:
            self._change(change)
        if self._verbose:
            for kept in function.kept:
                self._line(f"    = {kept.rule}: {value(kept.setting, kept.value)} ({kept.because})", "dim")

    def _change(self, change: Change) -> None:
        before, after = value(change.setting, change.before), value(change.setting, change.after)
        if change.kind == "finding":
            self._line(f"    i {change.rule}: {change.reason}", "cyan")
        elif change.blocked is not None:
            self._line(f"    x {change.setting}: {before} -> {after}", "yellow")
            self._line(f"        blocked: {change.blocked}", "yellow")
        else:
            mark, style = ("+", "green") if change.before is None else ("~", "")
            if change.after is None or change.after == []:
                mark, style = "-", "red"
            self._line(f"    {mark} {change.setting}: {before} -> {after}", style)
            money = worth(change.monthly_usd)
            told = [change.reason, f"risk {change.risk.value}", f"{money} a month" if money else ""]
            self._line("        " + "; ".join(filter(None, told)), "dim")
        if self._verbose:
            for quote in change.evidence:
                where = f"{quote.source}, {quote.window_days:g} days, {count(quote.samples, 'sample')}"
                self._line(f"        evidence: {quote.name} {quote.value:g} {quote.unit} ({where})", "dim")

    def _assumptions(self, plan: Plan) -> None:
        assumed = plan.assumptions
        if not assumed or not any(c.monthly_usd.high for _, c in plan.pending()):
            return
        self._line()
        for line in assumption_lines(plan):
            self._line(line, "dim")

    def run(self, run: Run) -> None:
        """A run, outcome by outcome, with the counts on the last line."""
        self._line()
        for (account, region, function), outcomes in groupby(run.outcomes, key=_where):
            self._line(f"  {function} ({account}, {region})", "bold")
            for outcome in outcomes:
                self._outcome(outcome)
        s = run.summary
        self._line()
        counts = f"{s.applied} applied, {s.unchanged} unchanged, {s.blocked} blocked, {s.failed} failed"
        rolled = f", {s.rolled_back} rolled back" if run.of_run else ""
        good = s.applied + s.unchanged + s.rolled_back
        self._line(f"Successes: {good}, failures: {s.failed}")
        self._line(f"Run {run.run_id}: {run.status.value}. {counts}{rolled}.", "bold")
        if run.status is Status.INTERRUPTED:
            self._line(f"Go on with:  lambda-tailor resume {run.run_id}")
        if run.of_run is None and (s.applied or run.status is Status.INTERRUPTED):
            self._line(f"Undo with:   lambda-tailor rollback {run.run_id}")

    def _outcome(self, outcome: Outcome) -> None:
        before, after = value(outcome.setting, outcome.before), value(outcome.setting, outcome.after)
        detail = f" ({outcome.detail})" if outcome.detail else ""
        line = f"    {outcome.outcome.value:<11} {outcome.setting}: {before} -> {after}{detail}"
        self._line(line, _STYLE[outcome.outcome])

    def runs(self, runs: Runs) -> None:
        """One line for each run."""
        if not runs.runs:
            self._line("No run yet.")
        for run in runs.runs:
            s = run.summary
            undoes = f" undoes {run.of_run}" if run.of_run else ""
            counts = (
                f"{s.applied + s.rolled_back} done, {s.unchanged} unchanged, {s.blocked} blocked, {s.failed} failed"
            )
            self._line(f"{run.run_id}  {run.started_at}  {run.status.value:<11}  {counts}  {run.user}{undoes}")

    def verification(self, verification: Verification) -> None:
        """Expected and actual, differing ones first to the eye."""
        for (account, region, function), settings in groupby(verification.settings, key=_where):
            self._line(f"  {function} ({account}, {region})", "bold")
            for s in settings:
                expected, actual = value(s.setting, s.expected), value(s.setting, s.actual)
                if s.matches:
                    self._line(f"    ok      {s.setting}: {actual}", "green")
                else:
                    detail = f" ({s.detail})" if s.detail else ""
                    self._line(f"    DIFFERS {s.setting}: expected {expected}, actual {actual}{detail}", "bold red")
        total = verification.summary
        unread = f" {count(total.unverified, 'target')} could not be read." if total.unverified else ""
        self._line()
        self._line(f"{total.matching} of {count(total.settings, 'setting')} match.{unread}", "bold")

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


def _where(item: Outcome | CheckedSetting) -> tuple[str, str, str]:
    return item.account_id, item.region, item.function


def plan_total(plan: Plan) -> str:
    """The one line that says what a plan comes to."""
    s = plan.summary
    parts = [count(s.functions, "function"), f"{s.changes} to change", f"{s.blocked} blocked"]
    if s.findings:
        parts.append(count(s.findings, "finding"))
    parts.append(f"saves {usd_range(s.monthly_saving_usd)} a month")
    if s.monthly_added_usd:
        parts.append(f"adds {usd(s.monthly_added_usd)}")
    return f"Plan: {', '.join(parts)}."


def assumption_lines(plan: Plan) -> list[str]:
    """What the money rests on, a sentence a line."""
    assumed = plan.assumptions
    lines = ["Assumptions:"]
    invocations, duration = assumed.get("invocations_per_month"), assumed.get("duration_ms")
    if isinstance(invocations, int):
        lines.append(f"  - where no load was measured: {invocations:,} invocations a month of {duration} ms each")
    lines.append("  - low: the function is bound by CPU and slows down with less memory; high: it is not")
    free = "counted" if assumed.get("free_tier") else "not counted"
    lines.append(f"  - on-demand prices of the region; the free tier is {free}")
    return lines

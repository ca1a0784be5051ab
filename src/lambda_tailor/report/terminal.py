"""What people read in a terminal: the plan, the run, the verification. Works without colour and in a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lambda_tailor.model.evidence import Measured
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Change, Estimate, Plan, PlannedFunction, PlanSummary
from lambda_tailor.model.realized import Realized, RealizedFunction
from lambda_tailor.model.run import CheckedSetting, Outcome, Result, Run, Runs, Status, Verification
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning.planner import summarize
from lambda_tailor.report.explanation import WIDTH, lines
from lambda_tailor.report.texts import clean, count, duration, fine_usd, place, usd, usd_range, value, worth
from lambda_tailor.review.comparison import error_rate
from lambda_tailor.rules.rule import AnyRule

_STYLE = {
    Result.APPLIED: "green", Result.ROLLED_BACK: "green", Result.UNCHANGED: "dim", Result.BLOCKED: "yellow",
    Result.FAILED: "bold red",
}  # fmt: skip
_RISK = {Risk.NONE: "dim", Risk.LOW: "green", Risk.MEDIUM: "yellow", Risk.HIGH: "bold red"}
_LEAST_WIDTH = 40
# Shorter than that, nobody needs to be told how long it takes. Seconds.
WORTH_SAYING_S = 10
_LANES = {
    "lambda": "changes of functions", "cloudwatch:PutMetricAlarm": "alarms", "logs:PutRetentionPolicy": "log groups",
}  # fmt: skip
_MONEY = 32  # the width of "saves $100.83 to $161.46 a month", so that risks stand under each other


class Terminal:
    """Writes to stdout. ``verbose`` adds evidence and what is as it should be; ``quiet`` leaves all but totals out.

    Lines are wrapped on a terminal only: in a pipe, one line stays one line.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False, console: Console | None = None) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._width = max(self._console.width, _LEAST_WIDTH) if self._console.is_terminal else None

    def _line(self, text: str = "", style: str = "") -> None:
        for line in self._wrapped(clean(text)):
            self._console.print(Text(line, style=style), soft_wrap=True)

    def _wrapped(self, text: str) -> list[str]:
        if self._width is None or len(text) <= self._width:
            return [text]
        indent = " " * (len(text) - len(text.lstrip()))
        lines = textwrap.wrap(
            text.lstrip(), self._width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
        )
        return lines or [""]

    def plan(self, plan: Plan) -> None:
        """A plan, function by function, with the totals on the last line."""
        sites = [(site, list(each)) for site, each in groupby(plan.functions, key=lambda f: (f.account_id, f.region))]
        for n, ((account, region), functions) in enumerate([] if self._quiet else sites):
            if n:
                self._line()
            self._line(f"Account {account}, {region}", "bold")
            if len(sites) > 1:
                self._line(f"  {total_of(summarize(functions))}", "dim")
            for function in functions:
                self._function(function)
        for problem in plan.problems:
            self._line(f"! {place(problem)}: {problem.because}", "bold red")
        if not self._quiet:
            self._assumptions(plan)
            if plan.estimate is not None and plan.estimate.seconds >= WORTH_SAYING_S:
                self._line(estimate_text(plan.estimate))
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
            self._step(change, f"{change.setting}: {before} -> {after}")
        if self._verbose:
            for quote in change.evidence:
                where = f"{quote.source}, {quote.window_days:g} days, {count(quote.samples, 'sample')}"
                self._line(f"        evidence: {quote.name} {quote.value:g} {quote.unit} ({where})", "dim")

    def _step(self, change: Change, step: str) -> None:
        """What is done, why, at what risk, and what it is worth: at the right edge where there is room."""
        mark, style = ("+", "green") if change.before is None else ("~", "")
        if change.after is None or change.after == []:
            mark, style = "-", "red"
        head, reason = clean(f"    {mark} {step}"), clean(change.reason)
        money = f"{paid} a month" if (paid := worth(change.monthly_usd)) else ""
        risk = f"risk {change.risk.value}"
        edge = f"{risk:<11}  {money:>{_MONEY}}" if money else risk
        room = (self._width or 0) - len(edge) - 2
        if room < len(head):
            self._line(head, style)
            self._beside(f"        {reason}", "dim", edge, change.risk, "; ".join(filter(None, (risk, money))))
            return
        both = f"{head}  ({reason})"
        fits = bool(reason) and len(both) <= room
        self._beside(head, style, edge, change.risk, "", f"  ({reason})" if fits else "")
        if reason and not fits:
            self._line(f"        {reason}", "dim")

    def _beside(self, left: str, style: str, edge: str, risk: Risk, otherwise: str, more: str = "") -> None:
        """``edge`` at the right edge of the line, or ``otherwise`` behind it where the line has no room."""
        room = (self._width or 0) - len(left) - len(more) - len(edge)
        if room < 2:
            for wrapped in self._wrapped(f"{left}; {otherwise}" if left.strip() else f"{left}{otherwise}"):
                self._risky(Text(wrapped, style=style), risk)
            return
        line = Text(left, style=style).append(more, style="dim").append(" " * room)
        self._risky(line.append(edge, style="yellow" if "adds" in edge else ""), risk)

    def _risky(self, line: Text, risk: Risk) -> None:
        line.highlight_words([f"risk {risk.value}"], _RISK[risk])
        self._console.print(line, soft_wrap=True)

    def _assumptions(self, plan: Plan) -> None:
        assumed = plan.assumptions
        if not assumed or not any(c.monthly_usd.high for _, c in plan.pending()):
            return
        self._line()
        for line in assumption_lines(plan):
            self._line(line, "dim")

    def explanation(self, explanation: Explanation) -> None:
        """Why a function's plan is what it is. Always wrapped: it is prose, and no program reads it."""
        width = min(self._width or WIDTH, 100)
        for style, line in lines(explanation, width, verbose=self._verbose):
            self._console.print(Text(line, style=style), soft_wrap=True)

    def run(self, run: Run) -> None:
        """A run, outcome by outcome, with the counts on the last line."""
        self._line()
        for (account, region, function), outcomes in groupby(run.outcomes, key=_where):
            shown = [o for o in outcomes if not self._quiet or o.outcome is Result.FAILED]
            if shown:
                self._line(f"  {function} ({account}, {region})", "bold")
            for outcome in shown:
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
        self._line(f"    saves {usd(f.saved_usd)} a month at today's load, promised {promised}: {kept}")

    def prices(self, path: Path, written: int, missing: Mapping[str, Sequence[str]]) -> None:
        """What a refresh of the prices wrote and did not find."""
        self._line(f"{count(written, 'price')} written to {path}.")
        for region, names in missing.items():
            self._line(
                f"  {region}: the Price List has no one clear price of {', '.join(names)}: the packaged ones stay"
            )

    def verification(self, verification: Verification) -> None:
        """Expected and actual, differing ones first to the eye."""
        for (account, region, function), settings in groupby(verification.settings, key=_where):
            shown = [s for s in settings if not self._quiet or not s.matches]
            if shown:
                self._line(f"  {function} ({account}, {region})", "bold")
            for s in shown:
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
    return f"Plan: {total_of(plan.summary)}."


def total_of(s: PlanSummary) -> str:
    """A summary in words."""
    parts = [count(s.functions, "function"), f"{s.changes} to change", f"{s.blocked} blocked"]
    if s.findings:
        parts.append(count(s.findings, "finding"))
    parts.append(f"saves {usd_range(s.monthly_saving_usd)} a month")
    if s.monthly_added_usd:
        parts.append(f"adds {usd(s.monthly_added_usd)}")
    return ", ".join(parts)


def estimate_text(estimate: Estimate) -> str:
    """How long applying takes, and which of AWS's request quotas makes it so."""
    what = _LANES.get(estimate.lane, estimate.lane)
    where = f"{estimate.account_id}, {estimate.region}"
    pace = f"{estimate.calls:,} {what} at {estimate.per_second:g} a second in {where}"
    return f"To apply: about {duration(estimate.seconds)}, bound by AWS's request quotas ({pace})."


def assumption_lines(plan: Plan) -> list[str]:
    """What the money rests on, a sentence a line."""
    assumed = plan.assumptions
    lines = ["Assumptions:"]
    invocations, duration_ms = assumed.get("invocations_per_month"), assumed.get("duration_ms")
    if isinstance(invocations, int):
        lines.append(f"  - where no load was measured: {invocations:,} invocations a month of {duration_ms} ms each")
    lines.append("  - low: the function is bound by CPU and slows down with less memory; high: it is not")
    free = "counted" if assumed.get("free_tier") else "not counted"
    lines.append(f"  - on-demand prices of the region; the free tier is {free}")
    prices = assumed.get("prices")
    lines += [f"  - {note}" for note in (prices if isinstance(prices, Sequence) else ())]
    return lines + _evidence_lines(plan)


def _evidence_lines(plan: Plan) -> list[str]:
    """What reading the evidence cost, and what of it could not be read."""
    evidence = plan.assumptions.get("evidence")
    if not isinstance(evidence, Mapping):
        return []
    charged = fine_usd(Decimal(str(evidence["usd"])))
    lines = [f"  - evidence: {evidence['metrics']:,} metrics asked, {charged} charged by AWS"]
    not_read = evidence["not_read"]
    return lines + [f"  - not read: {because}" for because in (not_read if isinstance(not_read, Sequence) else ())]

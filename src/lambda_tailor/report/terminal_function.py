"""One function of a plan in the terminal, with every change."""

from __future__ import annotations

from decimal import Decimal

from lambda_tailor.model.plan import Change, MonthlyUsd, PlannedFunction
from lambda_tailor.report.figures import NOTHING, net_of
from lambda_tailor.report.sentences import step_of
from lambda_tailor.report.texts import brief_range, brief_worth, count, exact_worth, value
from lambda_tailor.report.writer import RISK_WORD, Writer

LABEL = 24
# Beside what costs less a month, a share of it says nothing.
_WORTH_A_SHARE = Decimal(1)


class FunctionText:
    """Writes one function with every change."""

    def __init__(
        self, function: PlannedFunction, writer: Writer, places: set[tuple[str, str]], *, verbose: bool
    ) -> None:
        self._f, self._to, self._places, self._verbose = function, writer, places, verbose

    def write(self) -> None:
        """The function's name with its money, its notes, and its changes."""
        f, to = self._f, self._to
        to.line()
        where = f" ({f.account_id}, {f.region})" if self._places else ""
        to.edges(f"{f.name}{where}", _money(f), "bold")
        label = min(max((len(label_of(c)) for c in f.changes), default=0), LABEL)
        for change in f.changes:
            self._change(change, label)
        for note in f.notes:
            to.line(f"  note: {note}")
        if self._verbose:
            for kept in f.kept:
                to.line(f"  = {kept.rule}: {value(kept.setting, kept.value)} ({kept.because})", "dim")

    def _change(self, change: Change, label: int) -> None:
        name = label_of(change)
        if change.kind == "finding":
            self._to.line(f"  i {name:<{label}}  {change.reason}")
        elif change.blocked is not None:
            self._to.edges(f"  x {name:<{label}}  {step_of(change)}", kept_money(change.monthly_usd) or "blocked")
            self._to.line(f"      blocked: {change.blocked}")
        else:
            worth = exact_worth(change.monthly_usd)
            small = " assumed" if change.assumed and worth else "" if change.counted else " (reaches no traffic)"
            edge = f" {RISK_WORD[change.risk]:<6} {worth + small:>22}"
            step = step_of(change)
            left = f"  {mark_of(change)} {name:<{label}}  {step}"
            self._to.edges(left, edge if worth else edge.rstrip().ljust(30), risk=change.risk)
            if change.reason:
                self._to.line(f"      {change.reason}", "dim")
        if self._verbose:
            for quote in change.evidence:
                where = f"{quote.source}, {quote.window_days:g} days, {count(quote.samples, 'sample')}"
                self._to.line(f"      evidence: {quote.name} {quote.value:g} {quote.unit} ({where})", "dim")


def label_of(change: Change) -> str:
    """What a change is called: its rule, and its setting where the rule has several."""
    if change.setting.replace("_", "-").startswith(change.rule) or change.rule not in ("alarms", "environment"):
        more = change.setting.partition(".")[2]
        return f"{change.rule} {more}".rstrip()
    return change.setting.replace("_", " ")


def mark_of(change: Change) -> str:
    """``+`` where something is added, ``-`` where it is removed, ``~`` where it changes."""
    if change.after is None or change.after == []:
        return "-"
    return "+" if change.before in (None, []) else "~"


def _money(function: PlannedFunction) -> str:
    net = net_of(function)
    if net == NOTHING:
        return ""
    told = brief_range(net) if net.low >= 0 else brief_worth(net)
    cost = function.monthly_cost_usd
    # Beside what costs next to nothing, a share of it says nothing.
    known = cost is not None and cost.high >= max(_WORTH_A_SHARE, net.high)
    return f"{told} of {brief_range(cost)} a month" if known and cost is not None else f"{told} a month"


def kept_money(usd: MonthlyUsd) -> str:
    return f"{brief_range(usd)} not saved" if usd.high > 0 else ""
